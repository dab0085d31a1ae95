"""What the system knows about a process: whether it is still the same one, and its size."""

from __future__ import annotations

import os
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
    return None if fields[_STATE] in "ZX" else fields[_START_TIME]


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
        try:
            links = {os.readlink(link) for link in (folder / "fd").iterdir()}  # noqa: PTH115 - as a string
            if links & inodes:
                return f"{(folder / 'comm').read_text().strip()} (pid {folder.name})"
        except OSError:
            continue
    return None


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
