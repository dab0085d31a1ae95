"""Evaluate the alarms that moto keeps, change their states, and run their actions.

What is decided here needs moto's objects; how states follow from data does not, and is in
:mod:`tap.emulator.alarm_evaluation`.
"""

# ruff: noqa: ANN401 - moto's objects carry attributes of ours

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap.emulator import alarm_messages, metric_data, topics
from tap.emulator.alarm_evaluation import (
    ALARM,
    EXTRA_POINTS,
    INSUFFICIENT_DATA,
    OK,
    Condition,
    Rule,
    evaluate,
)
from tap.emulator.metric_math import Range
from tap.emulator.metric_statistics import needed_samples

if TYPE_CHECKING:
    from moto.cloudwatch.models import CloudWatchBackend

HOLD_SECONDS = 60.0
"""How long a forced state of a metric alarm stays; on AWS it is until the next evaluation."""

lock = threading.RLock()
"""Held while states change, so that requests and the clock do not change them at once."""

_SERVICE = "cloudwatch.amazonaws.com"

_ACTIONS = {
    ALARM: "alarm_actions",
    INSUFFICIENT_DATA: "insufficient_data_actions",
    OK: "ok_actions",
}


def evaluate_all(backend: CloudWatchBackend) -> None:
    """Give every alarm of an account and region the state that it should have.

    Args:
        backend: The account and region.
    """
    with lock:
        alarms: list[Any] = [alarm for alarm in backend.alarms.values() if alarm.rule is None]
        if alarms:
            data = metric_data.of(backend)
            now = datetime.now(UTC).timestamp()
            for alarm in alarms:
                if getattr(alarm, "held_until", 0.0) <= now:
                    _evaluate_metric(backend, alarm, data, now)
        _evaluate_composites(backend)


def force(backend: CloudWatchBackend, alarm: Any, state: str, reason: str, data: str) -> None:
    """Set the state of an alarm by hand; it holds for a while.

    A composite alarm keeps it until the state of one of its children changes.
    """
    with lock:
        if alarm.rule is None:
            now = datetime.now(UTC).timestamp()
            alarm.held_until = now + max(HOLD_SECONDS, float(alarm.period or 0))
        else:
            alarm.held_for = _children(backend, alarm)
        change(backend, alarm, state, reason, data)
        _evaluate_composites(backend)


def change(backend: CloudWatchBackend, alarm: Any, state: str, reason: str, data: str) -> None:
    """Change the state of an alarm, note it, and run the actions of the new state."""
    old = alarm.state_value
    now = datetime.now(UTC)
    alarm.state_reason = reason
    alarm.state_reason_data = data
    alarm.state_updated_timestamp = now
    if state == old:
        return
    alarm.state_value = state
    alarm.state_transitioned_timestamp = now
    note(
        alarm,
        "StateUpdate",
        f"Alarm updated from {old} to {state}",
        {
            "version": "1.0",
            "oldState": {"stateValue": old},
            "newState": {"stateValue": state, "stateReason": reason},
        },
    )
    if not alarm.actions_enabled:
        return
    children = [_alarm(backend, name) for name in _rule(alarm).alarms] if alarm.rule else []
    subject = alarm_messages.subject(alarm, backend.region_name)
    message = alarm_messages.message(alarm, old, backend, children)
    for action in getattr(alarm, _ACTIONS[state]):
        _run(alarm, action, subject, message)


def note(alarm: Any, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Add to the history of an alarm."""
    alarm.history.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
            "Timestamp": datetime.now(UTC),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        }
    )


def _run(alarm: Any, action: str, subject: str, message: str) -> None:
    if action.split(":")[2:3] != ["sns"]:
        return
    failure = topics.publish(_SERVICE, action, alarm.alarm_arn, subject, message)
    outcome = f"Failed to execute action {action}: {failure}" if failure else ""
    note(
        alarm,
        "Action",
        outcome or f"Successfully executed action {action}",
        {
            "actionState": "Failed" if failure else "Succeeded",
            "notificationResource": action,
            "publishedMessage": None if failure else message,
            "error": failure,
        },
    )


def _evaluate_metric(
    backend: CloudWatchBackend, alarm: Any, data: metric_data.Data, now: float
) -> None:
    queries = metric_data.queries_of(alarm)
    period = max(query.period for query in queries)
    condition = _condition(alarm)
    latest = int(now // period) * period
    # The period that has just begun counts as soon as it has data.
    end = latest + period if data.has_since(queries, latest) else latest
    span = Range(start=end - (condition.periods + EXTRA_POINTS) * period, end=end, period=period)
    try:
        series = data.result(queries, span)
    except ValueError as error:
        change(backend, alarm, INSUFFICIENT_DATA, f"Unchecked: {error}", "{}")
        return
    samples = data.samples_since(queries, end - period)
    if alarm.evaluate_low_sample_count_percentile == "ignore" and 0 < samples < needed_samples(
        alarm.extended_statistic or ""
    ):
        return
    points = [series.get(at) for at in span]
    state = evaluate(condition, points, alarm.state_value)
    if state != alarm.state_value:
        reason = alarm_messages.reason(condition, points, list(span), state)
        change(backend, alarm, state, reason, _reason_data(alarm, points, span))


def _reason_data(alarm: Any, points: list[float | None], span: Range) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": alarm_messages.timestamp(datetime.now(UTC)),
            "startDate": alarm_messages.timestamp(datetime.fromtimestamp(span.start, UTC)),
            "statistic": alarm.statistic or alarm.extended_statistic,
            "period": span.period,
            "recentDatapoints": [point for point in points if point is not None],
            "threshold": alarm.threshold,
        }
    )


def _condition(alarm: Any) -> Condition:
    return Condition(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=int(alarm.evaluation_periods),
        to_alarm=int(alarm.datapoints_to_alarm) if alarm.datapoints_to_alarm else None,
        missing=alarm.treat_missing_data or "missing",
    )


def _evaluate_composites(backend: CloudWatchBackend) -> None:
    """Evaluate composite alarms until none changes: one may refer to another."""
    composites: list[Any] = [alarm for alarm in backend.alarms.values() if alarm.rule is not None]
    for _ in composites:
        before = [alarm.state_value for alarm in composites]
        for alarm in composites:
            _evaluate_composite(backend, alarm)
        if before == [alarm.state_value for alarm in composites]:
            return


def _evaluate_composite(backend: CloudWatchBackend, alarm: Any) -> None:
    children = _children(backend, alarm)
    if getattr(alarm, "held_for", None) == children:
        return
    alarm.held_for = None
    state = _rule(alarm).state(lambda name: children.get(name, INSUFFICIENT_DATA))
    if state != alarm.state_value:
        names = ", ".join(f"{name} is {value}" for name, value in children.items())
        reason = f"The alarm rule is {'met' if state == ALARM else 'not met'}: {names}"
        change(backend, alarm, state, reason, "{}")


def _children(backend: CloudWatchBackend, alarm: Any) -> dict[str, str]:
    found = {name: _alarm(backend, name) for name in _rule(alarm).alarms}
    return {name: child.state_value for name, child in found.items() if child is not None}


def _alarm(backend: CloudWatchBackend, name: str) -> Any:
    return backend.alarms.get(name.partition(":alarm:")[2] or name)


def _rule(alarm: Any) -> Rule:
    return Rule(alarm.rule)
