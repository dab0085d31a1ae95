"""Metric filters and saved queries of the emulator's log groups."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from tap.emulator.extensions import logs as extension

if TYPE_CHECKING:
    from tap.emulator.extensions import Client
    from tests.unit.emulator.conftest import Patched

pytestmark = pytest.mark.requirement("TAP-2", "TST-2")


@pytest.fixture
def client(patched: Patched, monkeypatch: pytest.MonkeyPatch) -> Client:
    for verb in ("delete_query_definition", "describe_query_definitions", "put_query_definition"):
        monkeypatch.setattr(LogsResponse, verb, None, raising=False)
    made = patched(extension.EXTENSION, LogsBackend)
    made("logs").create_log_group(logGroupName="group")
    made("logs").create_log_stream(logGroupName="group", logStreamName="stream")
    return made


def put_filter(client: Client, group: str = "group", **more: Any) -> None:
    transformation = {
        "metricNamespace": "shop",
        "metricName": "errors",
        "metricValue": "1",
        **more.pop("transformation", {}),
    }
    client("logs").put_metric_filter(
        logGroupName=group,
        filterName="errors",
        filterPattern=more.pop("pattern", '{ $.level = "ERROR" }'),
        metricTransformations=[transformation],
    )


def log(client: Client, **content: Any) -> None:
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps(content)}
    client("logs").put_log_events(logGroupName="group", logStreamName="stream", logEvents=[event])


def metrics(client: Client) -> list[list[tuple[str, str]]]:
    """Return the dimensions of each metric that is there."""
    found = client("cloudwatch").list_metrics(Namespace="shop")["Metrics"]
    return [[(each["Name"], each["Value"]) for each in metric["Dimensions"]] for metric in found]


def test_a_metric_has_the_dimensions_that_the_event_has(client: Client) -> None:
    put_filter(client, transformation={"dimensions": {"Code": "$.code", "Zone": "$.zone"}})

    log(client, level="ERROR", code=503)

    assert metrics(client) == [[("Code", "503")]]


def test_an_event_that_does_not_match_counts_nothing_without_a_default(client: Client) -> None:
    put_filter(client)
    log(client, level="INFO")
    assert metrics(client) == []

    put_filter(client, transformation={"defaultValue": 0})
    log(client, level="INFO")
    assert metrics(client) == [[]]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"group": "missing"}, "ResourceNotFoundException"),
        ({"pattern": "{ $.level = "}, "InvalidParameterException"),
    ],
)
def test_a_filter_that_cannot_count_is_refused(
    client: Client, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        put_filter(client, **given)

    assert refused.value.response["Error"]["Code"] == code
    assert client("logs").describe_metric_filters()["metricFilters"] == []


def test_a_deleted_group_takes_its_filters_along(client: Client) -> None:
    client("logs").create_log_group(logGroupName="other")
    put_filter(client)
    put_filter(client, "other")

    client("logs").delete_log_group(logGroupName="group")

    found = client("logs").describe_metric_filters()["metricFilters"]
    assert [each["logGroupName"] for each in found] == ["other"]


def test_a_saved_query_is_there_until_it_is_deleted(client: Client) -> None:
    logs = client("logs")
    put = logs.put_query_definition(name="slow", queryString="fields @message")
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="sl")["queryDefinitions"]
    assert [each["queryDefinitionId"] for each in found] == [put["queryDefinitionId"]]

    assert logs.delete_query_definition(queryDefinitionId=put["queryDefinitionId"])["success"]

    assert logs.describe_query_definitions()["queryDefinitions"] == []
    with pytest.raises(ClientError) as refused:
        logs.delete_query_definition(queryDefinitionId=put["queryDefinitionId"])
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
