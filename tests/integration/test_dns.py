"""The zone of every environment as boto3 sees it: records, health checks, answers, query log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

ZONES = {"dev": "dev.payments.example.com", "prod": "payments.example.com"}
LOG_DAYS = {"dev": 7, "prod": 365}
SUBSCRIBERS = {
    "dev": {("email", "payments-dev@example.com")},
    "prod": {
        ("email", "payments@example.com"),
        ("https", "https://alerts.example.com/payments"),
    },
}
# Route 53 reports and logs to this region, wherever a stack is.
REPORTS = "us-east-1"


def records(deployment: Deployment) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the record sets of the zone by name and type."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in deployment.client("route53").list_resource_record_sets(
        HostedZoneId=deployment.outputs["dns"]["zone_id"]
    )["ResourceRecordSets"]:
        found.setdefault((record["Name"].rstrip("."), record["Type"]), []).append(record)
    return found


def key_arn(deployment: Deployment) -> str:
    """Return the ARN of the key of everything that Route 53 reports to."""
    kms = deployment.client("kms", REPORTS)
    described = kms.describe_key(KeyId=f"alias/payments-{deployment.name}-dns")
    arn: str = described["KeyMetadata"]["Arn"]
    return arn


@pytest.mark.requirement("DNS-1", "STK-7")
def test_the_zone_is_public_and_its_name_servers_are_those_to_delegate_to(
    deployment: Deployment,
) -> None:
    told, route53 = deployment.outputs["dns"], deployment.client("route53")
    found = route53.get_hosted_zone(Id=told["zone_id"])
    name = ZONES[deployment.name]
    assert told["zone_name"] == name
    assert found["HostedZone"]["Name"] == f"{name}."
    assert found["HostedZone"]["Config"]["PrivateZone"] is False
    servers = sorted(found["DelegationSet"]["NameServers"])
    assert sorted(told["name_servers"]) == servers
    assert len(servers) == 4
    (delegation,) = records(deployment)[(name, "NS")]
    assert sorted(each["Value"].rstrip(".") for each in delegation["ResourceRecords"]) == servers


@pytest.mark.requirement("DNS-1", "DNS-2")
def test_the_name_is_a_weighted_alias_of_the_load_balancer(deployment: Deployment) -> None:
    outputs = deployment.outputs
    told, name = outputs["dns"], f"pay.{ZONES[deployment.name]}"
    assert told["record_names"] == {"stack": name}
    assert told["weights"] == {"stack": 100}
    (record,) = records(deployment)[(name, "A")]
    assert (record["SetIdentifier"], record["Weight"]) == ("stack", 100)
    assert "TTL" not in record
    assert record["HealthCheckId"] == told["health_check_ids"]["stack"]
    target = record["AliasTarget"]
    assert target["DNSName"].rstrip(".") == outputs["load_balancer"]["dns_name"]
    assert target["HostedZoneId"] == outputs["load_balancer"]["zone_id"]
    assert target["EvaluateTargetHealth"] is True


@pytest.mark.requirement("DNS-1")
def test_no_record_of_ours_is_kept_longer_than_a_minute(deployment: Deployment) -> None:
    ours = {
        kind: sets for kind, sets in records(deployment).items() if kind[1] not in {"NS", "SOA"}
    }
    # The name itself, and the proof of ownership for its certificate.
    assert sorted(kind for _, kind in ours) == ["A", "CNAME"]
    for sets in ours.values():
        assert all(record.get("TTL", 60) <= 60 for record in sets)


@pytest.mark.requirement("DNS-1", "TST-2")
def test_a_question_for_the_name_is_answered_with_the_load_balancer(
    deployment: Deployment,
) -> None:
    outputs = deployment.outputs
    answer = deployment.client("route53").test_dns_answer(
        HostedZoneId=outputs["dns"]["zone_id"],
        RecordName=f"pay.{ZONES[deployment.name]}",
        RecordType="A",
    )
    assert answer["ResponseCode"] == "NOERROR"
    (data,) = answer["RecordData"]
    assert data.rstrip(".") == outputs["load_balancer"]["dns_name"]


@pytest.mark.requirement("DNS-2")
def test_the_health_check_asks_the_load_balancer_for_its_health(deployment: Deployment) -> None:
    told = deployment.outputs["dns"]
    assert set(told["health_check_ids"]) == set(told["record_names"])
    check = deployment.client("route53").get_health_check(
        HealthCheckId=told["health_check_ids"]["stack"]
    )["HealthCheck"]["HealthCheckConfig"]
    assert (check["Type"], check["Port"]) == ("HTTPS", 443)
    assert check["ResourcePath"] == "/health"
    host = deployment.outputs["load_balancer"]["dns_name"]
    assert check["FullyQualifiedDomainName"] == host
    assert check["EnableSNI"] is True
    assert (check["RequestInterval"], check["FailureThreshold"]) == (30, 3)
    assert check.get("Disabled", False) is False
    assert check.get("Inverted", False) is False


@pytest.mark.requirement("DNS-2", "MON-1", "MON-2")
def test_an_unhealthy_endpoint_raises_an_alarm_where_route_53_reports(
    deployment: Deployment,
) -> None:
    told = deployment.outputs["dns"]
    (alarm,) = deployment.client("cloudwatch", REPORTS).describe_alarms(
        AlarmNames=list(told["alarm_names"].values())
    )["MetricAlarms"]
    assert alarm["AlarmName"] == f"payments-{deployment.name}-health-check-stack"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Route53", "HealthCheckStatus")
    (dimension,) = alarm["Dimensions"]
    assert dimension == {"Name": "HealthCheckId", "Value": told["health_check_ids"]["stack"]}
    assert (alarm["Statistic"], alarm["Period"]) == ("Minimum", 60)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ActionsEnabled"] is True
    assert alarm["AlarmActions"] == alarm["OKActions"] == [told["topic_arn"]]


@pytest.mark.requirement("DNS-2", "MON-1", "STK-2")
def test_alarms_of_dns_reach_the_subscribers_through_a_topic_of_their_region(
    deployment: Deployment,
) -> None:
    arn, sns = deployment.outputs["dns"]["topic_arn"], deployment.client("sns", REPORTS)
    assert (
        arn
        == f"arn:aws:sns:us-east-1:{deployment.account_id}:payments-{deployment.name}-dns-alarms"
    )
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["KmsMasterKeyId"] == key_arn(deployment)
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": deployment.account_id}}
    listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    heard = {(each["Protocol"], each["Endpoint"]) for each in listed}
    assert heard == SUBSCRIBERS[deployment.name]


@pytest.mark.requirement("DNS-2", "MON-4", "STK-2")
def test_questions_are_logged_to_an_encrypted_group_that_expires(deployment: Deployment) -> None:
    told, logs = deployment.outputs["dns"], deployment.client("logs", REPORTS)
    name = f"/aws/route53/payments-{deployment.name}/{ZONES[deployment.name]}"
    assert told["query_log_group_name"] == name
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert group["retentionInDays"] == LOG_DAYS[deployment.name]
    assert group["kmsKeyId"] == key_arn(deployment)
    configurations = deployment.client("route53").list_query_logging_configs()
    (configuration,) = [
        each
        for each in configurations["QueryLoggingConfigs"]
        if each["HostedZoneId"] == told["zone_id"]
    ]
    assert configuration["CloudWatchLogsLogGroupArn"] == group["logGroupArn"]
    policies = {
        each["policyName"]: json.loads(each["policyDocument"])
        for each in logs.describe_resource_policies()["resourcePolicies"]
    }
    (statement,) = policies[f"payments-{deployment.name}-dns-queries"]["Statement"]
    assert statement["Principal"] == {"Service": "route53.amazonaws.com"}
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == f"{group['logGroupArn']}:*"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": deployment.account_id}


@pytest.mark.requirement("DNS-2", "SEC-2")
def test_the_key_of_the_query_log_rotates_and_serves_named_services(
    deployment: Deployment,
) -> None:
    kms, key = deployment.client("kms", REPORTS), key_arn(deployment)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    principals = {json.dumps(each["Principal"], sort_keys=True) for each in policy["Statement"]}
    assert principals == {
        f'{{"AWS": "arn:aws:iam::{deployment.account_id}:root"}}',
        '{"Service": "cloudwatch.amazonaws.com"}',
        '{"Service": "logs.us-east-1.amazonaws.com"}',
    }
