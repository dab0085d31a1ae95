"""What costs something in a plan, and how much of it there is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tap.cost.drivers import Driver, find_drivers
from tap.plan import Plan
from tap.policy import Planned
from tests.unit.policy.conftest import block, change

pytestmark = pytest.mark.requirement("DOC-1", "STK-2")

SUBNETS = [
    change(f"aws_subnet.{zone}", {"id": f"subnet-{zone}", "availability_zone": f"eu-west-1{zone}"})
    for zone in "abc"
]


def planned(
    changes: list[dict[str, Any]],
    resources: list[dict[str, Any]] | None = None,
    providers: dict[str, Any] | None = None,
) -> Planned:
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {
            "root_module": {"resources": resources or []},
            "provider_config": providers or {},
        },
        "resource_changes": changes,
    }
    return Planned(Plan.decode(json.dumps(document).encode()))


def found(plan: Planned) -> dict[str, Driver]:
    return {driver.kind: driver for driver in find_drivers(plan)}


def quantities(plan: Planned) -> dict[str, int]:
    return {driver.kind: int(driver.quantity) for driver in find_drivers(plan)}


def test_equal_things_are_one_driver_with_their_number() -> None:
    plan = planned([*SUBNETS, *(change(f"aws_nat_gateway.{name}") for name in "xyz")])

    assert find_drivers(plan) == (
        Driver(kind="nat-gateway", name="NAT gateway", quantity=Decimal(3), region="eu-west-1"),
    )


def test_what_ends_with_the_plan_is_not_counted() -> None:
    plan = planned([change("aws_nat_gateway.old", None, actions=["delete"])])

    assert find_drivers(plan) == ()


def test_an_interface_endpoint_is_paid_for_in_each_of_its_zones() -> None:
    known = {"vpc_endpoint_type": "Interface", "subnet_ids": ["subnet-a", "subnet-b"]}
    plan = planned(
        [
            *SUBNETS,
            change("aws_vpc_endpoint.known", known),
            change(
                "aws_vpc_endpoint.later",
                {"vpc_endpoint_type": "Interface"},
                unknown={"subnet_ids": True},
            ),
            change("aws_vpc_endpoint.free", {"vpc_endpoint_type": "Gateway"}),
        ],
        resources=[
            block("aws_vpc_endpoint.later", subnet_ids=["aws_subnet.a.id", "aws_subnet.a",
                  "aws_subnet.b.id", "aws_subnet.b", "aws_subnet.c.id", "aws_subnet.c"]),
        ],
    )  # fmt: skip

    assert quantities(plan) == {"interface-endpoint": 5}


@pytest.mark.parametrize(("internal", "addresses"), [(False, {"public-ipv4": 3}), (True, {})])
def test_a_load_balancer_has_an_address_in_each_zone_unless_it_is_internal(
    *, internal: bool, addresses: dict[str, int]
) -> None:
    subnets = ["subnet-a", "subnet-b", "subnet-c"]
    known = {"load_balancer_type": "application", "internal": internal, "subnets": subnets}
    plan = planned([*SUBNETS, change("aws_lb.this", known)])

    assert quantities(plan) == {"load-balancer:application": 1, **addresses}


def test_instances_and_their_volumes_are_counted_as_desired() -> None:
    template = {
        "id": "lt-1",
        "instance_type": "m5.large",
        "block_device_mappings": [{"ebs": [{"volume_type": "gp3", "volume_size": 20}]}],
    }
    group = {
        "name": "green",
        "desired_capacity": 3,
        "min_size": 1,
        "max_size": 12,
        "launch_template": [{"id": "lt-1"}],
    }
    plan = planned(
        [change("aws_launch_template.this", template), change("aws_autoscaling_group.this", group)]
    )

    drivers = found(plan)
    assert drivers["ec2:m5.large"].quantity == 3
    assert drivers["ec2:m5.large"].detail == "3 to 12 in green"
    assert drivers["ebs:gp3"].quantity == 60


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"multi_az": True, "manage_master_user_password": True},
            {"rds:mysql:db.m5.large:multi-az": 1, "rds-storage:gp3:multi-az": 100, "secret": 1},
        ),
        (
            {"performance_insights_enabled": True, "performance_insights_retention_period": 7},
            {"rds:mysql:db.m5.large:single-az": 1, "rds-storage:gp3:single-az": 100},
        ),
        (
            {"performance_insights_enabled": True, "performance_insights_retention_period": 31},
            {
                "rds:mysql:db.m5.large:single-az": 1,
                "rds-storage:gp3:single-az": 100,
                "performance-insights": 1,
            },
        ),
    ],
    ids=["two zones and a secret", "insights that are free", "insights that are not"],
)
def test_a_database_is_paid_for_by_class_zones_and_storage(
    more: dict[str, Any], expected: dict[str, int]
) -> None:
    known = {
        "engine": "mysql",
        "instance_class": "db.m5.large",
        "storage_type": "gp3",
        "allocated_storage": 100,
        **more,
    }

    assert quantities(planned([change("aws_db_instance.this", known)])) == expected


@pytest.mark.parametrize(
    ("known", "options"),
    [
        ({"type": "HTTP", "request_interval": 30}, None),
        ({"type": "HTTPS", "measure_latency": True, "request_interval": 30}, 2),
        ({"type": "HTTPS_STR_MATCH", "measure_latency": True, "request_interval": 10}, 4),
    ],
)
def test_options_of_a_health_check_are_paid_for_one_by_one(
    known: dict[str, Any], options: int | None
) -> None:
    numbers = quantities(planned([change("aws_route53_health_check.this", known)]))

    assert numbers.get("health-check-option") == options
    assert numbers["health-check"] == 1


def test_an_alarm_is_paid_for_by_the_metrics_it_watches() -> None:
    queries = [{"id": "a", "metric": [{}]}, {"id": "b", "metric": [{}]}, {"id": "c", "metric": []}]
    single = planned([change("aws_cloudwatch_metric_alarm.one", {"metric_query": []})])
    several = planned([change("aws_cloudwatch_metric_alarm.two", {"metric_query": queries})])
    unclear = planned([change("aws_cloudwatch_metric_alarm.three", unknown={"metric_query": True})])

    assert quantities(single) == {"alarm-metric": 1}
    assert quantities(several) == {"alarm-metric": 2}
    assert found(unclear)["alarm-metric"].quantity == 1
    assert found(unclear)["alarm-metric"].detail == "at least"


def test_keys_rules_zones_and_dashboards_are_counted() -> None:
    plan = planned(
        [
            change("aws_kms_key.this", {"enable_key_rotation": True}),
            change("aws_kms_replica_key.this"),
            change("aws_secretsmanager_secret.this"),
            change("aws_wafv2_web_acl.this", {"rule": [{}, {}]}),
            change("aws_route53_zone.this"),
            change("aws_cloudwatch_composite_alarm.this"),
            change("aws_cloudwatch_dashboard.this"),
        ]
    )

    assert quantities(plan) == {
        "kms-key": 2,
        "secret": 1,
        "web-acl": 1,
        "web-acl-rule": 2,
        "hosted-zone": 1,
        "composite-alarm": 1,
        "dashboard": 1,
    }


def test_what_is_paid_by_use_is_listed_as_such() -> None:
    plan = planned(
        [
            change("aws_cloudwatch_log_group.a", {"retention_in_days": 365}),
            change("aws_cloudwatch_log_group.b", {"retention_in_days": 365}),
            change("aws_cloudwatch_log_group.c", {"retention_in_days": 0}),
            change("aws_s3_bucket.this"),
            change("aws_lambda_function.this"),
        ]
    )

    drivers = found(plan)
    assert {kind: int(driver.quantity) for kind, driver in drivers.items()} == {
        "log-group:365": 2,
        "log-group:0": 1,
        "aws_s3_bucket": 1,
        "aws_lambda_function": 1,
    }
    assert drivers["log-group:0"].name == "Log group kept for ever"
    assert all(driver.by_use for driver in drivers.values())


def test_what_another_provider_makes_is_in_its_region() -> None:
    configured = [
        {**block(f"aws_kms_key.{name}"), "provider_config_key": key}
        for name, key in (("main", "aws"), ("dns", "aws.us_east_1"), ("copy", "aws.replica"))
    ]
    plan = planned(
        [*SUBNETS, *(change(f"aws_kms_key.{name}") for name in ("main", "dns", "copy"))],
        resources=configured,
        providers={
            "aws.us_east_1": {"expressions": {"region": {"constant_value": "us-east-1"}}},
            "aws.replica": {"expressions": {"region": {"references": ["local.replica"]}}},
        },
    )

    assert [driver.region for driver in find_drivers(plan)] == ["eu-west-1", "us-east-1", ""]
