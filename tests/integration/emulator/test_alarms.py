"""Alarms look at data, change their states and tell their subscribers."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.requirement("MON-1", "MON-2", "TST-2"), pytest.mark.timeout(120)]

ACCOUNT = "123456789012"
WAIT_SECONDS = 10


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Clients of one server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("alarms"))
    endpoint = emulator.start().endpoint
    session: Any = boto3.Session(
        region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    yield lambda service: session.client(service, endpoint_url=endpoint)
    emulator.stop()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return str(request.node.name)[:70]


def put_alarm(client: Any, name: str, **more: Any) -> None:
    settings = {
        "Namespace": "test",
        "MetricName": name,
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }
    client("cloudwatch").put_metric_alarm(AlarmName=name, **settings)


def put_data(client: Any, name: str, *values: float) -> None:
    """Put one value into each of the latest minutes, the latest last."""
    now = datetime.now(UTC)
    client("cloudwatch").put_metric_data(
        Namespace="test",
        MetricData=[
            {"MetricName": name, "Value": value, "Timestamp": now - timedelta(minutes=ago)}
            for ago, value in enumerate(reversed(values))
        ],
    )


def state(client: Any, name: str) -> str:
    answer = client("cloudwatch").describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return str((answer["MetricAlarms"] + answer["CompositeAlarms"])[0]["StateValue"])


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def topic_with_queue(client: Any, name: str, **attributes: str) -> tuple[str, str]:
    queue = client("sqs").create_queue(QueueName=name[:60])["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    topic = client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    return topic, queue


def received(client: Any, queue: str) -> list[dict[str, Any]]:
    # An alarm has its state a moment before it tells anybody.
    messages = client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5
    )
    return [json.loads(message["Body"]) for message in messages.get("Messages", [])]


def test_an_alarm_tells_its_subscribers_what_has_happened(client: Any, name: str) -> None:
    topic, queue = topic_with_queue(client, "told")
    put_alarm(client, name, AlarmActions=[topic], EvaluationPeriods=3, DatapointsToAlarm=2)
    assert state(client, name) == "INSUFFICIENT_DATA"

    put_data(client, name, 2, 1, 3)

    assert wait_for(lambda: state(client, name) == "ALARM")
    (message,) = received(client, queue)
    assert message["Subject"] == f'ALARM: "{name}" in EU (Ireland)'
    told = json.loads(message["Message"])
    assert (told["OldStateValue"], told["NewStateValue"]) == ("INSUFFICIENT_DATA", "ALARM")
    assert told["AWSAccountId"] == ACCOUNT
    assert told["Trigger"]["MetricName"] == name
    assert told["Trigger"]["Statistic"] == "MAXIMUM"
    assert "2 out of the last 3 datapoints" in told["NewStateReason"]


def test_a_ratio_is_computed_from_two_metrics(client: Any, name: str) -> None:
    def stat(id_: str) -> dict[str, Any]:
        metric = {"Namespace": "test", "MetricName": f"{name}-{id_}"}
        return {
            "Id": id_,
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }

    client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        Metrics=[
            {"Id": "ratio", "Expression": "100 * FILL(errors, 0) / requests"},
            stat("errors"),
            stat("requests"),
        ],
    )
    assert wait_for(lambda: state(client, name) == "OK")

    put_data(client, f"{name}-requests", 200)
    put_data(client, f"{name}-errors", 3)

    assert wait_for(lambda: state(client, name) == "ALARM")


def test_a_composite_alarm_follows_its_children(client: Any, name: str) -> None:
    cloudwatch = client("cloudwatch")
    for child in ("a", "b"):
        put_alarm(client, f"{name}-{child}", TreatMissingData="notBreaching")
    cloudwatch.put_composite_alarm(
        AlarmName=name, AlarmRule=f'ALARM("{name}-a") OR ALARM("{name}-b")'
    )
    assert wait_for(lambda: state(client, name) == "OK")

    put_data(client, f"{name}-b", 2)

    assert wait_for(lambda: state(client, name) == "ALARM")
    changes = cloudwatch.describe_alarm_history(
        AlarmName=name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    assert [each["HistorySummary"] for each in changes] == [
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
    ]


def test_a_composite_alarm_wants_its_children_to_exist(client: Any) -> None:
    cloudwatch = client("cloudwatch")

    with pytest.raises(cloudwatch.exceptions.ClientError, match=r"alarms \[gone\]"):
        cloudwatch.put_composite_alarm(AlarmName="orphan", AlarmRule="ALARM(gone)")


def test_a_forced_state_holds_and_reaches_the_alarms_above_at_once(client: Any, name: str) -> None:
    put_alarm(client, f"{name}-child", TreatMissingData="notBreaching")
    client("cloudwatch").put_composite_alarm(AlarmName=name, AlarmRule=f"ALARM({name}-child)")
    assert wait_for(lambda: state(client, f"{name}-child") == "OK")

    client("cloudwatch").set_alarm_state(
        AlarmName=f"{name}-child", StateValue="ALARM", StateReason="a drill"
    )

    assert state(client, name) == "ALARM"
    time.sleep(2.5)
    assert state(client, f"{name}-child") == "ALARM"


def test_a_changed_alarm_keeps_its_state(client: Any, name: str) -> None:
    put_alarm(client, name)
    put_data(client, name, 2)
    assert wait_for(lambda: state(client, name) == "ALARM")

    put_alarm(client, name, AlarmDescription="changed")

    assert state(client, name) == "ALARM"


@pytest.mark.parametrize("allowed", [True, False])
def test_an_encrypted_topic_needs_a_key_that_lets_cloudwatch_use_it(
    client: Any, name: str, *, allowed: bool
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com" if allowed else "s3.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    key = client("kms").create_key(
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )["KeyMetadata"]["Arn"]
    topic, queue = topic_with_queue(client, f"encrypted-{allowed}", KmsMasterKeyId=key)
    put_alarm(client, name, AlarmActions=[topic])
    client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")

    (action,) = client("cloudwatch").describe_alarm_history(
        AlarmName=name, HistoryItemType="Action"
    )["AlarmHistoryItems"]
    assert action["HistorySummary"].startswith("Successfully" if allowed else "Failed")
    assert len(received(client, queue)) == allowed


def test_logged_errors_set_off_an_alarm(client: Any, name: str) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_metric_filter(
        logGroupName=name,
        filterName="errors",
        filterPattern='{ $.level = "ERROR" }',
        metricTransformations=[
            {"metricNamespace": "test", "metricName": name, "metricValue": "1", "defaultValue": 0}
        ],
    )
    put_alarm(client, name, Statistic="Sum", Threshold=2)

    def log(*levels: str) -> None:
        now = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=name,
            logStreamName="s",
            logEvents=[
                {"timestamp": now, "message": json.dumps({"level": level})} for level in levels
            ],
        )

    log("INFO")
    assert wait_for(lambda: state(client, name) == "OK")
    log("ERROR", "INFO", "ERROR", "ERROR")
    assert wait_for(lambda: state(client, name) == "ALARM")
