"""One function in several processes of this program, a few at a time.

Each process gets its own share of the machine and its own signals, so that a Terraform in it is
stopped as gracefully as one that runs alone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.process import BaseProcess

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


@dataclass
class _Running:
    process: BaseProcess
    answer: Connection


def run_each(
    function: Callable[[str], bytes], names: Sequence[str], *, at_once: int
) -> dict[str, bytes | None]:
    """Call a function once for each name and return its answers; None where a process died.

    Ctrl-C is passed on to every process once, and their end is waited for.

    Args:
        function: Can be pickled, catches its own errors, prints what it likes.
        names: All different.
        at_once: How many processes at a time, 1 or more.

    Raises:
        KeyboardInterrupt: Ctrl-C was typed; every process has ended.
    """
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(names))
    running: dict[str, _Running] = {}
    answers: dict[str, bytes | None] = {}
    interrupted = False
    while running or (waiting and not interrupted):
        try:
            while waiting and len(running) < at_once and not interrupted:
                name = waiting.pop()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(function, name, sender), name=name)
                process.start()
                sender.close()
                running[name] = _Running(process, receiver)
            ready = wait([item.answer for item in running.values()])
        except KeyboardInterrupt:
            if not interrupted:
                interrupted = True
                _interrupt(running)
            continue
        for name in [name for name, item in running.items() if item.answer in ready]:
            answers[name] = _take(running.pop(name))
    if interrupted:
        raise KeyboardInterrupt
    return {name: answers[name] for name in names}


def available_bytes() -> int | None:
    """Return the memory that can be used without swapping; None where the system does not say.

    A limit of the control group (a container) counts, where it is lower.
    Source: https://docs.kernel.org/filesystems/proc.html and .../admin-guide/cgroup-v2.html
    """
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with suppress(OSError, ValueError):
        limit = int((_GROUP / "memory.max").read_text(encoding="ascii"))
        found.append(limit - int((_GROUP / "memory.current").read_text(encoding="ascii")))
    return min(found, default=None)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _work(function: Callable[[str], bytes], name: str, answer: Any) -> None:  # noqa: ANN401
    # A Ctrl-C at the terminal reaches the parent alone, which passes it on.
    os.setpgid(0, 0)
    try:
        answer.send_bytes(function(name))
    except (BrokenPipeError, KeyboardInterrupt):
        # Nobody waits for the answer any more.
        os._exit(1)


def _interrupt(running: dict[str, _Running]) -> None:
    for item in running.values():
        if item.process.pid is not None and item.process.is_alive():
            with suppress(ProcessLookupError):
                os.kill(item.process.pid, signal.SIGINT)


def _take(item: _Running) -> bytes | None:
    try:
        answer = item.answer.recv_bytes()
    except (EOFError, OSError):
        answer = None
    item.answer.close()
    item.process.join()
    return answer
