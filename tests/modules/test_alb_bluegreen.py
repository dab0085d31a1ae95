"""The module ``alb-bluegreen``: load balancer, two colors, traffic record.

Which target group a weight, a policy or a group belongs to is unknown until apply;
``modules/alb-bluegreen/tests/traffic.tftest.hcl`` asserts it with made-up ids.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT_ID = "123456789012"
COLORS = ("blue", "green")
MODULE = Path(__file__).parents[2] / "modules" / "alb-bluegreen"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/11111111-2222-3333-4444-555555555555"
LOGS_KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/66666666-7777-8888-9999-000000000000"
ROLE_ARN = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/"
    "AWSServiceRoleForAutoScaling_payments-dev"
)
PROFILE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/payments-dev-application"
WEB_ACL_ARN = f"arn:aws:wafv2:eu-west-1:{ACCOUNT_ID}:regional/webacl/payments-dev/1b2c3d4e"
ZONE_ID = "Z0123456789ABCDEFGHIJ"
SMALLEST: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "ami_id": "ami-0a1b2c3d4e5f60718",
    "application": {"metric_namespace": "payments-dev"},
    "autoscaling_role_arn": ROLE_ARN,
    "domain": {"name": "pay.example.com", "zone_id": ZONE_ID},
    "instance_profile_arn": PROFILE_ARN,
    "kms_key_arn": KEY_ARN,
    "logs_kms_key_arn": LOGS_KEY_ARN,
    "prefix": "payments-dev",
    "private_subnet_ids": {"eu-west-1a": "subnet-0a1", "eu-west-1b": "subnet-0b1"},
    "public_subnet_ids": {"eu-west-1a": "subnet-0a0", "eu-west-1b": "subnet-0b0"},
    "region": "eu-west-1",
    "security_group_ids": {"application": "sg-0a1", "load_balancer": "sg-0a0"},
    "tags": TAGS,
    "vpc_id": "vpc-0a1b2c3d",
    "web_acl_arn": WEB_ACL_ARN,
}
ARTIFACT = {
    "bucket": "payments-prod-data",
    "key": "uploads/releases/1.4.2.tar.gz",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "start": "bin/serve",
}
PRODUCTION: dict[str, Any] = {
    **SMALLEST,
    "access_log_retention_in_days": 400,
    "application": {
        "artifact": ARTIFACT,
        "environment": {"DATABASE_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:x"},
        "metric_namespace": "payments-prod",
    },
    "colors": {
        "blue": {"desired": 4, "max": 8, "min": 3},
        "green": {"desired": 6, "instance_type": "m5.xlarge", "max": 12, "min": 5},
    },
    "domain": {
        "alternative_names": ["www.pay.example.com"],
        "name": "pay.example.com",
        "zone_id": ZONE_ID,
    },
    "prefix": "payments-prod",
    "private_subnet_ids": {f"eu-west-1{zone}": f"subnet-0{zone}1" for zone in "abc"},
    "public_subnet_ids": {f"eu-west-1{zone}": f"subnet-0{zone}0" for zone in "abc"},
    "traffic": {"phase": "half"},
}
PREVIEW: dict[str, Any] = {
    **SMALLEST,
    "application": {
        "health_path": "/status/ready",
        "metric_namespace": "payments-gov",
        "port": 9443,
    },
    "deletion_protection": False,
    "log_retention_in_days": 30,
    "partition": "aws-us-gov",
    "prefix": "payments-staging-pr42",
    "region": "us-gov-west-1",
    "root_volume": {"device_name": "/dev/sda1", "size_in_gib": 50},
    "scaling": {
        "cpu_percent": 45,
        "grace_period_in_seconds": 90,
        "requests_per_target": 500,
        "warmup_in_seconds": 60,
    },
    "target_groups": {
        "health_check": {
            "healthy_threshold": 4,
            "interval_in_seconds": 20,
            "timeout_in_seconds": 10,
            "unhealthy_threshold": 5,
        },
        "slow_start_in_seconds": 0,
        "stickiness": {"duration_in_seconds": 900},
    },
    "traffic": {"phase": "complete", "preview": {"header": "X-Pay-Preview", "value": "pr42"}},
}
WRONG: dict[str, Any] = {
    "access_log_retention_in_days": 0,
    "account_id": "12345",
    "ami_id": "al2023",
    "application": {
        "artifact": {"bucket": "X", "key": "$(reboot)", "sha256": "1234", "start": "../sh"},
        "environment": {"API_TOKEN": "a", "PORT": "1", "QUOTED": 'say "x"', "lower": "b"},
        "health_path": "health",
        "metric_namespace": "AWS/EC2",
        "port": 80,
    },
    "autoscaling_role_arn": f"arn:aws:iam::{ACCOUNT_ID}:role/autoscaling",
    "colors": {
        "blue": {"desired": 1, "instance_type": "tiny", "max": 3, "min": 2},
        "green": {"desired": 1, "max": 2, "min": 0},
    },
    "domain": {
        "alternative_names": ["*.example.com"],
        "name": f"{'a' * 60}.example.com",
        "zone_id": ZONE_ID,
    },
    "instance_profile_arn": f"arn:aws:iam::{ACCOUNT_ID}:role/application",
    "kms_key_arn": "alias/data",
    "log_retention_in_days": 42,
    "logs_kms_key_arn": "alias/logs",
    "partition": "aws-cn",
    "prefix": "Payments-staging-with-a-long-suffix",
    "private_subnet_ids": {"eu-west-1a": "subnet-0a1"},
    "public_subnet_ids": {"eu-west-1a": "subnet-0a0", "eu-west-1b": "subnet-0b0"},
    "region": "nowhere",
    "root_volume": {"device_name": "xvda", "size_in_gib": 4},
    "scaling": {"cpu_percent": 95, "grace_period_in_seconds": 4000, "requests_per_target": 0},
    "security_group_ids": {"application": "sg-0a1", "load_balancer": "sg-0a0"},
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
    "target_groups": {
        "health_check": {
            "healthy_threshold": 1,
            "interval_in_seconds": 10,
            "timeout_in_seconds": 10,
        },
        "slow_start_in_seconds": 10,
        "stickiness": {"duration_in_seconds": 604801},
    },
    "traffic": {"phase": "done", "split": "both", "preview": {"header": "Host", "value": "*"}},
    "vpc_id": "10.0.0.0/16",
    "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/payments/1",
}
BELONGS_TO_A_TAGGED_RESOURCE = {
    "aws_acm_certificate_validation",
    "aws_autoscaling_policy",
    "aws_route53_record",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_wafv2_web_acl_association",
}
UNKNOWN = "(known after apply)"

Plan = Any


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("alb-bluegreen").plan(**SMALLEST)


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("alb-bluegreen").plan(**PRODUCTION)


@pytest.fixture(scope="module")
def preview(module_planner: Any) -> Plan:
    return module_planner("alb-bluegreen").plan(**PREVIEW)


@pytest.fixture(scope="module")
def canary(module_planner: Any) -> Plan:
    return module_planner("alb-bluegreen").plan(**SMALLEST, traffic={"phase": "canary"})


@pytest.fixture(scope="module")
def rolled_back(module_planner: Any) -> Plan:
    return module_planner("alb-bluegreen").plan(**SMALLEST, traffic={"phase": "rolled-back"})


@pytest.fixture(params=["smallest", "production", "preview"])
def each_plan(request: pytest.FixtureRequest) -> Plan:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def finished(module_planner: Any) -> Plan:
    """Return the plan over a live record that says complete and takes blue's capacity away."""
    planner = module_planner("alb-bluegreen")
    record = {
        "version": 1,
        "phase": "complete",
        "weights": {"blue": 0, "green": 100},
        "capacity": {"blue": False, "green": True},
        "revision": 4,
        "history": [{"to": "complete"}],
    }
    with live_record(planner, json.dumps(record)):
        return planner.plan(**SMALLEST, refresh=False)


