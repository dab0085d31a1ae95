"""How long each kind of change took before, and so how long the rest of an apply takes at least.

The estimate is a lower bound: Terraform works on ten objects at a time where their order allows
it, and that order is not looked at.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tap.plan import Plan

# Terraform's default: https://developer.hashicorp.com/terraform/cli/commands/apply
PARALLELISM = 10
_KEPT = 500
_WEIGHT_OF_LAST = 0.5

Work = tuple[str, str]
"""A resource type and what is done to it, as Terraform's events say it: create, update, delete."""


class _File(msgspec.Struct, frozen=True):
    """Seconds by ``type action``, the last used at the end."""

    version: int
    seconds: dict[str, float]


@dataclass
class Timings:
    """The durations of earlier changes, kept in a file; whatever is wrong with it is ignored.

    Attributes:
        file: Where they are kept; None to keep nothing.
    """

    file: Path | None = None
    _seconds: dict[str, float] = field(default_factory=dict)
    _measured: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._seconds = self._read()

    def of(self, work: Work) -> float | None:
        """Return the seconds that a kind of change took, the last times counting most."""
        return self._seconds.get(" ".join(work))

    def add(self, work: Work, seconds: float) -> None:
        """Take note of one change."""
        key = " ".join(work)
        before = self._measured.get(key, self._seconds.get(key, seconds))
        self._measured[key] = before + (seconds - before) * _WEIGHT_OF_LAST

    def save(self) -> None:
        """Write down what was measured since the last time, beside what others wrote."""
        if self.file is None or not self._measured:
            return
        kept = self._read()
        for key, seconds in self._measured.items():
            kept.pop(key, None)
            kept[key] = round(seconds, 2)
        self._seconds = dict(list(kept.items())[-_KEPT:])
        self._measured.clear()
        fresh = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        # An estimate is no reason to fail.
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(_File(1, self._seconds)))
            fresh.replace(self.file)

    def _read(self) -> dict[str, float]:
        if self.file is None:
            return {}
        try:
            found = msgspec.json.decode(self.file.read_bytes(), type=_File)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return {key: value for key, value in found.seconds.items() if value >= 0}


def work_of(plan: Plan) -> list[Work]:
    """Return what an apply of a plan has to do, in Terraform's order."""
    words = {"create": "create", "update": "update", "delete": "delete"}
    return [
        (change.type, words[action])
        for change in plan.resource_changes
        if change.mode == "managed"
        for action in change.change.actions
        if action in words
    ]


def remaining_seconds(
    waiting: Iterable[Work], running: Mapping[str, tuple[Work, float]], timings: Timings
) -> float | None:
    """Return how long the rest takes at least; None where too little is known of it.

    Args:
        waiting: What has not begun.
        running: By address what has, and for how many seconds.
        timings: How long things took before.
    """
    rest = [(timings.of(work), 0.0) for work in waiting]
    rest += [(timings.of(work), seconds) for work, seconds in running.values()]
    known = [seconds for seconds, _ in rest if seconds is not None]
    if not known or len(known) * 2 < len(rest):
        return None
    usual = median(known)
    left = [max(0.0, (usual if whole is None else whole) - gone) for whole, gone in rest]
    return max(*left, sum(left) / PARALLELISM)


def duration_text(seconds: float) -> str:
    """Return a duration as ``45 s``, ``2 min 5 s`` or ``1 h 3 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
