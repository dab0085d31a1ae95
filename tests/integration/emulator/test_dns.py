"""Zones answer, sign, and know what is healthy."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.requirement("DNS-1", "DNS-2", "TST-2"), pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("dns"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Callable[[str], Any]:
    """Clients of us-east-1, where all that Route 53 works with is."""
    endpoint = emulator.status().endpoint
    session: Any = boto3.Session(
        region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture
def zone(client: Callable[[str], Any]) -> str:
    """The id of an empty zone."""
    answer = client("route53").create_hosted_zone(
        Name="example.com", CallerReference=str(time.monotonic_ns())
    )
    return str(answer["HostedZone"]["Id"]).rpartition("/")[2]


def change(client: Any, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={
            "Changes": [
                {"Action": action, "ResourceRecordSet": record} for action, record in changes
            ]
        },
    )


def record(name: str, identifier: str = "", weight: int = 0, **more: Any) -> dict[str, Any]:
    weighted = {"SetIdentifier": identifier, "Weight": weight} if identifier else {}
    return {
        "Name": f"{name}.example.com",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": f"{identifier or name}.example.net"}],
        **weighted,
        **more,
    }


def names(client: Any, zone: str) -> list[tuple[str, str | None]]:
    found = client("route53").list_resource_record_sets(HostedZoneId=zone)
    return [
        (each["Name"], each.get("SetIdentifier"))
        for each in found["ResourceRecordSets"]
        if each["Type"] == "CNAME"
    ]


def ask(client: Any, zone: str, name: str) -> str:
    answer = client("route53").test_dns_answer(
        HostedZoneId=zone, RecordName=f"{name}.example.com", RecordType="CNAME"
    )
    return str(answer["RecordData"][0]) if answer["RecordData"] else str(answer["ResponseCode"])


def test_a_batch_is_applied_as_a_whole_or_not_at_all(client: Any, zone: str) -> None:
    route53 = client("route53")
    change(client, zone, ("CREATE", record("a", "x", 1)), ("CREATE", record("b", "x", 1)))

    for refused, message in (
        (("CREATE", record("a", "x", 1)), "already exists"),
        (("DELETE", record("a", "y", 1)), "was not found"),
        (("DELETE", record("a", "x", 1, TTL=5)), "do not match"),
        (("CREATE", record("a")), "other RRSets exist"),
    ):
        with pytest.raises(route53.exceptions.InvalidChangeBatch, match=message):
            change(client, zone, ("CREATE", record("c")), refused)

    assert names(client, zone) == [("a.example.com.", "x"), ("b.example.com.", "x")]


def test_an_unhealthy_endpoint_gets_no_traffic(client: Any, zone: str, emulator: Emulator) -> None:
    check = client("route53").create_health_check(
        CallerReference="one",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "old.example.net"},
    )["HealthCheck"]["Id"]
    change(
        client,
        zone,
        ("CREATE", record("app", "old", 255, HealthCheckId=check)),
        ("CREATE", record("app", "new", 1)),
    )
    emulator.call("route53/health", target=check, healthy=False)
    assert {ask(client, zone, "app") for _ in range(20)} == {"new.example.net"}
    status = client("route53").get_health_check_status(HealthCheckId=check)
    assert "Failure" in status["HealthCheckObservations"][0]["StatusReport"]["Status"]

    emulator.call("route53/health", target=check, healthy=True)
    assert "old.example.net" in {ask(client, zone, "app") for _ in range(20)}


def test_a_failed_health_check_sets_off_its_alarm(client: Any, emulator: Emulator) -> None:
    check = client("route53").create_health_check(
        CallerReference="two",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "app.example.net"},
    )["HealthCheck"]["Id"]
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="health",
        Namespace="AWS/Route53",
        MetricName="HealthCheckStatus",
        Dimensions=[{"Name": "HealthCheckId", "Value": check}],
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )

    def reaches(state: str) -> bool:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = cloudwatch.describe_alarms(AlarmNames=["health"])["MetricAlarms"][0]
            if found["StateValue"] == state:
                return True
            time.sleep(0.1)
        return False

    assert reaches("OK")
    emulator.call("route53/health", target=check, healthy=False)
    assert reaches("ALARM")


def test_query_logging_wants_a_policy_of_the_log_group(client: Any, zone: str) -> None:
    route53, logs = client("route53"), client("logs")
    logs.create_log_group(logGroupName="/dns")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/dns"

    with pytest.raises(route53.exceptions.InsufficientCloudWatchLogsResourcePolicy):
        route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)

    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:*",
    }
    logs.put_resource_policy(
        policyName="dns", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    answer = route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)
    assert answer["QueryLoggingConfig"]["CloudWatchLogsLogGroupArn"] == arn


def test_a_zone_is_signed_by_an_active_key_that_route_53_may_use(client: Any, zone: str) -> None:
    route53, kms = client("route53"), client("kms")
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    sign = {
        "Effect": "Allow",
        "Principal": {"Service": "dnssec-route53.amazonaws.com"},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:aws:route53:::hostedzone/{zone}"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        },
    }

    def create(key: str) -> Any:
        return route53.create_key_signing_key(
            HostedZoneId=zone,
            CallerReference="r",
            KeyManagementServiceArn=key,
            Name="key",
            Status="ACTIVE",
        )["KeySigningKey"]

    def key_with(*statements: dict[str, Any]) -> str:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
        return str(key["KeyMetadata"]["Arn"])

    with pytest.raises(route53.exceptions.KeySigningKeyWithActiveStatusNotFound):
        route53.enable_hosted_zone_dnssec(HostedZoneId=zone)
    with pytest.raises(route53.exceptions.InvalidKMSArn, match="policy"):
        create(key_with(root))
    key = create(key_with(root, sign))
    route53.enable_hosted_zone_dnssec(HostedZoneId=zone)

    assert len(base64.b64decode(key["PublicKey"])) == 64
    assert key["DSRecord"] == f"{key['KeyTag']} 13 2 {key['DigestValue']}"
    assert route53.get_dnssec(HostedZoneId=zone)["Status"]["ServeSignature"] == "SIGNING"
    with pytest.raises(route53.exceptions.KeySigningKeyInParentDSRecord):
        route53.deactivate_key_signing_key(HostedZoneId=zone, Name="key")
    route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    route53.deactivate_key_signing_key(HostedZoneId=zone, Name="key")
    route53.delete_key_signing_key(HostedZoneId=zone, Name="key")
    assert route53.get_dnssec(HostedZoneId=zone)["KeySigningKeys"] == []


def test_a_deleted_zone_leaves_nothing(client: Any, emulator: Emulator) -> None:
    before = emulator.resources()
    zone = client("route53").create_hosted_zone(Name="gone.test", CallerReference="gone")
    assert len(emulator.resources()) == len(before) + 1

    client("route53").delete_hosted_zone(Id=zone["HostedZone"]["Id"])

    assert emulator.resources() == before