@contextmanager
def live_record(planner: Any, document: str) -> Iterator[None]:
    """Give the planner a state in which the record exists and says ``document``."""
    state = planner.folder / "terraform.tfstate"
    attributes = {
        "arn": f"arn:aws:ssm:eu-west-1:{ACCOUNT_ID}:parameter/payments-dev/traffic",
        "data_type": "text",
        "description": "Traffic shift of payments-dev: phase, weights and capacity",
        "id": "/payments-dev/traffic",
        "insecure_value": document,
        "name": "/payments-dev/traffic",
        "tags": {**TAGS, "Name": "payments-dev-traffic"},
        "tags_all": {**TAGS, "Name": "payments-dev-traffic"},
        "tier": "Standard",
        "type": "String",
        "value": document,
        "version": 5,
    }
    parameter = {
        "module": "module.this",
        "mode": "managed",
        "type": "aws_ssm_parameter",
        "name": "traffic",
        "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
        "instances": [
            {
                "schema_version": 0,
                "attributes": attributes,
                "sensitive_attributes": [
                    [{"type": "get_attr", "value": name}] for name in ("value", "value_wo")
                ],
            }
        ],
    }
    state.write_text(
        json.dumps({"version": 4, "serial": 1, "outputs": {}, "resources": [parameter]})
    )
    try:
        yield
    finally:
        state.unlink()


def values(plan: Plan, address: str) -> dict[str, Any]:
    """Return the planned values of one resource, ``type.name``."""
    found: dict[str, Any] = plan.modules["module.this"].resources[address]["values"]
    return found


def instances(plan: Plan, address: str) -> dict[str, dict[str, Any]]:
    """Return the planned values of all instances of ``type.name``, by their key."""
    return {
        resource["index"]: resource["values"]
        for name, resource in plan.modules["module.this"].resources.items()
        if name.split("[")[0] == address
    }


def planned_outputs(plan: Plan) -> dict[str, Any]:
    """Return the module's outputs, with ``UNKNOWN`` for what only apply can tell."""
    change = plan["output_changes"]["this"]

    def merged(after: Any, unknown: Any) -> Any:
        if unknown is True:
            return UNKNOWN
        if isinstance(unknown, dict):
            known = after or {}
            return {
                key: merged(known.get(key), unknown.get(key, False)) for key in {*known, *unknown}
            }
        return after

    outputs: dict[str, Any] = merged(change["after"], change["after_unknown"])
    return outputs


def user_data(plan: Plan, color: str) -> str:
    template = instances(plan, "aws_launch_template.this")[color]
    return base64.b64decode(template["user_data"]).decode()


# Load balancer


@pytest.mark.requirement("APP-1")
@pytest.mark.parametrize(
    ("configuration", "name", "subnets", "protected"),
    [
        ("smallest", "payments-dev-alb", ["subnet-0a0", "subnet-0b0"], True),
        ("production", "payments-prod-alb", ["subnet-0a0", "subnet-0b0", "subnet-0c0"], True),
        ("preview", "payments-staging-pr42-alb", ["subnet-0a0", "subnet-0b0"], False),
    ],
)
def test_the_load_balancer_is_public_strict_and_protected(
    request: pytest.FixtureRequest,
    configuration: str,
    name: str,
    subnets: list[str],
    *,
    protected: bool,
) -> None:
    balancer = values(request.getfixturevalue(configuration), "aws_lb.this")
    assert balancer["name"] == name
    assert sorted(balancer["subnets"]) == subnets
    assert balancer["security_groups"] == ["sg-0a0"]
    assert balancer["internal"] is False
    assert balancer["load_balancer_type"] == "application"
    assert balancer["drop_invalid_header_fields"] is True
    assert balancer["desync_mitigation_mode"] == "defensive"
    assert balancer["enable_deletion_protection"] is protected


@pytest.mark.requirement("APP-1")
def test_https_asks_for_tls_1_2_and_serves_nothing_by_itself(each_plan: Plan) -> None:
    listener = values(each_plan, "aws_lb_listener.https")
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    (action,) = listener["default_action"]
    assert action["type"] == "fixed-response"
    assert action["fixed_response"][0]["status_code"] == "503"


