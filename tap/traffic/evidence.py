"""Take the evidence for a judgement: one look at everything, all at once.

Each fact is read by a call of its own, in a thread of its own. What cannot be read is named and
holds nobody up: a rollback needs no evidence, and a judge must know what it does not know.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from tap.errors import AwsError
from tap.traffic.capacity import Group, Health, read_group, read_health, read_refresh
from tap.traffic.gate import Gate, read_gate
from tap.traffic.metrics import Counts, read_counts, read_probe, window
from tap.traffic.phases import COLORS, Color
from tap.traffic.samples import ColorFacts, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from datetime import datetime

    from tap.aws import Target
    from tap.traffic.places import Places

_T = TypeVar("_T")

# Metrics, probe and gate, and for each color health, group and refreshes.
_READERS = 9


def take_evidence(target: Target, places: Places, *, since: datetime, until: datetime) -> Evidence:
    """Read all that a shift is judged by.

    Args:
        target: What is talked to.
        places: Where it is.
        since: Requests and probes before it do not count, such as the time of the last shift. The
            minute it falls into does not count either, see :mod:`tap.traffic.metrics`.
        until: Now.

    Returns:
        What was found. A fact that could not be read is 0, None or empty, and named in
        ``unreadable``; nothing is raised.
    """
    span = window(since, until)
    with ThreadPoolExecutor(_READERS, thread_name_prefix="evidence") as pool:
        counts = pool.submit(read_counts, target, places, span)
        probe = pool.submit(read_probe, target, places, span)
        gate = pool.submit(read_gate, target, places)
        health = _by_color(lambda color: pool.submit(read_health, target, places, color))
        groups = _by_color(lambda color: pool.submit(read_group, target, places, color))
        refreshes = _by_color(lambda color: pool.submit(read_refresh, target, places, color))

    unreadable: list[str] = []

    def taken(what: str, future: Future[_T], otherwise: _T) -> _T:
        try:
            return future.result()
        except AwsError as error:
            unreadable.append(f"{what}: {error.message}")
            return otherwise

    alarm = taken("gate alarm", gate, Gate())
    percent = taken("probe", probe, None)
    counted = taken("requests", counts, dict.fromkeys(COLORS, Counts()))

    def facts(color: Color) -> ColorFacts:
        targets = taken(f"health of {color}", health[color], Health())
        group = taken(f"Auto Scaling group of {color}", groups[color], Group())
        return ColorFacts(
            requests=counted[color].requests,
            errors=counted[color].errors,
            p99_seconds=counted[color].p99_seconds,
            healthy=targets.healthy,
            unhealthy=targets.unhealthy,
            in_service=group.in_service,
            desired=group.desired,
            minimum=group.minimum,
            refreshing=taken(f"instance refreshes of {color}", refreshes[color], ""),
        )

    colors = _by_color(facts)
    return Evidence(
        since=min(span.since, until),
        until=until,
        gate=alarm.state,
        gate_reason=alarm.text,
        probe_percent=percent,
        colors=colors,
        unreadable=tuple(unreadable),
    )


def _by_color(make: Callable[[Color], _T]) -> dict[Color, _T]:
    return {color: make(color) for color in COLORS}
