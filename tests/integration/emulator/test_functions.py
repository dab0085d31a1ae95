"""Functions of the emulator run: with their settings, within their limits, and to their log."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.emulator.extensions import Client

pytestmark = [pytest.mark.requirement("FUN-1", "FUN-3", "TAP-2"), pytest.mark.timeout(120)]

CODE = """
import json, logging, os
log = logging.getLogger("own")
def handler(event, context):
    log.debug("debug %s", event["word"])
    log.info("info %s", event["word"])
    if event["word"] == "fail":
        raise ValueError("told to")
    return {
        "group": context.log_group_name,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "own": os.environ["OWN"],
    }
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("functions"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> Client:
    """Clients of the server."""
    endpoint = emulator.status().endpoint
    session: Any = boto3.Session(
        region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture
def create(client: Client) -> Callable[..., None]:
    """Create a function with the code above."""

    def create(name: str, **settings: Any) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("main.py", CODE)
        role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        client("lambda").create_function(
            FunctionName=name,
            Role=role["Role"]["Arn"],
            Runtime="python3.12",
            Handler="main.handler",
            Timeout=30,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"OWN": "mine"}},
            **settings,
        )

    return create


def test_a_call_gets_its_context_and_settings(client: Client, create: Callable[..., None]) -> None:
    create("context", LoggingConfig={"LogGroup": "/own/group"})
    answer = client("lambda").invoke(FunctionName="context", Payload='{"word": "a"}')
    result = json.loads(answer["Payload"].read())
    assert 0 < result.pop("left") <= 30_000
    assert result == {
        "group": "/own/group",
        "arn": "arn:aws:lambda:eu-west-1:123456789012:function:context",
        "own": "mine",
    }
    messages = messages_of(client, "/own/group")
    assert messages[0].startswith("START RequestId: ")
    assert messages[-1].startswith("REPORT RequestId: ")


def test_json_logs_keep_to_their_levels(client: Client, create: Callable[..., None]) -> None:
    config = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
    create("levels", LoggingConfig=config)
    answer = client("lambda").invoke(FunctionName="levels", Payload='{"word": "fail"}')
    reason = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert (reason["errorType"], reason["errorMessage"]) == ("ValueError", "told to")
    records = [json.loads(message) for message in messages_of(client, "/aws/lambda/levels")]
    assert [(record["level"], record["message"]) for record in records] == [
        ("INFO", "info fail"),
        ("ERROR", "ValueError: told to"),
    ]
    assert {record["requestId"] for record in records} == {reason["requestId"]}


def test_an_event_that_fails_goes_to_the_dead_letter_queue_after_its_retries(
    client: Client, create: Callable[..., None]
) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:failed"
    create("event", DeadLetterConfig={"TargetArn": arn})
    client("lambda").put_function_event_invoke_config(FunctionName="event", MaximumRetryAttempts=1)
    answer = client("lambda").invoke(
        FunctionName="event", InvocationType="Event", Payload='{"word": "fail"}'
    )
    assert answer["StatusCode"] == 202
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]))
    assert messages[0]["Body"] == '{"word": "fail"}'
    assert messages[0]["MessageAttributes"]["ErrorMessage"]["StringValue"] == "told to"
    starts = [each for each in messages_of(client, "/aws/lambda/event") if "START" in each]
    assert len(starts) == 2


def test_a_function_without_concurrency_passes_events_on_at_once(
    client: Client, create: Callable[..., None]
) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="refused")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:refused"
    create("stopped", DeadLetterConfig={"TargetArn": arn})
    client("lambda").put_function_concurrency(
        FunctionName="stopped", ReservedConcurrentExecutions=0
    )
    client("lambda").invoke(
        FunctionName="stopped", InvocationType="Event", Payload='{"word": "never"}'
    )
    messages = wait_for(lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]))
    assert messages[0]["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"


def test_sessions_of_functions_are_not_listed(
    emulator: Emulator, client: Client, create: Callable[..., None]
) -> None:
    create("listed")
    client("lambda").invoke(FunctionName="listed", Payload='{"word": "a"}')
    listed = {(each.service, each.id) for each in emulator.resources()}
    assert ("lambda", "listed") in listed
    assert not [each for each in listed if each[0] == "sts" or "ASIA" in each[1]]


def messages_of(client: Client, group: str) -> list[str]:
    events = client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events]


def wait_for(receive: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if messages := receive().get("Messages"):
            return list(messages)
        time.sleep(0.2)
    raise AssertionError("no message within 30 s")