@pytest.mark.requirement("APP-1")
def test_http_only_redirects(each_plan: Plan) -> None:
    listener = values(each_plan, "aws_lb_listener.http")
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    (action,) = listener["default_action"]
    assert action["type"] == "redirect"
    (redirect,) = action["redirect"]
    assert (redirect["port"], redirect["protocol"]) == ("443", "HTTPS")
    assert redirect["status_code"] == "HTTP_301"
    assert (redirect["host"], redirect["path"], redirect["query"]) == (
        "#{host}",
        "/#{path}",
        "#{query}",
    )


@pytest.mark.requirement("APP-1")
def test_the_web_acl_is_joined_to_the_load_balancer(each_plan: Plan) -> None:
    association = values(each_plan, "aws_wafv2_web_acl_association.this")
    assert association["web_acl_arn"] == WEB_ACL_ARN


@pytest.mark.requirement("APP-1")
def test_each_name_of_the_certificate_is_proved_in_the_zone(
    smallest: Plan, production: Plan
) -> None:
    for plan, names in (
        (smallest, ["pay.example.com"]),
        (production, ["pay.example.com", "www.pay.example.com"]),
    ):
        certificate = values(plan, "aws_acm_certificate.this")
        assert certificate["domain_name"] == "pay.example.com"
        assert sorted(certificate["subject_alternative_names"]) == names
        assert certificate["validation_method"] == "DNS"
        records = instances(plan, "aws_route53_record.validation")
        assert sorted(records) == names
        assert {record["zone_id"] for record in records.values()} == {ZONE_ID}
        assert {record["ttl"] for record in records.values()} == {60}


# Access logs


