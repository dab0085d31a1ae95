"""What CloudWatch knows of the requests to each color and of the probe.

CloudWatch keeps these metrics by the minute, from one full minute to the next, and a minute holds
what came before a shift as well as what came after it. So a window begins with the first full
minute in it and ends now: its last minute is still growing, and AWS delivers with a delay of one
to three minutes. A window of less than a minute is asked for by the second. A load balancer of AWS
reports nothing so fine, so there it finds no request, which is too few to judge by.

Sources:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap.traffic.calls import asked, client
from tap.traffic.phases import COLORS, Color

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap.aws import Target
    from tap.traffic.places import Places

MINUTE = 60
_Series = dict[datetime, float]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A time that metrics are asked for.

    Attributes:
        since: Its begin, at the begin of a period.
        until: Its end, which does not belong to it.
        period: Seconds: 60, or 1 in a window of less than a minute.
    """

    since: datetime
    until: datetime
    period: int

    @property
    def empty(self) -> bool:
        """Whether no period begins in it."""
        return self.since >= self.until


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the load balancer counted of one color.

    Attributes:
        requests: Requests its target group received.
        errors: Those of them it answered with 5xx.
        p99_seconds: See :func:`read_counts`; None without a data point.
    """

    requests: int = 0
    errors: int = 0
    p99_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Share:
    """How the requests of one period were shared out.

    Attributes:
        at: Begin of the period.
        requests: By color.
    """

    at: datetime
    requests: Mapping[Color, int]

    def percent(self, color: Color) -> float | None:
        """Return the share of a color in percent; None without a request."""
        total = sum(self.requests.values())
        return 100 * self.requests[color] / total if total else None


def window(since: datetime, until: datetime) -> Window:
    """Return the periods that lie between two times, the last of them maybe in part.

    Args:
        since: Nothing before it counts, such as the time of a shift.
        until: Such as now.
    """
    period = MINUTE if (until - since).total_seconds() >= MINUTE else 1
    begin = math.ceil(since.timestamp() / period) * period
    return Window(since=datetime.fromtimestamp(begin, UTC), until=until, period=period)


def read_counts(target: Target, places: Places, span: Window) -> dict[Color, Counts]:
    """Return what the load balancer counted of each color.

    Percentiles of single minutes cannot be put together to that of all minutes. What stands for it
    is the mean of the minutes' p99, each weighted by the requests of its minute.

    Raises:
        AwsError: CloudWatch gave no answer.
    """
    queries = []
    for color in COLORS:
        errors = _metric(places, color, "HTTPCode_Target_5XX_Count")
        times = _metric(places, color, "TargetResponseTime")
        queries += [
            _requests(places, color, span.period),
            _query(f"errors_{color}", "Sum", errors, span.period),
            _query(f"p99_{color}", "p99", times, span.period),
        ]
    found = _read(target, places, queries, span)
    return {
        color: Counts(
            requests=round(sum(found[f"requests_{color}"].values())),
            errors=round(sum(found[f"errors_{color}"].values())),
            p99_seconds=_weighted_mean(found[f"p99_{color}"], found[f"requests_{color}"]),
        )
        for color in COLORS
    }


def read_probe(target: Target, places: Places, span: Window) -> float | None:
    """Return the share of probes that succeeded, in percent; None if none was made.

    Raises:
        AwsError: CloudWatch gave no answer.
    """
    metric = {
        "Namespace": places.probe_namespace,
        "MetricName": "ProbeSuccess",
        "Dimensions": [{"Name": "FunctionName", "Value": places.probe}],
    }
    queries = [
        _query("good", "Sum", metric, span.period),
        _query("all", "SampleCount", metric, span.period),
    ]
    found = _read(target, places, queries, span)
    total = sum(found["all"].values())
    return 100 * sum(found["good"].values()) / total if total else None


def read_shares(
    target: Target, places: Places, since: datetime, until: datetime, *, period: int = MINUTE
) -> list[Share]:
    """Return how requests were shared out over time, oldest first.

    Args:
        target: What is talked to.
        places: Where the traffic goes.
        since: Begin; the period it falls into is the first.
        until: End.
        period: Seconds of each share, a multiple of 60 on AWS. A period in which nothing came
            has a share, too.

    Raises:
        AwsError: CloudWatch gave no answer.
    """
    begin = int(since.timestamp() // period) * period
    span = Window(since=datetime.fromtimestamp(begin, UTC), until=until, period=period)
    queries = [_requests(places, color, period) for color in COLORS]
    found = _read(target, places, queries, span)
    times = (
        datetime.fromtimestamp(at, UTC) for at in range(begin, math.ceil(until.timestamp()), period)
    )
    return [
        Share(
            at=at,
            requests={color: round(found[f"requests_{color}"].get(at, 0)) for color in COLORS},
        )
        for at in times
    ]


def dimensions(places: Places, color: Color) -> list[dict[str, str]]:
    """Return the dimensions of a color's metrics."""
    return [
        {"Name": "LoadBalancer", "Value": places.load_balancer},
        {"Name": "TargetGroup", "Value": places.target_group_suffixes[color]},
    ]


def _requests(places: Places, color: Color, period: int) -> dict[str, Any]:
    return _query(f"requests_{color}", "Sum", _metric(places, color, "RequestCount"), period)


def _metric(places: Places, color: Color, name: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": name,
        "Dimensions": dimensions(places, color),
    }


def _query(name: str, statistic: str, metric: dict[str, Any], period: int) -> dict[str, Any]:
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}


def _read(
    target: Target, places: Places, queries: Sequence[dict[str, Any]], span: Window
) -> dict[str, _Series]:
    """Return the values of each query by the begin of their period."""
    found: dict[str, _Series] = {query["Id"]: {} for query in queries}
    if span.empty:
        return found
    cloudwatch = client(target, "cloudwatch", places.region)
    pages = asked(
        "read metrics",
        lambda: list(
            cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=list(queries), StartTime=span.since, EndTime=span.until
            )
        ),
        rights="cloudwatch:GetMetricData",
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            times = (time.astimezone(UTC) for time in result["Timestamps"])
            found[result["Id"]].update(zip(times, result["Values"], strict=True))
    return found


def _weighted_mean(values: _Series, weights: _Series) -> float | None:
    total = sum(weights.get(at, 0) for at in values)
    if not total:
        return None
    return sum(value * weights.get(at, 0) for at, value in values.items()) / total
