"""The load balancer of every environment as boto3 sees it: edge, rules, weights, targets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

LOG_DAYS = {"dev": 7, "prod": 365}
PROTECTED = {"dev": False, "prod": True}
INSTANCES = {"dev": 1, "prod": 3}
DOMAINS = {"dev": "pay.dev.payments.example.com", "prod": "pay.payments.example.com"}

UNAVAILABLE = [
    {
        "Type": "fixed-response",
        "Order": 1,
        "FixedResponseConfig": {
            "ContentType": "text/plain",
            "MessageBody": "Service unavailable",
            "StatusCode": "503",
        },
    }
]


def pairs(attributes: list[dict[str, str]]) -> dict[str, str]:
    """Return key -> value."""
    return {attribute["Key"]: attribute["Value"] for attribute in attributes}


def rules(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Return the rules of the HTTPS listener by ARN, and the last one as ``default``."""
    found = deployment.client("elbv2").describe_rules(
        ListenerArn=deployment.outputs["load_balancer"]["https_listener_arn"]
    )["Rules"]
    return {rule["RuleArn"] if not rule["IsDefault"] else "default": rule for rule in found}


@pytest.mark.requirement("APP-1")
def test_the_load_balancer_stands_in_every_public_subnet(deployment: Deployment) -> None:
    lb, vpc = deployment.outputs["load_balancer"], deployment.outputs["vpc"]
    elb = deployment.client("elbv2")
    (found,) = elb.describe_load_balancers(LoadBalancerArns=[lb["arn"]])["LoadBalancers"]
    assert found["Type"] == "application"
    assert found["State"]["Code"] == "active"
    assert found["VpcId"] == vpc["vpc_id"]
    assert found["DNSName"] == lb["dns_name"]
    assert found["CanonicalHostedZoneId"] == lb["zone_id"]
    assert lb["arn"].endswith(f":loadbalancer/{lb['arn_suffix']}")
    zones = {zone["ZoneName"]: zone["SubnetId"] for zone in found["AvailabilityZones"]}
    assert zones == vpc["subnet_ids"]["public"]
    group = deployment.outputs["security"]["security_group_ids"]["load_balancer"]
    assert found["SecurityGroups"] == [group]


@pytest.mark.requirement("APP-1", "STK-2")
def test_the_load_balancer_refuses_what_smugglers_send_and_logs_every_request(
    deployment: Deployment,
) -> None:
    lb = deployment.outputs["load_balancer"]
    elb = deployment.client("elbv2")
    found = pairs(elb.describe_load_balancer_attributes(LoadBalancerArn=lb["arn"])["Attributes"])
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert found["routing.http.desync_mitigation_mode"] == "defensive"
    assert found["access_logs.s3.enabled"] == "true"
    assert found["access_logs.s3.bucket"] == lb["access_log_bucket_name"]
    protected = str(PROTECTED[deployment.name]).lower()
    assert found["deletion_protection.enabled"] == protected