@pytest.mark.requirement("APP-1")
@pytest.mark.parametrize(
    ("configuration", "bucket", "days", "may_be_emptied"),
    [
        ("smallest", "payments-dev-access-logs-123456789012", 365, False),
        ("production", "payments-prod-access-logs-123456789012", 400, False),
        ("preview", "payments-staging-pr42-access-logs-123456789012", 365, True),
    ],
)
def test_access_logs_go_to_a_private_encrypted_bucket(
    request: pytest.FixtureRequest,
    configuration: str,
    bucket: str,
    days: int,
    *,
    may_be_emptied: bool,
) -> None:
    plan = request.getfixturevalue(configuration)
    (logs,) = values(plan, "aws_lb.this")["access_logs"]
    assert (logs["bucket"], logs["enabled"]) == (bucket, True)

    assert values(plan, "aws_s3_bucket.access_logs")["bucket"] == bucket
    assert values(plan, "aws_s3_bucket.access_logs")["force_destroy"] is may_be_emptied
    block = values(plan, "aws_s3_bucket_public_access_block.access_logs")
    assert {
        name: block[name] for name in block if name.endswith(("acls", "policy", "buckets"))
    } == {
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
    }
    ownership = values(plan, "aws_s3_bucket_ownership_controls.access_logs")["rule"]
    assert ownership == [{"object_ownership": "BucketOwnerEnforced"}]
    versioning = values(plan, "aws_s3_bucket_versioning.access_logs")
    assert versioning["versioning_configuration"][0]["status"] == "Enabled"
    encryption = values(plan, "aws_s3_bucket_server_side_encryption_configuration.access_logs")
    (default,) = encryption["rule"][0]["apply_server_side_encryption_by_default"]
    assert default["sse_algorithm"] == "AES256"

    (rule,) = values(plan, "aws_s3_bucket_lifecycle_configuration.access_logs")["rule"]
    assert rule["status"] == "Enabled"
    assert rule["expiration"][0]["days"] == days
    assert rule["noncurrent_version_expiration"][0]["noncurrent_days"] == 30
    assert rule["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 7}]


@pytest.mark.requirement("APP-1")
@pytest.mark.parametrize(
    ("configuration", "prefix", "partition", "region"),
    [
        ("smallest", "payments-dev", "aws", "eu-west-1"),
        ("preview", "payments-staging-pr42", "aws-us-gov", "us-gov-west-1"),
    ],
)
def test_only_this_load_balancer_may_write_to_the_bucket_and_only_by_tls(
    request: pytest.FixtureRequest, configuration: str, prefix: str, partition: str, region: str
) -> None:
    plan = request.getfixturevalue(configuration)
    bucket = f"arn:{partition}:s3:::{prefix}-access-logs-{ACCOUNT_ID}"
    assert json.loads(values(plan, "aws_s3_bucket_policy.access_logs")["policy"])["Statement"] == [
        {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/{ACCOUNT_ID}/*",
            "Condition": {
                "ArnLike": {
                    "aws:SourceArn": (
                        f"arn:{partition}:elasticloadbalancing:{region}:{ACCOUNT_ID}:"
                        f"loadbalancer/app/{prefix}-alb/*"
                    )
                },
                "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            },
        },
    ]


# Target groups


@pytest.mark.requirement("APP-2")
@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize(
    ("configuration", "prefix", "port", "check", "slow_start", "sticky"),
    [
        ("smallest", "payments-dev", 8080, ("/health", 15, 5, 2, 3), 30, (False, 86400)),
        ("preview", "payments-staging-pr42", 9443, ("/status/ready", 20, 10, 4, 5), 0, (True, 900)),
    ],
)
def test_a_target_group_checks_the_health_of_its_color(
    request: pytest.FixtureRequest,
    *,
    configuration: str,
    color: str,
    prefix: str,
    port: int,
    check: tuple[str, int, int, int, int],
    slow_start: int,
    sticky: tuple[bool, int],
) -> None:
    group = instances(request.getfixturevalue(configuration), "aws_lb_target_group.this")[color]
    assert group["name"] == f"{prefix}-{color}"
    assert (group["port"], group["protocol"], group["target_type"]) == (port, "HTTP", "instance")
    assert group["vpc_id"] == "vpc-0a1b2c3d"
    assert int(group["deregistration_delay"]) == 30
    assert group["slow_start"] == slow_start
    (found,) = group["health_check"]
    assert (
        found["path"],
        found["interval"],
        found["timeout"],
        found["healthy_threshold"],
        found["unhealthy_threshold"],
    ) == check
    assert (found["port"], found["protocol"], found["matcher"]) == ("traffic-port", "HTTP", "200")
    (stickiness,) = group["stickiness"]
    assert (stickiness["enabled"], stickiness["cookie_duration"]) == sticky
    assert stickiness["type"] == "lb_cookie"


@pytest.mark.requirement("APP-2")
def test_stickiness_holds_no_client_to_a_color(smallest: Plan, preview: Plan) -> None:
    def held(plan: Plan) -> Any:
        (action,) = values(plan, "aws_lb_listener_rule.traffic")["action"]
        return action["forward"][0]["stickiness"]

    assert held(smallest) == []
    assert held(preview) == [{"duration": 1, "enabled": True}]


# Instances


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize(
    ("configuration", "types", "volume"),
    [
        ("smallest", {"blue": "t3.micro", "green": "m5.large"}, ("/dev/xvda", 20)),
        ("production", {"blue": "t3.micro", "green": "m5.xlarge"}, ("/dev/xvda", 20)),
        ("preview", {"blue": "t3.micro", "green": "m5.large"}, ("/dev/sda1", 50)),
    ],
)
def test_instances_are_closed_encrypted_and_watched(
    request: pytest.FixtureRequest,
    configuration: str,
    types: dict[str, str],
    volume: tuple[str, int],
) -> None:
    templates = instances(request.getfixturevalue(configuration), "aws_launch_template.this")
    assert {color: template["instance_type"] for color, template in templates.items()} == types
    for template in templates.values():
        assert template["image_id"] == "ami-0a1b2c3d4e5f60718"
        assert template["update_default_version"] is True
        assert template["iam_instance_profile"] == [{"arn": PROFILE_ARN, "name": None}]
        assert template["monitoring"] == [{"enabled": True}]
        (metadata,) = template["metadata_options"]
        assert metadata["http_tokens"] == "required"
        assert metadata["http_put_response_hop_limit"] == 1
        (interface,) = template["network_interfaces"]
        assert interface["associate_public_ip_address"] == "false"
        assert interface["security_groups"] == ["sg-0a1"]
        (device,) = template["block_device_mappings"]
        (disk,) = device["ebs"]
        assert (device["device_name"], disk["volume_size"]) == volume
        assert (disk["volume_type"], disk["encrypted"]) == ("gp3", "true")
        assert (disk["kms_key_id"], disk["delete_on_termination"]) == (KEY_ARN, "true")


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize(
    ("configuration", "sizes", "subnets", "warmup", "grace"),
    [
        (
            "smallest",
            {"blue": (2, 3, 6), "green": (2, 3, 6)},
            ["subnet-0a1", "subnet-0b1"],
            120,
            300,
        ),
        (
            "production",
            {"blue": (3, 4, 8), "green": (5, 6, 12)},
            ["subnet-0a1", "subnet-0b1", "subnet-0c1"],
            120,
            300,
        ),
        (
            "preview",
            {"blue": (2, 3, 6), "green": (2, 3, 6)},
            ["subnet-0a1", "subnet-0b1"],
            60,
            90,
        ),
    ],
)
def test_a_group_per_color_spreads_over_the_zones_and_replaces_what_fails(
    request: pytest.FixtureRequest,
    *,
    configuration: str,
    sizes: dict[str, tuple[int, int, int]],
    subnets: list[str],
    warmup: int,
    grace: int,
) -> None:
    groups = instances(request.getfixturevalue(configuration), "aws_autoscaling_group.this")
    assert {
        color: (group["min_size"], group["desired_capacity"], group["max_size"])
        for color, group in groups.items()
    } == sizes
    for group in groups.values():
        assert sorted(group["vpc_zone_identifier"]) == subnets
        assert group["health_check_type"] == "ELB"
        assert group["health_check_grace_period"] == grace
        assert group["default_instance_warmup"] == warmup
        assert group["service_linked_role_arn"] == ROLE_ARN
        assert group["wait_for_capacity_timeout"] == "0"
        assert group["termination_policies"] == ["OldestLaunchTemplate", "Default"]
        assert {"GroupInServiceInstances", "GroupDesiredCapacity"} <= set(group["enabled_metrics"])


@pytest.mark.requirement("APP-3")
def test_new_instances_come_before_old_ones_go_and_failures_go_back(each_plan: Plan) -> None:
    for group in instances(each_plan, "aws_autoscaling_group.this").values():
        (refresh,) = group["instance_refresh"]
        assert refresh["strategy"] == "Rolling"
        (preferences,) = refresh["preferences"]
        assert preferences["auto_rollback"] is True
        assert preferences["min_healthy_percentage"] == 100
        assert preferences["max_healthy_percentage"] == 150


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize(
    ("configuration", "cpu", "requests"), [("smallest", 60, 1000), ("preview", 45, 500)]
)
def test_each_color_scales_by_cpu_and_by_requests(
    request: pytest.FixtureRequest, configuration: str, cpu: int, requests: int
) -> None:
    plan = request.getfixturevalue(configuration)
    for name, metric, target in (
        ("cpu", "ASGAverageCPUUtilization", cpu),
        ("requests", "ALBRequestCountPerTarget", requests),
    ):
        policies = instances(plan, f"aws_autoscaling_policy.{name}")
        assert set(policies) == set(COLORS)
        for color, policy in policies.items():
            assert policy["autoscaling_group_name"].endswith(f"-{color}")
            assert policy["policy_type"] == "TargetTrackingScaling"
            (tracking,) = policy["target_tracking_configuration"]
            assert tracking["target_value"] == target
            (predefined,) = tracking["predefined_metric_specification"]
            assert predefined["predefined_metric_type"] == metric


@pytest.mark.requirement("APP-3", "MON-4")
def test_the_groups_instances_log_to_are_theirs_kept_and_encrypted(
    smallest: Plan, preview: Plan
) -> None:
    for plan, prefix, days in (
        (smallest, "payments-dev", 365),
        (preview, "payments-staging-pr42", 30),
    ):
        groups = instances(plan, "aws_cloudwatch_log_group.this")
        assert {
            name: (group["name"], group["retention_in_days"], group["kms_key_id"])
            for name, group in groups.items()
        } == {
            "application": (f"/{prefix}/application", days, LOGS_KEY_ARN),
            "bootstrap": (f"/{prefix}/bootstrap", days, LOGS_KEY_ARN),
        }


# User data, run in a folder that stands for the root of an instance


@dataclass(frozen=True)
class Boot:
    """An instance after its first boot: exit status, commands it called, and its files."""

    returncode: int
    commands: list[str]
    root: Path

    def file(self, path: str) -> str:
        return (self.root / path).read_text().replace(str(self.root), "")


STUBBED = ("amazon-cloudwatch-agent-ctl", "aws", "dnf", "sleep", "systemctl", "useradd")


def booted(script: str, root: Path, *, artifact: Path | None = None, failures: int = 0) -> Boot:
    """Run user data with its paths below ``root`` and the commands of the system recorded.

    Args:
        script: User data as text.
        root: Empty folder.
        artifact: What ``aws s3 cp`` fetches.
        failures: How often ``aws`` and ``dnf`` fail before they work.
    """
    for folder in ("bin", "etc/logrotate.d", "etc/systemd/system", "tmp", "var/log"):
        (root / folder).mkdir(parents=True)
    stub = f"""#!/bin/bash
echo "$(basename "$0") $*" >> {root}/commands
case "$(basename "$0")" in aws|dnf)
  echo >> {root}/tries
  if [ "$(wc -l < {root}/tries)" -le {failures} ]; then exit 1; fi
esac
if [ "$(basename "$0")" = aws ]; then cp {artifact} "${{@: -1}}"; fi
"""
    for name in STUBBED:
        (root / "bin" / name).write_text(stub)
        (root / "bin" / name).chmod(0o755)
    moved = re.sub(r"(?<![\w.-])/(etc|srv|tmp|var)/", rf"{root}/\1/", script)
    ended = subprocess.run(
        ["bash"],
        input=moved,
        env={"PATH": f"{root}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    commands = (root / "commands").read_text().replace(str(root), "").splitlines()
    return Boot(ended.returncode, commands, root)


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("color", COLORS)
def test_an_instance_without_artifact_starts_the_responder(
    smallest: Plan, tmp_path: Path, color: str
) -> None:
    boot = booted(user_data(smallest, color), tmp_path)
    assert boot.returncode == 0
    assert boot.file("etc/application.env") == (
        f'AWS_REGION="eu-west-1"\nCOLOR="{color}"\nHEALTH_PATH="/health"\n'
        'METRIC_NAMESPACE="payments-dev"\nPORT="8080"\n'
    )
    unit = boot.file("etc/systemd/system/application.service").splitlines()
    assert "ExecStart=/usr/bin/python3 -u /srv/application/responder.py" in unit
    assert "EnvironmentFile=/etc/application.env" in unit
    assert "User=application" in unit
    assert "StandardOutput=append:/var/log/application/application.log" in unit
    installed = boot.file("srv/application/responder.py")
    assert installed == (MODULE / "templates" / "responder.py").read_text()


@pytest.mark.requirement("APP-3")
def test_the_application_starts_before_the_agent_is_installed(
    smallest: Plan, tmp_path: Path
) -> None:
    assert booted(user_data(smallest, "blue"), tmp_path).commands == [
        "useradd --system --no-create-home --shell /sbin/nologin application",
        "systemctl daemon-reload",
        "systemctl enable --now application.service",
        "dnf install --assumeyes amazon-cloudwatch-agent logrotate",
        "amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/etc/application-agent.json",
    ]


@pytest.mark.requirement("APP-3")
def test_an_instance_waits_for_a_network_that_comes_up_late(smallest: Plan, tmp_path: Path) -> None:
    boot = booted(user_data(smallest, "blue"), tmp_path, failures=3)
    assert boot.returncode == 0
    assert boot.commands.count("sleep 15") == 3


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("color", COLORS)
def test_the_agent_reports_to_the_namespace_and_the_log_groups(
    production: Plan, tmp_path: Path, color: str
) -> None:
    script = user_data(production, color).replace(ARTIFACT["sha256"], digest(tmp_path))
    boot = booted(script, tmp_path / "root", artifact=tmp_path / "artifact.tar.gz")
    agent = json.loads(boot.file("etc/application-agent.json"))
    assert agent["metrics"]["namespace"] == "payments-prod"
    assert agent["metrics"]["aggregation_dimensions"] == [["AutoScalingGroupName"]]
    assert agent["metrics"]["append_dimensions"] == {"InstanceId": "${aws:InstanceId}"}
    assert {
        name: (metric["measurement"], metric["append_dimensions"])
        for name, metric in agent["metrics"]["metrics_collected"].items()
    } == {
        "disk": (["used_percent"], {"AutoScalingGroupName": f"payments-prod-{color}"}),
        "mem": (["mem_used_percent"], {"AutoScalingGroupName": f"payments-prod-{color}"}),
    }
    assert agent["logs"]["logs_collected"]["files"]["collect_list"] == [
        {
            "file_path": "/var/log/application/application.log",
            "log_group_name": "/payments-prod/application",
            "log_stream_name": f"{color}/{{instance_id}}",
        },
        {
            "file_path": "/var/log/cloud-init-output.log",
            "log_group_name": "/payments-prod/bootstrap",
            "log_stream_name": f"{color}/{{instance_id}}",
        },
    ]


def digest(folder: Path) -> str:
    """Make an artifact with the program ``bin/serve`` in the folder; return its SHA-256."""
    program = folder / "serve"
    program.write_text("#!/bin/sh\n")
    with tarfile.open(folder / "artifact.tar.gz", "w:gz") as archive:
        archive.add(program, "bin/serve")
    return hashlib.sha256((folder / "artifact.tar.gz").read_bytes()).hexdigest()


@pytest.mark.requirement("APP-3")
def test_an_instance_runs_the_artifact_with_the_digest_asked_for(
    production: Plan, tmp_path: Path
) -> None:
    script = user_data(production, "green").replace(ARTIFACT["sha256"], digest(tmp_path))
    boot = booted(script, tmp_path / "root", artifact=tmp_path / "artifact.tar.gz")
    assert boot.returncode == 0
    assert boot.commands[1] == (
        "aws s3 cp --only-show-errors --region eu-west-1 "
        "s3://payments-prod-data/uploads/releases/1.4.2.tar.gz /tmp/application.tar.gz"
    )
    assert boot.file("srv/application/bin/serve") == "#!/bin/sh\n"
    unit = boot.file("etc/systemd/system/application.service").splitlines()
    assert "ExecStart=/srv/application/bin/serve" in unit
    assert 'DATABASE_SECRET_ARN="arn:aws:secretsmanager:eu-west-1:1:secret:x"' in boot.file(
        "etc/application.env"
    )


@pytest.mark.requirement("APP-3")
def test_an_instance_refuses_an_artifact_with_another_digest(
    production: Plan, tmp_path: Path
) -> None:
    digest(tmp_path)
    boot = booted(
        user_data(production, "green"), tmp_path / "root", artifact=tmp_path / "artifact.tar.gz"
    )
    assert boot.returncode != 0
    assert not any(command.startswith("systemctl") for command in boot.commands)
    assert list((tmp_path / "root" / "srv" / "application").iterdir()) == []


@pytest.mark.requirement("APP-3")
def test_user_data_fits_its_limit_of_16_kib(each_plan: Plan) -> None:
    assert all(len(user_data(each_plan, color)) < 16 * 1024 * 3 // 4 for color in COLORS)


@pytest.mark.requirement("APP-3")
def test_the_responder_answers_the_health_path_and_nothing_else() -> None:
    responder = MODULE / "templates" / "responder.py"
    ast.parse(responder.read_text(), feature_version=(3, 9))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"COLOR": "green", "HEALTH_PATH": "/status/ready", "PORT": str(port)}
    process = subprocess.Popen(
        ["python3", str(responder)],
        env={**environment, "PATH": os.environ["PATH"]},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        answers = [
            answer(port, method, path)
            for method, path in (
                ("GET", "/status/ready"),
                ("GET", "/status/ready?deep=1"),
                ("HEAD", "/status/ready"),
                ("GET", "/health"),
            )
        ]
    finally:
        process.terminate()
        _, log = process.communicate(timeout=10)
    assert answers == [
        (200, '{"status": "ok", "color": "green"}'),
        (200, '{"status": "ok", "color": "green"}'),
        (200, ""),
        (404, '{"status": "not found"}'),
    ]
    (line,) = log.splitlines()
    assert '"GET /health HTTP/1.1" 404' in line


def answer(port: int, method: str, path: str) -> tuple[int, str]:
    deadline = time.monotonic() + 20
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        finally:
            connection.close()


# Traffic

PHASES = {
    "smallest": ("initial", 100, 0, "green", "not started"),
    "canary": ("canary", 90, 10, "green", "in progress"),
    "production": ("half", 50, 50, "green", "in progress"),
    "preview": ("complete", 0, 100, "blue", "complete"),
    "rolled_back": ("rolled-back", 100, 0, "green", "rolled back"),
    "finished": ("complete", 0, 100, "blue", "complete"),
}


@pytest.mark.requirement("APP-4", "TRF-1", "TRF-2")
@pytest.mark.parametrize("configuration", PHASES)
def test_weights_phase_and_status_follow_the_record(
    request: pytest.FixtureRequest, configuration: str
) -> None:
    plan = request.getfixturevalue(configuration)
    phase, blue, green, idle, status = PHASES[configuration]
    (action,) = values(plan, "aws_lb_listener_rule.traffic")["action"]
    assert action["type"] == "forward"
    (forward,) = action["forward"]
    weights = sorted(group["weight"] for group in forward["target_group"])
    assert weights == sorted([blue, green])
    outputs = planned_outputs(plan)
    assert outputs["traffic_weights"] == {"blue": blue, "green": green}
    assert outputs["migration_phase"] == phase
    assert outputs["migration_status"] == status
    assert outputs["idle_color"] == idle


@pytest.mark.requirement("TRF-2")
@pytest.mark.parametrize("configuration", ["smallest", "canary", "production", "rolled_back"])
def test_the_record_is_created_complete_and_readable(
    request: pytest.FixtureRequest, configuration: str
) -> None:
    phase, blue, green, _, _ = PHASES[configuration]
    parameter = values(request.getfixturevalue(configuration), "aws_ssm_parameter.traffic")
    assert re.fullmatch(r"/payments-(dev|prod)/traffic", parameter["name"])
    assert parameter["type"] == "String"
    assert json.loads(parameter["insecure_value"]) == {
        "version": 1,
        "phase": phase,
        "weights": {"blue": blue, "green": green},
        "capacity": {"blue": True, "green": True},
        "revision": 0,
        "history": [],
    }


@pytest.mark.requirement("TRF-2")
def test_a_plan_leaves_the_live_record_alone(finished: Plan) -> None:
    (change,) = [
        change
        for change in finished["resource_changes"]
        if change["address"] == "module.this.aws_ssm_parameter.traffic"
    ]
    assert change["change"]["actions"] == ["no-op"]


@pytest.mark.requirement("TRF-5")
def test_both_colors_have_capacity_until_the_record_takes_it_away(
    smallest: Plan, preview: Plan, finished: Plan
) -> None:
    def capacity(plan: Plan) -> dict[str, tuple[int, int, int]]:
        groups = instances(plan, "aws_autoscaling_group.this")
        return {
            color: (group["min_size"], group["desired_capacity"], group["max_size"])
            for color, group in groups.items()
        }

    assert capacity(smallest) == capacity(preview) == {"blue": (2, 3, 6), "green": (2, 3, 6)}
    assert capacity(finished) == {"blue": (0, 0, 0), "green": (2, 3, 6)}
    assert planned_outputs(smallest)["color_capacity"] == {"blue": True, "green": True}
    assert planned_outputs(finished)["color_capacity"] == {"blue": False, "green": True}


@pytest.mark.requirement("APP-4")
@pytest.mark.parametrize(
    ("configuration", "header", "value"),
    [("smallest", "X-Preview", "idle"), ("preview", "X-Pay-Preview", "pr42")],
)
def test_the_preview_header_is_looked_at_before_the_weights(
    request: pytest.FixtureRequest, configuration: str, header: str, value: str
) -> None:
    plan = request.getfixturevalue(configuration)
    looked_at = values(plan, "aws_lb_listener_rule.preview")
    everything = values(plan, "aws_lb_listener_rule.traffic")
    assert looked_at["priority"] < everything["priority"]
    (condition,) = looked_at["condition"]
    (found,) = condition["http_header"]
    assert (found["http_header_name"], found["values"]) == (header, [value])
    (action,) = looked_at["action"]
    assert (action["type"], action["forward"]) == ("forward", [])
    (condition,) = everything["condition"]
    assert condition["path_pattern"] == [{"values": ["/*"]}]


GOOD = {
    "version": 1,
    "phase": "canary",
    "weights": {"blue": 90, "green": 10},
    "capacity": {"blue": True, "green": True},
}


@pytest.mark.requirement("TRF-2", "STK-3")
@pytest.mark.parametrize(
    ("document", "messages"),
    [
        (
            "weights=90/10",
            [
                "must be a JSON document with version 1; it is: weights=90/10.",
                "must be initial, canary, half, complete or rolled-back; the record is: weights",
                "for blue and green that add up to 100; the record is: weights",
                "true or false for blue and green, and true for a color that has weight;",
            ],
        ),
        (
            json.dumps({**GOOD, "phase": "most", "weights": {"blue": 90, "green": 20}}),
            [
                "The phase of the traffic record /payments-dev/traffic must be initial, canary,",
                "The weights of the traffic record /payments-dev/traffic must be whole numbers",
            ],
        ),
        (
            json.dumps({**GOOD, "version": 2, "weights": {"blue": 99.5, "green": 0.5}}),
            ["must be a JSON document with version 1", "must be whole numbers from 0 to 100"],
        ),
        (
            json.dumps({**GOOD, "capacity": {"blue": True, "green": False}}),
            ["The capacity of the traffic record /payments-dev/traffic must be true or false"],
        ),
    ],
    ids=["no-json", "phase-and-sum", "version-and-fraction", "weight-without-capacity"],
)
def test_a_broken_record_is_refused_by_what_is_wrong_with_it(
    module_planner: Any, document: str, messages: list[str]
) -> None:
    planner = module_planner("alb-bluegreen")
    with live_record(planner, document):
        text = planner.refused(**SMALLEST, refresh=False)
    assert [message for message in messages if message not in text] == []
    assert text.count("Error:") == len(messages)


# All of them


@pytest.mark.requirement("STK-5")
def test_every_resource_and_every_instance_is_tagged(each_plan: Plan) -> None:
    tagged = 0
    for address, resource in each_plan.modules["module.this"].resources.items():
        if resource["type"] in BELONGS_TO_A_TAGGED_RESOURCE:
            assert "tags" not in resource["values"], address
            continue
        if resource["type"] == "aws_autoscaling_group":
            assert all(tag["propagate_at_launch"] for tag in resource["values"]["tag"])
            tags = {tag["key"]: tag["value"] for tag in resource["values"]["tag"]}
        else:
            tags = resource["values"]["tags"]
        assert {key: tags[key] for key in TAGS} == TAGS, address
        assert tags["Name"], address
        tagged += 1
    assert tagged == 16
    for color, template in instances(each_plan, "aws_launch_template.this").items():
        kinds = {spec["resource_type"]: spec["tags"] for spec in template["tag_specifications"]}
        assert set(kinds) == {"instance", "network-interface", "volume"}
        for tags in kinds.values():
            assert {key: tags[key] for key in TAGS} == TAGS
            assert tags["Color"] == color


@pytest.mark.requirement("STK-6")
def test_names_of_a_preview_fit_their_limits(preview: Plan) -> None:
    groups = instances(preview, "aws_lb_target_group.this").values()
    names = [group["name"] for group in groups] + [values(preview, "aws_lb.this")["name"]]
    assert sorted(names) == [
        "payments-staging-pr42-alb",
        "payments-staging-pr42-blue",
        "payments-staging-pr42-green",
    ]
    assert max(map(len, names)) <= 32
    assert len(values(preview, "aws_s3_bucket.access_logs")["bucket"]) <= 63


@pytest.mark.requirement("STK-7", "TRF-1")
def test_outputs_name_what_other_modules_and_tap_need(production: Plan) -> None:
    by_color = dict.fromkeys(COLORS, UNKNOWN)
    assert planned_outputs(production) == {
        "access_log_bucket_arn": UNKNOWN,
        "access_log_bucket_name": "payments-prod-access-logs-123456789012",
        "application_log_group_arns": {"application": UNKNOWN, "bootstrap": UNKNOWN},
        "application_log_group_names": {
            "application": "/payments-prod/application",
            "bootstrap": "/payments-prod/bootstrap",
        },
        "application_port": 8080,
        "autoscaling_group_arns": by_color,
        "autoscaling_group_names": {color: f"payments-prod-{color}" for color in COLORS},
        "autoscaling_group_sizes": {
            "blue": {"desired": 4, "max": 8, "min": 3},
            "green": {"desired": 6, "max": 12, "min": 5},
        },
        "certificate_arn": UNKNOWN,
        "color_capacity": {"blue": True, "green": True},
        "domain_name": "pay.example.com",
        "health_path": "/health",
        "http_listener_arn": UNKNOWN,
        "https_listener_arn": UNKNOWN,
        "idle_color": "green",
        "launch_template_ids": by_color,
        "launch_template_versions": by_color,
        "load_balancer_arn": UNKNOWN,
        "load_balancer_arn_suffix": UNKNOWN,
        "load_balancer_dns_name": UNKNOWN,
        "load_balancer_name": "payments-prod-alb",
        "load_balancer_zone_id": UNKNOWN,
        "migration_phase": "half",
        "migration_status": "in progress",
        "preview_header": {"header": "X-Preview", "value": "idle"},
        "preview_rule_arn": UNKNOWN,
        "target_group_arn_suffixes": by_color,
        "target_group_arns": by_color,
        "target_group_names": {color: f"payments-prod-{color}" for color in COLORS},
        "traffic_parameter_arn": UNKNOWN,
        "traffic_parameter_name": "/payments-prod/traffic",
        "traffic_rule_arn": UNKNOWN,
        "traffic_weights": {"blue": 50, "green": 50},
    }


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    """Return the errors of plans that break every rule for inputs.

    The rules of private subnets look at the public ones and are not asked while those are wrong.
    """
    planner = module_planner("alb-bluegreen")
    return " ".join(
        [
            planner.refused(**WRONG),
            planner.refused(
                **{
                    **SMALLEST,
                    "private_subnet_ids": {"eu-west-1a": "subnet-0a1", "eu-west-1d": "subnet-0d1"},
                }
            ),
            planner.refused(**{**SMALLEST, "public_subnet_ids": {"eu-west-1a": "subnet-0a0"}}),
        ]
    )


@pytest.mark.requirement("STK-3", "APP-1", "APP-2", "APP-3", "APP-4", "TRF-1")
@pytest.mark.parametrize(
    "message",
    [
        "access_log_retention_in_days must be a whole number from 1 to 3653; got 0.",
        'account_id must be 12 digits; got "12345".',
        ('ami_id must be the id of a machine image, such as ami-0a1b2c3d4e5f60718; got "al2023".'),
        'must not start with "AWS/", which belongs to AWS; got "AWS/EC2".',
        (
            "application.port must be a whole number from 1024 to 65535, because the application "
            "does not run as root; got 80."
        ),
        'letters, digits and / _ . -, such as "/health"; got "health".',
        "METRIC_NAMESPACE or PORT, which the module sets; got: PORT, lower.",
        "(such as DATABASE_SECRET_ARN) and read it at run time; got: API_TOKEN.",
        "no double quote, backslash or line break; got such values of: QUOTED.",
        'lower-case letters, digits, dots and hyphens; got "X".',
        'that ends with ".tar.gz", such as "releases/1.4.2.tar.gz"; got "$(reboot)".',
        'must be the SHA-256 of the artifact, 64 lower-case hexadecimal digits; got "1234".',
        'without parts that start with a dot, such as "bin/start"; got "../sh".',
        (
            "autoscaling_role_arn must be the ARN of a service-linked role of Auto Scaling, such "
            "as arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/"
            "AWSServiceRoleForAutoScaling_payments-prod; got "
            '"arn:aws:iam::123456789012:role/autoscaling".'
        ),
        (
            "colors instance_type must be the name of an EC2 instance type, such as t3.micro or "
            "m5.large; got: blue=tiny."
        ),
        "got: blue min=2, desired=1, max=3; green min=0, desired=1, max=2.",
        (
            "domain names must be lower-case host names with at least two labels and no wildcard, "
            "such as pay.example.com; got: *.example.com."
        ),
        "at most 64 characters, the limit of a certificate's common name; got 72: aaaa",
        'got "arn:aws:iam::123456789012:role/application".',
        'got "alias/data".',
        "3288 or 3653; got 42.",
        'got "alias/logs".',
        (
            "partition must be aws or aws-us-gov (service principals of other partitions have "
            'other names); got "aws-cn".'
        ),
        (
            "prefix must be 3 to 40 lower-case letters, digits and hyphens, starting with a letter "
            'and not ending with a hyphen; got "Payments-staging-with-a-long-suffix".'
        ),
        (
            "prefix must have at most 26 characters, so that the target group <prefix>-green fits "
            "the 32 of Elastic Load Balancing; got 35: Payments-staging-with-a-long-suffix."
        ),
        ("private_subnet_ids must hold subnets of 2 to 6 availability zones; got 1: eu-west-1a."),
        "because a load balancer sends nothing to zones it is not in; got others: eu-west-1d.",
        "public_subnet_ids must hold subnets of 2 to 6 availability zones; got 1: eu-west-1a.",
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        'root_volume.device_name must be a device, such as /dev/xvda; got "xvda".',
        "(the size of the Amazon Linux 2023 image) to 16384; got 4.",
        "scaling.cpu_percent must be 10 to 90; got 95.",
        "scaling.requests_per_target must be at least 1 request per instance and minute; got 0.",
        "must be whole numbers from 0 to 3600; got 4000 and 120.",
        (
            "tags must have the keys CostCenter, Environment, ManagedBy, Owner and Project; "
            "missing: CostCenter, ManagedBy."
        ),
        "unhealthy_threshold must be whole numbers from 2 to 10; got 1 and 3.",
        "timeout_in_seconds at least 2 and shorter than it; got 10 and 10.",
        "target_groups.slow_start_in_seconds must be 0 or 30 to 900; got 10.",
        "duration_in_seconds must be 1 to 604800 (seven days); got 604801.",
        ('traffic.phase must be initial, canary, half, complete or rolled-back; got "done".'),
        ('traffic.split must be dns or listener; got "both".'),
        'a header name of 1 to 40 letters, digits and hyphens, and not Host; got "Host".',
        '(load balancers take * and ? for wildcards); got "*".',
        'vpc_id must be the id of a VPC, such as vpc-0a1b2c3d; got "10.0.0.0/16".',
        'got "arn:aws:wafv2:us-east-1:123456789012:global/webacl/payments/1".',
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal
