"""CloudWatch: composite alarms, and alarms that evaluate and act."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from tap.emulator import alarms
from tap.emulator.alarm_evaluation import INSUFFICIENT_DATA, Rule
from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

_evaluating = threading.Event()


def _add_composite_alarms() -> None:
    def put_composite_alarm(self: CloudWatchResponse) -> Any:
        known = self.cloudwatch_backend.alarms
        try:
            named = Rule(self._get_param("AlarmRule")).alarms
        except ValueError as error:
            raise ValidationError(f"AlarmRule: {error}") from None
        if gone := [name for name in named if (name.partition(":alarm:")[2] or name) not in known]:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{', '.join(gone)}] in the alarm "
                "rule do not exist"
            )
        self.put_metric_alarm()
        alarm: Any = known[self._get_param("AlarmName")]
        alarm.actions_suppressor = self._get_param("ActionsSuppressor")
        alarm.actions_suppressor_wait_period = self._get_param("ActionsSuppressorWaitPeriod")
        alarm.actions_suppressor_extension_period = self._get_param(
            "ActionsSuppressorExtensionPeriod"
        )
        return EmptyResult()

    CloudWatchResponse.put_composite_alarm = put_composite_alarm  # type: ignore[attr-defined] # the cure

    def describe_alarms(self: CloudWatchResponse) -> Any:
        kinds = self._get_param("AlarmTypes") or ["MetricAlarm"]
        found = list(_described(self))
        return ActionResult(
            {
                "MetricAlarms": [
                    alarm for alarm in found if alarm.rule is None and "MetricAlarm" in kinds
                ],
                "CompositeAlarms": [
                    alarm for alarm in found if alarm.rule is not None and "CompositeAlarm" in kinds
                ],
            }
        )

    CloudWatchResponse.describe_alarms = describe_alarms  # type: ignore[method-assign] # the cure


def _described(response: CloudWatchResponse) -> Iterable[Any]:
    names = response._get_param("AlarmNames")  # noqa: SLF001 - there is no other way to it
    prefix = response._get_param("AlarmNamePrefix") or ""  # noqa: SLF001 - see above
    action = response._get_param("ActionPrefix") or ""  # noqa: SLF001 - see above
    state = response._get_param("StateValue")  # noqa: SLF001 - see above
    for alarm in list(response.cloudwatch_backend.alarms.values()):
        if (
            (not names or alarm.name in names)
            and alarm.name.startswith(prefix)
            and (not action or any(each.startswith(action) for each in alarm.alarm_actions))
            and state in {None, alarm.state_value}
        ):
            yield alarm


def _lacks_composite_alarms(client: Client) -> bool:
    cloudwatch = client("cloudwatch")
    _put_alarm(cloudwatch, "tap-probe-child")
    try:
        cloudwatch.put_composite_alarm(
            AlarmName="tap-probe-parent", AlarmRule='ALARM("tap-probe-child")'
        )
    except ClientError:
        return True
    default = cloudwatch.describe_alarms(AlarmNamePrefix="tap-probe-parent")
    found = cloudwatch.describe_alarms(
        AlarmNames=["tap-probe-parent", "tap-probe-child"], AlarmTypes=["CompositeAlarm"]
    )
    return bool(default["CompositeAlarms"] or found["MetricAlarms"] or not found["CompositeAlarms"])


def _keep_state_and_drop_tags() -> None:
    @wrap(CloudWatchBackend, "put_metric_alarm")
    def _(original: Any, self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Any:
        name = arguments(original, self, *args, **kwargs)["name"]
        with alarms.lock:
            before: Any = self.alarms.get(name)
            alarm = original(self, *args, **kwargs)
            if before is None:
                alarm.state_value = INSUFFICIENT_DATA
                alarms.note(alarm, "ConfigurationUpdate", f'Alarm "{name}" created', {})
            else:
                for kept in ("history", "state_reason", "state_reason_data", "state_value"):
                    setattr(alarm, kept, getattr(before, kept))
                alarm.state_updated_timestamp = before.state_updated_timestamp
                alarms.note(alarm, "ConfigurationUpdate", f'Alarm "{name}" updated', {})
        return alarm

    @wrap(CloudWatchBackend, "delete_alarms")
    def _(original: Any, self: CloudWatchBackend, alarm_names: list[str]) -> None:
        gone = [self.alarms[name].alarm_arn for name in alarm_names if name in self.alarms]
        original(self, alarm_names)
        for arn in gone:
            self.tagger.delete_all_tags_for_resource(arn)


def _mixes_up_lives_of_alarms(client: Client) -> bool:
    cloudwatch = client("cloudwatch")
    _put_alarm(cloudwatch, "tap-probe-lives", Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.delete_alarms(AlarmNames=["tap-probe-lives"])
    _put_alarm(cloudwatch, "tap-probe-lives")
    alarm = _alarm(cloudwatch, "tap-probe-lives")
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return bool(tags or alarm["StateValue"] != INSUFFICIENT_DATA)


def _add_history() -> None:
    def describe_alarm_history(self: CloudWatchResponse) -> Any:
        name = self._get_param("AlarmName")
        kind = self._get_param("HistoryItemType")
        kinds = self._get_param("AlarmTypes") or ["MetricAlarm"]
        items = [
            item
            for alarm in list(self.cloudwatch_backend.alarms.values())
            for item in alarm.history
            if name in {None, alarm.name}
            and kind in {None, item["HistoryItemType"]}
            and (name is not None or item["AlarmType"] in kinds)
        ]
        ascending = self._get_param("ScanBy") == "TimestampAscending"
        items.sort(key=lambda item: item["Timestamp"], reverse=not ascending)
        return ActionResult({"AlarmHistoryItems": items[: self._get_param("MaxRecords") or 100]})

    CloudWatchResponse.describe_alarm_history = describe_alarm_history  # type: ignore[attr-defined] # the cure


def _lacks_history(client: Client) -> bool:
    cloudwatch = client("cloudwatch")
    _put_alarm(cloudwatch, "tap-probe-history")
    cloudwatch.set_alarm_state(AlarmName="tap-probe-history", StateValue="ALARM", StateReason="p")
    try:
        items = cloudwatch.describe_alarm_history(
            AlarmName="tap-probe-history", HistoryItemType="StateUpdate"
        )["AlarmHistoryItems"]
    except ClientError:
        return True
    return not items


def _evaluate_alarms() -> None:
    @wrap(CloudWatchBackend, "set_alarm_state")
    def _(original: Any, self: CloudWatchBackend, *args: Any, **kwargs: Any) -> None:
        asked = arguments(original, self, *args, **kwargs)
        with alarms.lock:
            alarm: Any = self.alarms.get(asked["alarm_name"])
            before = alarm and (alarm.state_value, list(alarm.history))
            original(self, *args, **kwargs)
            alarm.state_value, alarm.history = before
            alarms.force(
                self,
                alarm,
                asked["state_value"],
                asked["reason"],
                asked["reason_data"] or "{}",
            )

    _evaluating.set()


def _tick() -> None:
    if _evaluating.is_set():
        backends: list[Any] = [found for *_, found in cloudwatch_backends.iter_backends()]
        for backend in backends:
            alarms.evaluate_all(backend)


def _leaves_alarms_as_they_are(client: Client) -> bool:
    cloudwatch = client("cloudwatch")
    queue, topic = _queue_of_topic(client, "tap-probe-alarm")
    _put_alarm(cloudwatch, "tap-probe-alarm", AlarmActions=[topic])
    cloudwatch.put_metric_data(
        Namespace="tap/probe", MetricData=[{"MetricName": "tap-probe-alarm", "Value": 2}]
    )
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        received = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=0)
        for message in received.get("Messages", []):
            told = json.loads(json.loads(message["Body"])["Message"])
            return bool(told["NewStateValue"] != "ALARM")
        if _alarm(cloudwatch, "tap-probe-alarm")["StateValue"] == "OK":
            return True
        time.sleep(0.2)
    return True


def _queue_of_topic(client: Client, name: str) -> tuple[str, str]:
    queue: str = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    topic: str = client("sns").create_topic(Name=name)["TopicArn"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"]
    )
    return queue, topic


def _put_alarm(cloudwatch: Any, name: str, **more: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="tap/probe",
        MetricName=name,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        **more,
    )


def _alarm(cloudwatch: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return found


EXTENSION = Extension(
    patches=(
        Patch(
            id="cloudwatch-composite-alarms",
            symptom="aws_cloudwatch_composite_alarm fails with HTTP 500 after long retries",
            apply=_add_composite_alarms,
            probe=_lacks_composite_alarms,
        ),
        Patch(
            id="cloudwatch-lives-of-alarms",
            symptom="a new alarm is OK before it has data and has the tags of a deleted one; a "
            "changed alarm forgets its state",
            apply=_keep_state_and_drop_tags,
            probe=_mixes_up_lives_of_alarms,
        ),
        Patch(
            id="cloudwatch-alarm-history",
            symptom="describe_alarm_history fails with HTTP 500",
            apply=_add_history,
            probe=_lacks_history,
        ),
        Patch(
            id="cloudwatch-alarm-evaluation",
            symptom="alarms never change their state and never notify anybody",
            apply=_evaluate_alarms,
            probe=_leaves_alarms_as_they_are,
        ),
    ),
    # For those who have put metrics and want to see at once what the alarms say.
    routes={"cloudwatch/evaluate": _tick},
    tick=_tick,
)
