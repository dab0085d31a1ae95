"""Inventories: what a plan of an environment makes, as a list that a person can review."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from tap.cost.drivers import find_drivers
from tap.policy import Planned, Sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap.plan import Plan

# The attributes by which a reviewer tells a right resource from a wrong one.
KEY_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "aws_autoscaling_group": ("name", "min_size", "max_size", "health_check_type"),
    "aws_cloudwatch_composite_alarm": ("alarm_rule",),
    "aws_cloudwatch_metric_alarm": ("alarm_name", "threshold", "treat_missing_data"),
    "aws_db_instance": (
        "identifier",
        "engine_version",
        "instance_class",
        "multi_az",
        "storage_encrypted",
        "deletion_protection",
        "backup_retention_period",
        "manage_master_user_password",
    ),
    "aws_lambda_function": ("function_name", "runtime", "timeout", "memory_size"),
    "aws_launch_template": ("name", "instance_type"),
    "aws_lb": ("name", "internal", "enable_deletion_protection", "drop_invalid_header_fields"),
    "aws_lb_listener": ("port", "protocol", "ssl_policy"),
    "aws_lb_target_group": ("name", "port", "deregistration_delay"),
    "aws_route53_record": ("name", "type", "ttl", "set_identifier"),
    "aws_route53_zone": ("name",),
    "aws_s3_bucket": ("bucket", "force_destroy"),
    "aws_ssm_parameter": ("name", "type"),
    "aws_cloudwatch_log_group": ("name", "retention_in_days"),
    "aws_db_subnet_group": ("name",),
    "aws_flow_log": ("traffic_type", "max_aggregation_interval"),
    "aws_iam_role": ("name",),
    "aws_kms_alias": ("name",),
    "aws_kms_key": ("enable_key_rotation", "deletion_window_in_days"),
    "aws_network_acl_rule": (
        "rule_number",
        "egress",
        "rule_action",
        "protocol",
        "cidr_block",
        "from_port",
        "to_port",
    ),
    "aws_route": ("destination_cidr_block",),
    "aws_security_group": ("name",),
    "aws_subnet": ("cidr_block", "availability_zone", "map_public_ip_on_launch"),
    "aws_vpc": ("cidr_block", "enable_dns_hostnames", "enable_dns_support"),
    "aws_vpc_endpoint": ("service_name", "vpc_endpoint_type", "private_dns_enabled"),
    "aws_vpc_security_group_egress_rule": ("ip_protocol", "from_port", "to_port", "cidr_ipv4"),
    "aws_vpc_security_group_ingress_rule": ("ip_protocol", "from_port", "to_port", "cidr_ipv4"),
    "aws_wafv2_web_acl": ("name", "scope"),
}


@pytest.fixture(scope="session")
def inventory_of() -> Callable[[Plan, Path], dict[str, Any]]:
    """Return a function: plan, root -> facts, costs, and every resource with key attributes."""
    return _inventory


@pytest.fixture(scope="session")
def facts_of() -> Callable[[Plan], dict[str, str]]:
    """Return a function: plan -> how this environment differs from the others, by subject."""
    return _facts


def _inventory(plan: Plan, root: Path) -> dict[str, Any]:
    made = [change for change in plan.resource_changes if change.mode == "managed"]
    return {
        "facts": _facts(plan),
        "cost": _cost(plan, root),
        "total": len(made),
        "counts": dict(sorted(Counter(change.type for change in made).items())),
        "resources": {
            change.address: {
                name: change.change.after.get(name)
                for name in KEY_ATTRIBUTES.get(change.type, ())
                if change.change.after.get(name) is not None
            }
            for change in sorted(made, key=lambda change: change.address)
        },
    }


def _cost(plan: Plan, root: Path) -> list[dict[str, Any]]:
    planned = Planned(plan, sources=Sources(root, base=root))
    return [
        {**asdict(driver), "quantity": int(driver.quantity)} for driver in find_drivers(planned)
    ]


def _facts(plan: Plan) -> dict[str, str]:
    def values(kind: str, name: str = "") -> list[dict[str, Any]]:
        return [
            change.change.after
            for change in plan.resource_changes
            if change.type == kind and (not name or change.name == name)
        ]

    (database,) = values("aws_db_instance", "this")
    alarms = {
        alarm["alarm_name"]: alarm["threshold"] for alarm in values("aws_cloudwatch_metric_alarm")
    }
    threshold = {
        subject: next(limit for name, limit in alarms.items() if name.endswith(ending))
        for subject, ending in (
            ("errors", "-error-ratio-green"),
            ("latency", "-latency-p99-green"),
            ("connections", "-database-connections"),
        )
    }
    days = {group["retention_in_days"] for group in values("aws_cloudwatch_log_group")}
    endpoints = [endpoint["vpc_endpoint_type"] for endpoint in values("aws_vpc_endpoint")]
    (load_balancer,) = values("aws_lb")
    (acl,) = values("aws_wafv2_web_acl")
    limits = [
        rate["limit"]
        for rule in acl["rule"]
        for statement in rule["statement"]
        for rate in statement["rate_based_statement"]
    ]
    groups = {group["name"].rpartition("-")[2]: group for group in values("aws_autoscaling_group")}
    types = {
        template["name"].rpartition("-")[2]: template["instance_type"]
        for template in values("aws_launch_template")
    }
    protections = {database["deletion_protection"], load_balancer["enable_deletion_protection"]}
    return {
        "NAT gateways": str(len(values("aws_nat_gateway"))),
        "Interface endpoints": str(endpoints.count("Interface")),
        "Requests per address in five minutes": ", ".join(map(str, limits)),
        **{
            color.title(): f"{types[color]}, {group['min_size']} to {group['max_size']}"
            for color, group in sorted(groups.items())
        },
        "Database": f"{database['instance_class']}, "
        + ("Multi-AZ" if database["multi_az"] else "one zone"),
        "Database storage": f"{database['allocated_storage']} GiB, "
        f"grows to {database['max_allocated_storage']} GiB",
        "Backups": f"{database['backup_retention_period']} day"
        + ("s" if database["backup_retention_period"] > 1 else ""),
        "Final snapshot": "no" if database["skip_final_snapshot"] else "yes",
        "Performance Insights": f"{database['performance_insights_retention_period']} days"
        if database["performance_insights_enabled"]
        else "off",
        "Deletion protection": "/".join(sorted("yes" if on else "no" for on in protections)),
        "Log retention": "/".join(f"{number} days" for number in sorted(days)),
        "Replica": "yes" if values("aws_s3_bucket_replication_configuration") else "none",
        "Alarm on errors of a color": f"above {threshold['errors']:g} %",
        "Alarm on p99 latency of a color": f"above {threshold['latency']:g} s",
        "Alarm on database connections": f"above {threshold['connections']:g}",
        "Zone": values("aws_route53_zone")[0]["name"],
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--write-inventories``."""
    parser.addoption(
        "--write-inventories",
        action="store_true",
        help="write the inventories of the environments' plans instead of comparing them",
    )