@pytest.mark.requirement("APP-1", "STK-2")
def test_access_logs_lie_in_a_private_bucket_that_only_the_load_balancer_writes_to(
    deployment: Deployment,
) -> None:
    bucket = deployment.outputs["load_balancer"]["access_log_bucket_name"]
    s3 = deployment.client("s3")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    (default,) = encryption["Rules"]
    assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(access.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Expiration"]["Days"] == LOG_DAYS[deployment.name]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert set(statements) == {"DeliverAccessLogs", "DenyInsecureTransport"}
    delivery = statements["DeliverAccessLogs"]
    assert delivery["Action"] == "s3:PutObject"
    assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert delivery["Resource"] == f"arn:aws:s3:::{bucket}/AWSLogs/{deployment.account_id}/*"
    source = delivery["Condition"]["ArnLike"]["aws:SourceArn"]
    assert deployment.outputs["load_balancer"]["arn"].startswith(source.removesuffix("*"))
    refusal = statements["DenyInsecureTransport"]
    assert (refusal["Effect"], refusal["Action"]) == ("Deny", "s3:*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.requirement("APP-1", "SEC-4")
def test_the_web_acl_guards_the_load_balancer(deployment: Deployment) -> None:
    acl = deployment.client("wafv2").get_web_acl_for_resource(
        ResourceArn=deployment.outputs["load_balancer"]["arn"]
    )["WebACL"]
    assert acl["ARN"] == deployment.outputs["security"]["web_acl_arn"]


@pytest.mark.requirement("APP-1")
def test_two_listeners_serve_tls_and_a_redirect_to_it(deployment: Deployment) -> None:
    lb = deployment.outputs["load_balancer"]
    elb = deployment.client("elbv2")
    found = elb.describe_listeners(LoadBalancerArn=lb["arn"])["Listeners"]
    listeners = {listener["ListenerArn"]: listener for listener in found}
    assert set(listeners) == {lb["http_listener_arn"], lb["https_listener_arn"]}
    https = listeners[lb["https_listener_arn"]]
    assert (https["Port"], https["Protocol"]) == (443, "HTTPS")
    assert https["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert https["Certificates"] == [{"CertificateArn": lb["certificate_arn"]}]
    assert https["DefaultActions"] == UNAVAILABLE
    http = listeners[lb["http_listener_arn"]]
    assert (http["Port"], http["Protocol"]) == (80, "HTTP")
    (action,) = http["DefaultActions"]
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_301",
    }
    plain = elb.describe_rules(ListenerArn=lb["http_listener_arn"])["Rules"]
    assert [rule["IsDefault"] for rule in plain] == [True]


@pytest.mark.requirement("APP-1")
def test_the_certificate_is_issued_for_the_name_clients_use(deployment: Deployment) -> None:
    certificate = deployment.client("acm").describe_certificate(
        CertificateArn=deployment.outputs["load_balancer"]["certificate_arn"]
    )["Certificate"]
    assert certificate["Status"] == "ISSUED"
    assert certificate["DomainName"] == DOMAINS[deployment.name]
    assert certificate["SubjectAlternativeNames"] == [DOMAINS[deployment.name]]
    (option,) = certificate["DomainValidationOptions"]
    assert (option["ValidationMethod"], option["ValidationStatus"]) == ("DNS", "SUCCESS")
    records = deployment.client("route53").list_resource_record_sets(
        HostedZoneId=deployment.outputs["dns"]["zone_id"]
    )["ResourceRecordSets"]
    wanted = option["ResourceRecord"]
    (record,) = [each for each in records if each["Name"] == wanted["Name"]]
    assert record["Type"] == wanted["Type"] == "CNAME"
    assert record["ResourceRecords"] == [{"Value": wanted["Value"]}]
    assert record["TTL"] <= 60


@pytest.mark.requirement("APP-4", "TRF-2")
def test_all_requests_are_shared_out_by_the_weights_of_the_record(deployment: Deployment) -> None:
    lb, traffic = deployment.outputs["load_balancer"], deployment.outputs["traffic"]
    by_arn = rules(deployment)
    assert set(by_arn) == {lb["preview_rule_arn"], lb["traffic_rule_arn"], "default"}
    assert by_arn["default"]["Actions"] == UNAVAILABLE
    rule = by_arn[lb["traffic_rule_arn"]]
    (condition,) = rule["Conditions"]
    assert condition["PathPatternConfig"]["Values"] == ["/*"]
    (action,) = rule["Actions"]
    assert action["Type"] == "forward"
    groups = deployment.outputs["compute"]["target_group_arns"]
    shared = {
        group["TargetGroupArn"]: group["Weight"]
        for group in action["ForwardConfig"]["TargetGroups"]
    }
    assert shared == {groups["blue"]: 100, groups["green"]: 0}
    assert traffic["weights"] == {"blue": 100, "green": 0}
    parameter = deployment.client("ssm").get_parameter(Name=traffic["parameter_name"])["Parameter"]
    assert parameter["ARN"] == traffic["parameter_arn"]
    assert parameter["Type"] == "String"
    assert json.loads(parameter["Value"]) == {
        "version": 1,
        "phase": "initial",
        "weights": {"blue": 100, "green": 0},
        "capacity": {"blue": True, "green": True},
        "revision": 0,
        "history": [],
    }


@pytest.mark.requirement("APP-4")
def test_the_preview_header_leads_to_the_idle_color_only(deployment: Deployment) -> None:
    lb, traffic = deployment.outputs["load_balancer"], deployment.outputs["traffic"]
    by_arn = rules(deployment)
    preview = by_arn[lb["preview_rule_arn"]]
    (condition,) = preview["Conditions"]
    assert lb["preview_header"] == {"header": "X-Preview", "value": "idle"}
    assert condition["HttpHeaderConfig"] == {"HttpHeaderName": "X-Preview", "Values": ["idle"]}
    (action,) = preview["Actions"]
    assert traffic["idle_color"] == "green"
    green = deployment.outputs["compute"]["target_group_arns"]["green"]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", green)
    first, then = (
        int(by_arn[lb[name]]["Priority"]) for name in ("preview_rule_arn", "traffic_rule_arn")
    )
    assert first < then


@pytest.mark.requirement("APP-2")
def test_both_target_groups_ask_for_health_on_the_application_port(deployment: Deployment) -> None:
    compute, vpc = deployment.outputs["compute"], deployment.outputs["vpc"]
    assert set(compute["target_group_arns"]) == {"blue", "green"}
    elb = deployment.client("elbv2")
    for color, arn in compute["target_group_arns"].items():
        (group,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
        assert group["TargetGroupName"] == compute["target_group_names"][color]
        assert arn.endswith(f":{compute['target_group_arn_suffixes'][color]}")
        assert (group["Protocol"], group["Port"]) == ("HTTP", 8080)
        assert group["TargetType"] == "instance"
        assert group["VpcId"] == vpc["vpc_id"]
        assert set(group["LoadBalancerArns"]) == {deployment.outputs["load_balancer"]["arn"]}
        assert group["HealthCheckEnabled"] is True
        assert group["HealthCheckPath"] == "/health"
        assert (group["HealthCheckProtocol"], group["HealthCheckPort"]) == ("HTTP", "traffic-port")
        assert group["Matcher"] == {"HttpCode": "200"}
        assert group["HealthCheckTimeoutSeconds"] < group["HealthCheckIntervalSeconds"] <= 15
        found = pairs(elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
        assert found["deregistration_delay.timeout_seconds"] == "30"
        assert found["slow_start.duration_seconds"] == "30"
        assert found["stickiness.enabled"] == "false"


@pytest.mark.requirement("APP-2", "APP-3", "STK-2")
def test_every_instance_is_a_target_of_its_own_color_only(deployment: Deployment) -> None:
    compute = deployment.outputs["compute"]
    elb, scaling = deployment.client("elbv2"), deployment.client("autoscaling")
    seen: set[str] = set()
    for color, arn in compute["target_group_arns"].items():
        name = compute["autoscaling_group_names"][color]
        answer = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        (group,) = answer["AutoScalingGroups"]
        instances = {instance["InstanceId"] for instance in group["Instances"]}
        described = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        targets = {each["Target"]["Id"] for each in described}
        assert targets == instances
        assert {each["Target"]["Port"] for each in described} == {8080}
        assert len(targets) == INSTANCES[deployment.name]
        assert not targets & seen
        seen |= targets
