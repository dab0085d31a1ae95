"""The probe of every environment as boto3 sees it, called for real."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

PACKAGE = Path(__file__).resolve().parents[2] / "modules/lambda/functions/probe.zip"
LOG_DAYS = {"dev": 7, "prod": 365}
URLS = {
    "dev": "https://pay.dev.payments.example.com/health",
    "prod": "https://pay.payments.example.com/health",
}


def function(deployment: Deployment) -> dict[str, Any]:
    """Return the configuration of the probe."""
    found: dict[str, Any] = deployment.client("lambda").get_function_configuration(
        FunctionName=deployment.outputs["probe"]["function_name"]
    )
    return found


@pytest.mark.requirement("FUN-1", "FUN-3")
def test_the_function_runs_the_package_of_this_repository(deployment: Deployment) -> None:
    found, told = function(deployment), deployment.outputs["probe"]
    assert found["FunctionArn"] == told["function_arn"]
    assert found["Role"] == told["role_arn"]
    assert found["Runtime"] == "python3.12"
    assert found["Handler"] == "probe.handler"
    digest = hashlib.sha256(PACKAGE.read_bytes()).digest()
    assert found["CodeSha256"] == base64.b64encode(digest).decode()
    assert (found["Timeout"], found["MemorySize"]) == (60, 512)
    assert found["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.requirement("FUN-1", "FUN-3")
def test_the_function_knows_its_environment_and_what_to_ask(deployment: Deployment) -> None:
    found = function(deployment)
    assert found["Environment"]["Variables"] == {
        "ENVIRONMENT": deployment.name,
        "FUNCTION_NAME": f"payments-{deployment.name}-probe",
        "METRIC_NAMESPACE": f"payments-{deployment.name}",
        "PROBE_URL": URLS[deployment.name],
        "REGION": "eu-west-1",
    }
    assert found["KMSKeyArn"] == deployment.outputs["security"]["kms_key_arns"]["logs"]


@pytest.mark.requirement("FUN-1", "MON-4", "STK-2")
def test_the_function_logs_to_an_encrypted_group_that_expires(deployment: Deployment) -> None:
    name = deployment.outputs["probe"]["log_group_name"]
    assert function(deployment)["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
        "LogGroup": name,
    }
    groups = deployment.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    (group,) = [each for each in groups if each["logGroupName"] == name]
    assert group["retentionInDays"] == LOG_DAYS[deployment.name]
    assert group["kmsKeyId"] == deployment.outputs["security"]["kms_key_arns"]["logs"]


@pytest.mark.requirement("FUN-1")
def test_one_call_runs_at_a_time_and_failed_ones_are_kept(deployment: Deployment) -> None:
    told = deployment.outputs["probe"]
    concurrency = deployment.client("lambda").get_function_concurrency(
        FunctionName=told["function_name"]
    )
    assert concurrency["ReservedConcurrentExecutions"] == 1
    letters = function(deployment)["DeadLetterConfig"]
    assert letters == {"TargetArn": told["dead_letter_queue_arn"]}
    sqs, queue = deployment.client("sqs"), told["dead_letter_queue_arn"].split(":")[-1]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["QueueArn"] == told["dead_letter_queue_arn"]
    assert found["KmsMasterKeyId"] == deployment.outputs["security"]["kms_key_arns"]["logs"]
    assert int(found["MessageRetentionPeriod"]) == 14 * 86400


@pytest.mark.requirement("FUN-2")
def test_the_role_writes_logs_traces_and_metrics_of_one_namespace_and_nothing_else(
    deployment: Deployment,
) -> None:
    told, iam = deployment.outputs["probe"], deployment.client("iam")
    name = told["role_arn"].split("/")[-1]
    (trust,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    statements: dict[str, dict[str, Any]] = {}
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        statements |= {each["Sid"]: each for each in document["Statement"]}
    assert {each["Effect"] for each in statements.values()} == {"Allow"}
    allowed = {sid: (set(each["Action"]), each["Resource"]) for sid, each in statements.items()}
    log_group = f"arn:aws:logs:eu-west-1:{deployment.account_id}:log-group:{told['log_group_name']}"
    assert allowed == {
        "WriteOwnLogStreams": (
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            f"{log_group}:log-stream:*",
        ),
        "WriteMetricsOfOneNamespace": ({"cloudwatch:PutMetricData"}, "*"),
        "WriteTraces": ({"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, "*"),
        "KeepFailedEvents": ({"sqs:SendMessage"}, told["dead_letter_queue_arn"]),
        "EncryptFailedEvents": (
            {"kms:Decrypt", "kms:GenerateDataKey"},
            deployment.outputs["security"]["kms_key_arns"]["logs"],
        ),
    }
    conditions = {
        sid: each["Condition"]["StringEquals"]
        for sid, each in statements.items()
        if "Condition" in each
    }
    assert conditions == {
        "WriteMetricsOfOneNamespace": {"cloudwatch:namespace": f"payments-{deployment.name}"},
        "WriteTraces": {"aws:RequestedRegion": "eu-west-1"},
        "EncryptFailedEvents": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"},
    }


@pytest.mark.requirement("FUN-3")
def test_a_schedule_that_may_call_it_does_so_every_minute(deployment: Deployment) -> None:
    told, events = deployment.outputs["probe"], deployment.client("events")
    rule = events.describe_rule(Name=told["schedule_rule_name"])
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")
    (target,) = events.list_targets_by_rule(Rule=told["schedule_rule_name"])["Targets"]
    assert target["Arn"] == told["function_arn"]
    policy = json.loads(
        deployment.client("lambda").get_policy(FunctionName=told["function_name"])["Policy"]
    )
    (statement,) = policy["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Resource"] == told["function_arn"]
    assert statement["Condition"]["ArnLike"]["AWS:SourceArn"] == rule["Arn"]
    assert statement["Condition"]["StringEquals"]["AWS:SourceAccount"] == deployment.account_id


@pytest.mark.requirement("FUN-3", "MON-2")
def test_a_call_publishes_the_metric_that_the_alarm_reads(deployment: Deployment) -> None:
    told, cloudwatch = deployment.outputs["probe"], deployment.client("cloudwatch")
    name = deployment.outputs["monitoring"]["alarm_names"]["probe"]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]

    def published() -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["SampleCount"],
        )["Datapoints"]
        return sum(float(point["SampleCount"]) for point in points)

    assert (alarm["MetricName"], alarm["Statistic"]) == ("ProbeSuccess", "Average")
    before = published()
    answer = deployment.client("lambda").invoke(FunctionName=told["function_name"])
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    assert result["url"] == URLS[deployment.name]
    assert result["requests"] == 10
    # No emulator serves the endpoint; what counts is that the probe says so.
    assert result["good"] == 0
    assert result["reasons"]
    deadline = time.monotonic() + 10
    while published() < before + 10 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert published() >= before + 10
