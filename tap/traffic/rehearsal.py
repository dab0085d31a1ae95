"""The metrics that a load balancer and a probe would report, made up.

Nothing sends requests to an emulated load balancer, so its metrics say nothing and the probe's
alarm goes off. Here requests are made up: so many a minute, shared out by chance as the live
weights say, some of them with errors. The same seed gives the same numbers for the same minute.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from tap.traffic.metrics import MINUTE, dimensions
from tap.traffic.phases import COLORS, Color

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.traffic.capacity import Health
    from tap.traffic.places import Places
    from tap.traffic.switch import LiveWeights

Datum = dict[str, Any]

_ELB = "AWS/ApplicationELB"
_P99_SECONDS = 0.25
_PROBES_A_MINUTE = 10
# From how much of a running minute on alarms are given it to judge.
_WORTH_SECONDS = 10
# How far response times spread: those of web services look like a log-normal distribution.
_SPREAD = 0.6
_P99 = 0.99
# Up to which share of all requests a group of them goes that takes the same time.
_STEPS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995, 1.0)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is made up.

    Attributes:
        requests: How many a minute, to both colors together.
        errors: Share of a color's requests that end with a 5xx, 0 to 1; 0 by default.
        p99_seconds: 99th percentile of a color's response times; 0.25 s by default.
        probe_percent: Share of the probes that succeed.
        seed: Of the chance.
    """

    requests: float = 600
    errors: Mapping[Color, float] = field(default_factory=dict)
    p99_seconds: Mapping[Color, float] = field(default_factory=dict)
    probe_percent: float = 100
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Period:
    """A time that metrics are made up for.

    Attributes:
        at: Its begin; the chance depends on it.
        seconds: Its length.
    """

    at: datetime
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Received:
    """What reached one color in one period.

    Attributes:
        requests: All of them.
        errors: Those answered with a 5xx.
    """

    requests: int = 0
    errors: int = 0

    def __add__(self, other: Received) -> Received:
        """Return both together."""
        return Received(requests=self.requests + other.requests, errors=self.errors + other.errors)


def receive(scenario: Scenario, live: LiveWeights, period: Period) -> dict[Color, Received]:
    """Return what reaches each color in a period.

    Args:
        scenario: What is made up.
        live: What steers the traffic. Where DNS splits it, only green's share arrives at all.
        period: When.
    """
    chance = random.Random(f"{scenario.seed} {period.at.timestamp():.3f}")  # noqa: S311 - guards no secret
    whole = sum(live.listener.values())
    arriving = _share(live.records) if live.records is not None else 1.0
    requests = dict.fromkeys(COLORS, 0)
    for _ in range(_rounded(scenario.requests * period.seconds / MINUTE, chance)):
        if not whole or chance.random() >= arriving:
            continue
        color: Color = "blue" if chance.random() * whole < live.listener["blue"] else "green"
        requests[color] += 1
    return {
        color: Received(
            requests=count,
            errors=sum(chance.random() < scenario.errors.get(color, 0) for _ in range(count)),
        )
        for color, count in requests.items()
    }


def latencies(requests: int, p99_seconds: float) -> list[tuple[float, int]]:
    """Return response times in seconds with how many requests take that long.

    Args:
        requests: How many there are.
        p99_seconds: Their 99th percentile.
    """
    normal = NormalDist(sigma=_SPREAD)
    rank = math.ceil(_P99 * requests)
    found, done, below = [], 0, 0.0
    for step in _STEPS:
        upto = round(step * requests)
        if upto > done:
            # The group that holds the percentile takes exactly as long as it says.
            middle = _P99 if done < rank <= upto else (below + step) / 2
            time = p99_seconds * math.exp(normal.inv_cdf(middle) - normal.inv_cdf(_P99))
            found.append((time, upto - done))
        done, below = max(done, upto), step
    return found


def data(
    places: Places,
    scenario: Scenario,
    received: Mapping[Color, Received],
    health: Mapping[Color, Health],
    period: Period,
) -> dict[str, list[Datum]]:
    """Return what is put into CloudWatch for a period, by namespace.

    Args:
        places: Whose metrics they are.
        scenario: What is made up.
        received: What reached the colors.
        health: Of the targets of each color.
        period: When.
    """
    at = period.at
    balancer = [{"Name": "LoadBalancer", "Value": places.load_balancer}]
    total = sum(each.requests for each in received.values())
    elb = [
        _value("RequestCount", balancer, at, total),
        _value("HTTPCode_ELB_5XX_Count", balancer, at, 0),
    ]
    for color in COLORS:
        of_color, found = dimensions(places, color), received[color]
        elb += [
            _value("HealthyHostCount", of_color, at, health[color].healthy),
            _value("UnHealthyHostCount", of_color, at, health[color].unhealthy),
        ]
        if not found.requests:
            continue
        p99 = scenario.p99_seconds.get(color, _P99_SECONDS)
        elb += [
            _value("RequestCount", of_color, at, found.requests),
            _value("HTTPCode_Target_2XX_Count", of_color, at, found.requests - found.errors),
            _value("HTTPCode_Target_5XX_Count", of_color, at, found.errors),
            *(
                _set("TargetResponseTime", of_color, at, time, count)
                for time, count in latencies(found.requests, p99)
            ),
        ]
    function = [{"Name": "FunctionName", "Value": places.probe}]
    probes = max(1, round(_PROBES_A_MINUTE * period.seconds / MINUTE))
    good = scenario.probe_percent / 100
    return {
        _ELB: elb,
        places.probe_namespace: [_set("ProbeSuccess", function, at, good, probes)],
    }


def periods(now: datetime, minutes: int) -> list[Period]:
    """Return the last full minutes, and what has gone by of the minute that runs.

    A minute that has only begun is left out: alarms judge it as soon as it has data, and a second
    of errors is too few for most of them.
    """
    begin = datetime.fromtimestamp(int(now.timestamp() // MINUTE) * MINUTE, UTC)
    full = [
        Period(at=begin - timedelta(minutes=number), seconds=MINUTE)
        for number in range(minutes, 0, -1)
    ]
    running = (now - begin).total_seconds()
    return [*full, Period(at=begin, seconds=running)] if running >= _WORTH_SECONDS else full


def _share(records: Mapping[Color, int]) -> float:
    total = sum(records.values())
    return records["green"] / total if total else 0.0


def _rounded(number: float, chance: random.Random) -> int:
    whole = int(number)
    return whole + (chance.random() < number - whole)


def _value(name: str, of: list[dict[str, str]], at: datetime, value: float) -> Datum:
    return {"MetricName": name, "Dimensions": of, "Timestamp": at, "Value": float(value)}


def _set(name: str, of: list[dict[str, str]], at: datetime, value: float, count: int) -> Datum:
    """Return a set of equal values, of which CloudWatch computes percentiles, too."""
    statistics = {
        "SampleCount": float(count),
        "Sum": value * count,
        "Minimum": value,
        "Maximum": value,
    }
    return {"MetricName": name, "Dimensions": of, "Timestamp": at, "StatisticValues": statistics}
