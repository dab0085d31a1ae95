"""Write what CloudWatch sends to a topic when an alarm changes its state.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

# ruff: noqa: ANN401 - moto's objects carry attributes of ours

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session

from tap.emulator.alarm_evaluation import ALARM, INSUFFICIENT_DATA, Condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moto.cloudwatch.models import CloudWatchBackend

_COMPARED = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanThreshold": "less than",
}


def subject(alarm: Any, region: str) -> str:
    """Return such as ``ALARM: "dev-cpu" in EU (Ireland)``, cut to what SNS takes."""
    return f'{alarm.state_value}: "{alarm.name}" in {_region_name(region)}'[:99]


def message(alarm: Any, old: str, backend: CloudWatchBackend, children: list[Any]) -> str:
    """Return the JSON text of the message.

    Args:
        alarm: In its new state.
        old: The state before.
        backend: The account and region it is in.
        children: The alarms that a composite alarm refers to; None for one that is gone.
    """
    common = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "AlarmConfigurationUpdatedTimestamp": timestamp(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": timestamp(alarm.state_updated_timestamp),
        "Region": _region_name(backend.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
    }
    if alarm.rule is None:
        return json.dumps({**common, "Trigger": _trigger(alarm)})
    triggering = [
        {
            "Arn": child.alarm_arn,
            "State": {
                "Value": child.state_value,
                "Timestamp": timestamp(child.state_updated_timestamp),
            },
        }
        for child in children
        if child is not None and child.state_value == ALARM
    ]
    return json.dumps({**common, "AlarmRule": alarm.rule, "TriggeringChildren": triggering})


def reason(
    condition: Condition, points: Sequence[float | None], times: Sequence[int], state: str
) -> str:
    """Say why a metric alarm has its state."""
    known = [(point, at) for point, at in zip(points, times, strict=True) if point is not None]
    recent = known[-condition.periods :]
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {condition.periods} datapoints were unknown."
    if not recent:
        return (
            f"Threshold Crossed: no datapoints were received for {condition.periods} periods and "
            f"{condition.periods} missing datapoints were treated as "
            f"[{'Breaching' if state == ALARM else 'NonBreaching'}]."
        )
    breaching = [point for point, _ in recent if condition.breached(point)]
    counted = len(breaching) if state == ALARM else len(recent) - len(breaching)
    listed = ", ".join(
        f"{point} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})"
        for point, at in reversed(recent)
    )
    return (
        f"Threshold Crossed: {counted} out of the last {condition.periods} datapoints [{listed}] "
        f"{'were' if state == ALARM else 'were not'} {_COMPARED[condition.comparison]} the "
        f"threshold ({condition.threshold})."
    )


def timestamp(moment: datetime) -> str:
    """Return a time as CloudWatch writes it, such as ``2026-01-31T12:00:00.000+0000``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _trigger(alarm: Any) -> dict[str, Any]:
    common = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return {**common, "Metrics": [_query(each) for each in alarm.metric_data_queries]}
    extended = alarm.extended_statistic
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        **(
            {"ExtendedStatistic": extended}
            if extended
            else {"Statistic": (alarm.statistic or "").upper()}
        ),
        "Unit": alarm.unit,
        "Dimensions": _dimensions(alarm.dimensions),
        **common,
    }


def _query(query: Any) -> dict[str, Any]:
    returned = str(query.return_data).lower() != "false"
    if query.metric_stat is None:
        return {"Id": query.id, "Expression": query.expression, "ReturnData": returned}
    stat = query.metric_stat
    metric = {
        "Dimensions": _dimensions(stat.metric.dimensions),
        "MetricName": stat.metric.metric_name,
        "Namespace": stat.metric.namespace,
    }
    return {
        "Id": query.id,
        "MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat},
        "ReturnData": returned,
    }


def _dimensions(dimensions: Sequence[Any]) -> list[dict[str, str]]:
    return [{"value": each.value, "name": each.name} for each in dimensions]


@functools.cache
def _region_name(region: str) -> str:
    endpoints = botocore.session.get_session().get_data("endpoints")
    names = {
        name: found["description"]
        for partition in endpoints["partitions"]
        for name, found in partition["regions"].items()
    }
    # In these messages, Europe goes by its old name.
    return str(names.get(region, region)).replace("Europe", "EU")
