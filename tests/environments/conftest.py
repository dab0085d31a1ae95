"""Inventories: what a plan of an environment makes, as a list that a person can review."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.plan import Plan

# The attributes by which a reviewer tells a right resource from a wrong one.
KEY_ATTRIBUTES: dict[str, tuple[str, ...]] = {
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
def inventory_of() -> Callable[[Plan], dict[str, Any]]:
    """Return a function: plan -> counts by type, and every resource with its key attributes."""
    return _inventory


def _inventory(plan: Plan) -> dict[str, Any]:
    made = [change for change in plan.resource_changes if change.mode == "managed"]
    return {
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--write-inventories``."""
    parser.addoption(
        "--write-inventories",
        action="store_true",
        help="write the inventories of the environments' plans instead of comparing them",
    )
