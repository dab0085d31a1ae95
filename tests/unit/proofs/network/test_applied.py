"""The plan of what is applied: resources report what others put into them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.plan import Plan
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.traffic import describe_traffic

pytestmark = pytest.mark.requirement("TST-2", "NET-3", "NET-4")

EVERYWHERE = "0.0.0.0/0"
MESSAGES = {"protocol": "1", "cidr_block": EVERYWHERE, "from_port": 0, "to_port": 0}
APPLIED: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"id": "vpc-1", "cidr_block": "10.0.0.0/16"},
    "aws_network_acl.app": {
        "id": "acl-1", "vpc_id": "vpc-1", "subnet_ids": [], "egress": [],
        "ingress": [
            {"rule_no": 100, "action": "allow", "icmp_type": 0, "icmp_code": 0, **MESSAGES},
            {"rule_no": 7, "action": "deny", "protocol": "6", "cidr_block": EVERYWHERE,
             "from_port": 22, "to_port": 22},
        ],
    },
    "aws_network_acl_rule.messages": {
        "id": "nacl-1", "network_acl_id": "acl-1", "rule_number": 100, "egress": False,
        "rule_action": "allow", "icmp_type": 3, "icmp_code": 4, **MESSAGES,
    },
    "aws_vpc_endpoint.s3": {
        "id": "vpce-1", "vpc_id": "vpc-1", "vpc_endpoint_type": "Gateway", "route_table_ids": [],
        "prefix_list_id": "pl-1", "service_name": "com.amazonaws.eu-west-1.s3", "cidr_blocks": [],
    },
    "aws_security_group.app": {"id": "sg-1", "vpc_id": "vpc-1", "name": "app"},
    "aws_vpc_security_group_egress_rule.s3": {
        "id": "sgr-1", "security_group_id": "sg-1", "prefix_list_id": "pl-1",
        "ip_protocol": "tcp", "from_port": 443, "to_port": 443,
    },
}  # fmt: skip


def applied() -> Plan:
    """Return a plan that changes nothing."""
    changes = [
        {
            "address": address, "mode": "managed", "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "change": {"actions": ["no-op"], "after": after, "after_unknown": {}},
        }
        for address, after in APPLIED.items()
    ]  # fmt: skip
    blocks = [
        {key: change[key] for key in ("address", "mode", "type", "name")} | {"expressions": {}}
        for change in changes
    ]
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": blocks}},
    }
    return Plan.decode(json.dumps(document).encode())


def test_a_rule_of_its_own_counts_once_and_what_somebody_added_counts_too() -> None:
    acl = next(item for item in read_plan(applied()).acls if item.id == "acl-1")

    told = {(rule.number, describe_traffic(rule.traffic)) for rule in acl.rules if rule.traffic}
    assert told == {(7, "tcp/22"), (100, "icmp/3/4")}


def test_a_rule_that_names_the_list_of_an_endpoint_by_its_id_is_for_that_endpoint() -> None:
    facts = read_plan(applied())
    [listed] = facts.prefix_lists
    [group] = facts.groups

    assert [rule.prefix_list for rule in group.rules] == [listed.id]
