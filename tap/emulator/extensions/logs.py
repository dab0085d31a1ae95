"""CloudWatch Logs: metric filters that count, one filter by each name, saved queries."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from tap.emulator import log_patterns
from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap

_GROUP = "/tap/probe"


def _emit_metrics() -> None:
    @wrap(LogsBackend, "put_log_events")
    def _(original: Any, self: LogsBackend, *args: Any, **kwargs: Any) -> Any:
        asked = arguments(original, self, *args, **kwargs)
        answer = original(self, *args, **kwargs)
        for each in list(self.filters.metric_filters):
            if each["logGroupName"] == asked["log_group_name"]:
                _emit(self, each, asked["log_events"])
        return answer


def _emit(backend: LogsBackend, metric_filter: dict[str, Any], events: list[Any]) -> None:
    metrics = cloudwatch_backends[backend.account_id][backend.region_name]
    for event in events:
        fields = log_patterns.match(metric_filter["filterPattern"], event["message"])
        for transformation in metric_filter["metricTransformations"]:
            datum = _datum(transformation, fields, event["timestamp"])
            if datum is not None:
                metrics.put_metric_data(transformation["metricNamespace"], [datum])


def _datum(
    transformation: dict[str, Any], fields: log_patterns.Fields | None, milliseconds: int
) -> dict[str, Any] | None:
    number: Any
    dimensions: list[dict[str, str]] = []
    if fields is None:
        number = transformation.get("defaultValue")
    else:
        number = log_patterns.value(transformation["metricValue"], fields)
        for name, selector in (transformation.get("dimensions") or {}).items():
            found = log_patterns.lookup(selector, fields)
            if found is not None:
                dimensions.append({"Name": name, "Value": str(found)})
    if number is None:
        return None
    return {
        "MetricName": transformation["metricName"],
        "Dimensions": dimensions,
        "Timestamp": datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None),
        "Value": float(number),
        "Unit": transformation.get("unit", "None"),
    }


def _counts_nothing(client: Client) -> bool:
    logs = client("logs")
    name = _create_group(logs)
    _put_filter(logs, name, pattern='{ $.level = "ERROR" }')
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_log_events(
        logGroupName=name,
        logStreamName="s",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": '{"level": "ERROR"}'}],
    )
    return not client("cloudwatch").list_metrics(Namespace="tap/probe", MetricName=name)["Metrics"]


def _keep_one_filter_by_name() -> None:
    @wrap(LogsBackend, "put_metric_filter")
    def _(original: Any, self: LogsBackend, *args: Any, **kwargs: Any) -> None:
        asked = arguments(original, self, *args, **kwargs)
        name, group = asked["filter_name"], asked["log_group_name"]
        if group not in self.groups:
            raise ResourceNotFoundException
        try:
            log_patterns.match(asked["filter_pattern"], "{}")
        except ValueError as error:
            raise InvalidParameterException(f"Invalid metric filter pattern: {error}") from None
        self.filters.delete_filter(name, group)
        original(self, *args, **kwargs)

    @wrap(LogsBackend, "delete_log_group")
    def _(original: Any, self: LogsBackend, log_group_name: str) -> None:
        original(self, log_group_name)
        filters = self.filters.metric_filters
        filters[:] = [each for each in filters if each["logGroupName"] != log_group_name]


def _doubles_filters(client: Client) -> bool:
    logs = client("logs")
    name = _create_group(logs)
    for pattern in ("one", "two"):
        _put_filter(logs, name, pattern=pattern)
    found = logs.describe_metric_filters(logGroupName=name)["metricFilters"]
    return [each["filterPattern"] for each in found] != ["two"]


def _add_query_definitions() -> None:
    methods: dict[str, Any] = {
        "delete_query_definition": _delete_query,
        "describe_query_definitions": _describe_queries,
        "put_query_definition": _put_query,
    }
    for name, method in methods.items():
        setattr(LogsResponse, name, method)


def _queries(response: Any) -> dict[str, dict[str, Any]]:
    queries: dict[str, dict[str, Any]] = vars(response.logs_backend).setdefault(
        "query_definitions", {}
    )
    return queries


def _put_query(response: Any) -> str:
    given = json.loads(response.body)
    id_ = given.get("queryDefinitionId") or str(uuid.uuid4())
    _queries(response)[id_] = {
        **{name: given[name] for name in ("logGroupNames", "name", "queryString") if name in given},
        "queryDefinitionId": id_,
        "lastModified": int(time.time() * 1000),
    }
    return json.dumps({"queryDefinitionId": id_})


def _describe_queries(response: Any) -> str:
    prefix = json.loads(response.body).get("queryDefinitionNamePrefix", "")
    found = [each for each in _queries(response).values() if each["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": found})


def _delete_query(response: Any) -> str:
    id_ = json.loads(response.body)["queryDefinitionId"]
    if _queries(response).pop(id_, None) is None:
        raise ResourceNotFoundException
    return json.dumps({"success": True})


def _lacks_query_definitions(client: Client) -> bool:
    logs = client("logs")
    try:
        logs.put_query_definition(name="tap-probe", queryString="fields @message")
    except ClientError:
        return True
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="tap-probe")
    return not found["queryDefinitions"]


def _create_group(logs: Any) -> str:
    name = f"{_GROUP}/{time.monotonic_ns()}"
    logs.create_log_group(logGroupName=name)
    return name


def _put_filter(logs: Any, group: str, *, pattern: str) -> None:
    logs.put_metric_filter(
        logGroupName=group,
        filterName="probe",
        filterPattern=pattern,
        metricTransformations=[
            {"metricNamespace": "tap/probe", "metricName": group, "metricValue": "1"}
        ],
    )


EXTENSION = Extension(
    patches=(
        Patch(
            id="logs-metric-filters",
            symptom="log events that match a metric filter count nowhere",
            apply=_emit_metrics,
            probe=_counts_nothing,
        ),
        Patch(
            id="logs-one-filter-by-name",
            symptom="a changed aws_cloudwatch_log_metric_filter exists twice, and one of the two "
            "outlives a destroy",
            apply=_keep_one_filter_by_name,
            probe=_doubles_filters,
        ),
        Patch(
            id="logs-query-definitions",
            symptom="aws_cloudwatch_query_definition fails with HTTP 500",
            apply=_add_query_definitions,
            probe=_lacks_query_definitions,
        ),
    ),
)
