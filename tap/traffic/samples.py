"""What a judgement of a shift is based on: facts about the two colors, taken at one time.

Pure data. ``tap.traffic.evidence`` fills it from AWS, ``tap.traffic.simulate`` from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tap.traffic.phases import Color


class ColorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one color.

    Attributes:
        requests: Requests its target group received in the window.
        errors: Those of them it answered with 5xx.
        p99_seconds: 99th percentile of its response times in seconds; None without a data point.
        healthy: Healthy targets.
        unhealthy: Targets that are registered and not healthy.
        in_service: Instances of its Auto Scaling group that are in service.
        desired: Instances the group is meant to have.
        minimum: Instances the group never goes below.
        refreshing: Status of an instance refresh that runs; empty without one.
    """

    requests: int
    errors: int
    p99_seconds: float | None
    healthy: int
    unhealthy: int
    in_service: int
    desired: int
    minimum: int
    refreshing: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known at one time.

    Attributes:
        since: Begin of the window the requests are counted in.
        until: Its end, the time the evidence was taken.
        gate: State of the alarm that gates shifts: ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``;
            empty if it could not be read.
        gate_reason: What the alarm says of its state, with the alarms below it that are in ALARM.
        probe_percent: Share of probes that succeeded, in percent; None without a data point.
        colors: The facts of each color.
        unreadable: What could not be read, with the reason; what it would have shown is unknown.
    """

    since: datetime
    until: datetime
    gate: str
    gate_reason: str
    probe_percent: float | None
    colors: Mapping[Color, ColorFacts]
    unreadable: tuple[str, ...] = ()
