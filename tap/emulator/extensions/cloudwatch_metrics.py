"""CloudWatch: metric data with percentiles and metric math."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from tap.emulator import alarms, metric_data
from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap
from tap.emulator.metric_math import Range


def _compute_metric_data() -> None:
    @wrap(CloudWatchBackend, "get_metric_data")
    def _(original: Any, self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Any:
        asked = arguments(original, self, *args, **kwargs)
        if any((each.get("Expression") or "").startswith("SELECT") for each in asked["queries"]):
            return original(self, *args, **kwargs)
        if asked["start_time"] >= asked["end_time"]:
            raise ValidationError("The parameter StartTime must be less than EndTime.")
        periods = [
            int(each["MetricStat"]["Period"]) for each in asked["queries"] if "MetricStat" in each
        ]
        period = max(periods, default=60)
        queries = [metric_data.query(each, period) for each in asked["queries"]]
        span = Range(
            start=int(_epoch(asked["start_time"]) // period) * period,
            end=int(_epoch(asked["end_time"])),
            period=period,
        )
        data = metric_data.Data()
        data.add(self.get_all_metrics())
        try:
            results = data.results(queries, span)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        descending = asked.get("scan_by", "TimestampAscending") == "TimestampDescending"
        return [_result(query, series, descending) for query, series in results if query.returned]


def _result(query: metric_data.Query, series: dict[int, float], descending: bool) -> dict[str, Any]:  # noqa: FBT001 - as the API has it
    times = sorted(series, reverse=descending)
    return {
        "id": query.id,
        "label": query.label or query.metric[1] or query.id,
        "timestamps": [datetime.fromtimestamp(at, UTC) for at in times],
        "values": [series[at] for at in times],
        "status_code": "Complete",
    }


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _forget(namespace: str, dimension: str, value: str, since: float = 0.0) -> int:
    """Answer the route ``cloudwatch/forget``: AWS has no call that deletes data points.

    Args:
        namespace: Of the metrics, such as ``AWS/ApplicationELB``.
        dimension: Name of a dimension.
        value: Metrics that have this value of it are forgotten, in every account and region.
        since: Only data points from this time on, in seconds since the epoch.

    Returns:
        How many data points there were.
    """
    forgotten = 0
    backends: list[Any] = [found for *_, found in cloudwatch_backends.iter_backends()]
    for backend in backends:
        with alarms.lock:
            # One by one from the end: requests add to the end in the meantime.
            for place in range(len(backend.metric_data) - 1, -1, -1):
                datum = backend.metric_data[place]
                if datum.namespace == namespace and metric_data.is_of(
                    datum, dimension, value, since
                ):
                    del backend.metric_data[place]
                    forgotten += 1
            metric_data.read_again(backend)
    return forgotten


def _lacks_metric_math(client: Client) -> bool:
    cloudwatch = client("cloudwatch")
    for name, value in (("errors", 1), ("requests", 4)):
        cloudwatch.put_metric_data(
            Namespace="tap/math", MetricData=[{"MetricName": name, "Value": value}]
        )
    queries: list[dict[str, Any]] = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "tap/math", "MetricName": name},
                "Period": 3600,
                "Stat": "p99",
            },
            "ReturnData": False,
        }
        for name in ("errors", "requests")
    ]
    queries.append({"Id": "ratio", "Expression": "100 * errors / requests"})
    now = datetime.now(UTC)
    try:
        found = cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=now - timedelta(hours=2),
            EndTime=now + timedelta(hours=1),
        )["MetricDataResults"]
    except ClientError:
        return True
    return [each["Values"] for each in found] != [[25.0]]


EXTENSION = Extension(
    patches=(
        Patch(
            id="cloudwatch-metric-math",
            symptom="get_metric_data knows no percentile and of metric math only sums",
            apply=_compute_metric_data,
            probe=_lacks_metric_math,
        ),
    ),
    routes={"cloudwatch/forget": _forget},
    # Data points are no resources: nobody can delete them.
    counted={
        "cloudwatch.MetricAggregatedDatum": lambda _: (),
        "cloudwatch.MetricDatum": lambda _: (),
    },
)
