"""CloudWatch: metric data with percentiles and metric math."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from tap.emulator import metric_data
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
    # Data points are no resources: nobody can delete them.
    counted={
        "cloudwatch.MetricAggregatedDatum": lambda _: (),
        "cloudwatch.MetricDatum": lambda _: (),
    },
)
