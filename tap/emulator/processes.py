"""What the system knows about a process: whether it is still the same one, and its size."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tap.process import run

_PROC = Path("/proc")
_STATE, _START_TIME = 0, 19
"""Positions after the program's name; fields 3 and 22 of proc_pid_stat(5)."""


def started(pid: int) -> str | None:
    """Return when a process started, in a form that only serves to be compared.

    Returns:
        None if there is no such process, or only its exit status is left (a zombie).
    """
    if not _PROC.joinpath("self", "stat").exists():
        return _started_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        return None
    # The time counts from the machine's own start.
    boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    return f"{boot} {fields[_START_TIME]}"


def memory_bytes(pid: int) -> int | None:
    """Return the resident memory of a process in bytes; None where /proc does not say."""
    try:
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def listener(port: int) -> str | None:
    """Describe the process that listens on a loopback port.

    Returns:
        ``"python (pid 4711)"``; None if /proc does not say, as for another user's process.
    """
    inodes = _listening_inodes(port)
    for folder in _PROC.glob("[0-9]*"):
        if inodes & _open_files(folder):
            name = (folder / "comm").read_text().strip()
            return f"{name} (pid {folder.name})"
    return None


def _open_files(process: Path) -> set[str]:
    files = set()
    # Processes end and files are closed while this looks; other users' are not readable.
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                files.add(str(link.readlink()))
    return files


def _listening_inodes(port: int) -> set[str]:
    listening = "0A"
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    return inodes


def _started_by_ps(pid: int) -> str | None:
    result = run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], env={"PATH": os.defpath})
    state, _, since = result.stdout.strip().partition(" ")
    return since.strip() if since and not state.startswith("Z") else None
