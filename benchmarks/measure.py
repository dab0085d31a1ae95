"""Wall time and memory of commands, in pairs."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SAMPLE_SECONDS = 0.05


@dataclass
class Pairs:
    """Measurements of one piece of work, plain and with ``tap``, in turn.

    Attributes:
        name: The work.
        plain: Seconds of each plain run.
        warm: Seconds of each run with ``tap``, in the same order.
        memory: Largest memory of both ways in bytes; empty if it was not measured.
    """

    name: str
    plain: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Median of the ratios plain / warm of all pairs."""
        return statistics.median(a / b for a, b in zip(self.plain, self.warm, strict=True))

    @property
    def added(self) -> float:
        """Median of the seconds by which ``tap`` took longer; negative if it was faster."""
        return statistics.median(b - a for a, b in zip(self.plain, self.warm, strict=True))

    def report(self) -> dict[str, Any]:
        """Return medians, ratio and all single figures."""
        return {
            "work": self.name,
            "pairs": len(self.plain),
            "plain_seconds": statistics.median(self.plain),
            "tap_seconds": statistics.median(self.warm),
            "ratio": self.ratio,
            "added_seconds": self.added,
            "memory_bytes": self.memory,
            "all_plain_seconds": self.plain,
            "all_tap_seconds": self.warm,
        }


def measure(
    name: str,
    plain: Callable[[], object],
    warm: Callable[[], object],
    *,
    pairs: int,
    before: Callable[[], object] = lambda: None,
    warm_up: bool = True,
) -> Pairs:
    """Run both ways once to warm up, and then in turn; the order changes from pair to pair.

    Args:
        name: What the work is called.
        plain: Does it without ``tap``.
        warm: Does it with ``tap``.
        pairs: How many times both are measured.
        before: Makes ready for either; not measured.
        warm_up: Whether there is a run before the first that counts; work that consists of
            hundreds of commands needs none.
    """
    for way in (plain, warm) if warm_up else ():
        before()
        way()
    found = Pairs(name)
    for number in range(pairs):
        ways = [(plain, found.plain), (warm, found.warm)]
        for way, seconds in ways if number % 2 else reversed(ways):
            before()
            started = time.perf_counter()
            way()
            seconds.append(time.perf_counter() - started)
    return found


def largest_memory(work: Callable[[], object]) -> int:
    """Return the largest memory in bytes that all descendants of this process had during work.

    Anonymous pages of all of them, and the resident pages of each program once, however many
    processes run it and whoever else does. This process itself counts with what it grew by.
    Source: https://www.kernel.org/doc/html/latest/filesystems/proc.html (smaps_rollup)
    """
    largest, before, done = 0, _anonymous_and_file(os.getpid())[0], threading.Event()

    def sample() -> None:
        nonlocal largest
        while not done.is_set():
            largest = max(largest, _memory(os.getpid()) - before)
            done.wait(_SAMPLE_SECONDS)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        work()
    finally:
        done.set()
        sampler.join()
    return largest


def run(command: list[str], *, cwd: Path, environ: dict[str, str]) -> str:
    """Run a command and return its standard output; fail as it fails."""
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, check=False, text=True
    )
    if done.returncode not in {0, 2}:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown",
    )
    return {"processors": os.cpu_count(), "model": model, "memory_gib": round(memory / 2**30)}


def _memory(process: int) -> int:
    """Return the memory of a process and its descendants; of the process only anonymous pages."""
    total = _anonymous_and_file(process)[0]
    programs: dict[str, int] = {}
    for descendant in _descendants(process):
        anonymous, file = _anonymous_and_file(descendant)
        total += anonymous
        try:
            program = str(Path(f"/proc/{descendant}/exe").readlink())
        except OSError:
            continue
        programs[program] = max(programs.get(program, 0), file)
    return total + sum(programs.values())


def _anonymous_and_file(process: int) -> tuple[int, int]:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        resident, anonymous = (
            1024 * int(text.partition(f"\n{key}:")[2].split()[0]) for key in ("Rss", "Anonymous")
        )
    except (OSError, IndexError):
        return 0, 0
    return anonymous, resident - anonymous


def _descendants(process: int) -> Iterator[int]:
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            listed = children.read_text().split()
        except OSError:
            continue
        for child in map(int, listed):
            yield child
            yield from _descendants(child)
