"""One network, as a plan from nothing and as AWS describes it, and plans that tell less."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.proofs.network.facts import Target
from tap.proofs.network.from_live import facts_of
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.matrix import Matrix, matrix
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.network.traffic import parse_traffic
from tap.proofs.sources import Sources

if TYPE_CHECKING:
    from pathlib import Path

    from tap.proofs.network.describe import Described
    from tap.proofs.network.facts import Facts

pytestmark = pytest.mark.requirement("TST-2", "TAP-3")

# Address -> attributes; "->" begins what an attribute refers to, "?" is what the plan keeps silent.
RESOURCES: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"cidr_block": "10.0.0.0/16", "id": "?"},
    "aws_internet_gateway.main": {"vpc_id": "-> aws_vpc.main"},
    "aws_subnet.web": {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.0.0/24", "tags": {"Tier": "public"},
    },
    'aws_subnet.app["a"]': {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.1.0/24", "tags": {"Tier": "private"},
    },
    'aws_subnet.app["b"]': {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.2.0/24", "tags": {"Tier": "private"},
    },
    "aws_route_table.web": {"vpc_id": "-> aws_vpc.main"},
    "aws_route.web": {
        "route_table_id": "-> aws_route_table.web", "destination_cidr_block": "0.0.0.0/0",
        "gateway_id": "-> aws_internet_gateway.main",
    },
    "aws_route_table_association.web": {
        "subnet_id": "-> aws_subnet.web", "route_table_id": "-> aws_route_table.web",
    },
    "aws_nat_gateway.main": {"subnet_id": "-> aws_subnet.web", "connectivity_type": "public"},
    'aws_route_table.app["a"]': {"vpc_id": "-> aws_vpc.main"},
    'aws_route_table.app["b"]': {"vpc_id": "-> aws_vpc.main"},
    'aws_route.app["a"]': {
        "route_table_id": "-> aws_route_table.app each.key",
        "destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": "-> aws_nat_gateway.main",
    },
    'aws_route_table_association.app["a"]': {
        "subnet_id": "-> aws_subnet.app each.key",
        "route_table_id": "-> aws_route_table.app each.key",
    },
    'aws_route_table_association.app["b"]': {
        "subnet_id": "-> aws_subnet.app each.key",
        "route_table_id": "-> aws_route_table.app each.key",
    },
    "aws_network_acl.app": {"vpc_id": "-> aws_vpc.main", "subnet_ids": "-> aws_subnet.app"},
    "aws_network_acl_rule.in": {
        "network_acl_id": "-> aws_network_acl.app", "rule_number": 100, "egress": False,
        "rule_action": "allow", "protocol": "tcp", "cidr_block": "0.0.0.0/0", "from_port": 1024,
        "to_port": 65535,
    },
    "aws_network_acl_rule.out": {
        "network_acl_id": "-> aws_network_acl.app", "rule_number": 100, "egress": True,
        "rule_action": "allow", "protocol": "-1", "cidr_block": "0.0.0.0/0",
    },
    "aws_security_group.edge": {"vpc_id": "-> aws_vpc.main", "name": "edge"},
    "aws_security_group.app": {"vpc_id": "-> aws_vpc.main", "name": "app"},
    "aws_vpc_security_group_ingress_rule.edge": {
        "security_group_id": "-> aws_security_group.edge", "ip_protocol": "tcp",
        "from_port": 443, "to_port": 443, "cidr_ipv4": "0.0.0.0/0",
    },
    "aws_vpc_security_group_egress_rule.edge": {
        "security_group_id": "-> aws_security_group.edge", "ip_protocol": "tcp",
        "from_port": 8080, "to_port": 8080,
        "referenced_security_group_id": "-> aws_security_group.app",
    },
    "aws_security_group_rule.app": {
        "security_group_id": "-> aws_security_group.app", "type": "ingress", "protocol": "tcp",
        "from_port": 8080, "to_port": 8080,
        "source_security_group_id": "-> aws_security_group.edge",
    },
    "aws_security_group_rule.out": {
        "security_group_id": "-> aws_security_group.app", "type": "egress", "protocol": "-1",
        "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"],
    },
    "aws_lb.edge": {
        "name": "edge", "internal": False, "load_balancer_type": "application",
        "subnets": "-> aws_subnet.web", "security_groups": "-> aws_security_group.edge",
    },
    "aws_lb_listener.edge": {"port": 443, "protocol": "HTTPS"},
    "aws_launch_template.app": {
        "name": "app", "vpc_security_group_ids": "-> aws_security_group.app",
    },
    "aws_autoscaling_group.app": {
        "name": "app", "vpc_zone_identifier": "-> aws_subnet.app",
        "launch_template": [{"id": "-> aws_launch_template.app"}],
    },
}  # fmt: skip

TCP_8080 = ("tcp", 8080)
# Blocks that are a value to Terraform: a plan tells what all of them refer to together.
VALUES = {"egress", "ingress", "route"}


@dataclass(frozen=True)
class Loop:
    """Blocks that a loop makes of what is not known yet: one stands for all of them."""

    block: dict[str, Any]


def plan_of(resources: dict[str, dict[str, Any]]) -> Plan:
    """Write the plan that Terraform makes before any of these is there."""
    changes: list[dict[str, Any]] = []
    blocks: dict[str, dict[str, Any]] = {}
    for address, attributes in resources.items():
        kind, _, rest = address.partition(".")
        name, _, key = rest.partition("[")
        known, unknown, written = _split(attributes)
        changes.append(
            {
                "address": address, "mode": "managed", "type": kind, "name": name,
                "index": json.loads(key[:-1]) if key else None,
                "change": {
                    "actions": ["create"], "after": known, "after_unknown": {**unknown, "id": True},
                },
            }
        )  # fmt: skip
        blocks[f"{kind}.{name}"] = {
            "address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name,
            "expressions": written,
        }  # fmt: skip
    text = {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": list(blocks.values())}},
    }
    return Plan.decode(json.dumps(text).encode())


def _split(attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    written: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, str) and value.startswith("->"):
            unknown[name] = True
            written[name] = {"references": value.removeprefix("->").split()}
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            inner = _split(value[0])
            known[name], unknown[name], written[name] = ([part] for part in inner)
            if name in VALUES:
                told = (each.get("references", ()) for each in inner[2].values())
                written[name] = {"references": [*chain.from_iterable(told)]}
        elif isinstance(value, Loop):
            # A plan does not tell what the blocks of a loop are made of.
            known[name], unknown[name], _ = ([part] for part in _split(value.block))
        elif value != "?":
            known[name] = value
            written[name] = {"constant_value": value}
    return known, unknown, written


def described() -> Described:
    """Return what AWS says of the same network."""
    tiers = {"web": "public", "app-a": "private", "app-b": "private"}
    blocks = {"web": "10.0.0.0/24", "app-a": "10.0.1.0/24", "app-b": "10.0.2.0/24"}
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}

    def table(name: str, *routes: dict[str, str], main: bool = False) -> dict[str, Any]:
        used: dict[str, Any] = {"Main": True} if main else {"SubnetId": name, "Main": False}
        return {"RouteTableId": f"rtb-{name}", "VpcId": "vpc-1", "Associations": [used],
                "Routes": [local, *routes]}  # fmt: skip

    def entry(number: int, protocol: str, *, egress: bool, action: str, **more: Any) -> Any:
        return {"RuleNumber": number, "Protocol": protocol, "Egress": egress, "RuleAction": action,
                "CidrBlock": "0.0.0.0/0", **more}  # fmt: skip

    def rule(group: str, *, egress: bool, protocol: str, port: int, **peer: Any) -> dict[str, Any]:
        return {"SecurityGroupRuleId": f"sgr-{group}-{egress}", "GroupId": group,
                "IsEgress": egress, "IpProtocol": protocol, "FromPort": port, "ToPort": port,
                **peer}  # fmt: skip

    anywhere = {"CidrIpv4": "0.0.0.0/0"}
    closed = [entry(32767, "-1", egress=egress, action="deny") for egress in (True, False)]
    ports = {"PortRange": {"From": 1024, "To": 65535}}
    default = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active"}
    found: Described = {
        "Vpcs": [
            {"VpcId": vpc, "CidrBlock": block, "CidrBlockAssociationSet": []}
            for vpc, block in (("vpc-1", "10.0.0.0/16"), ("vpc-other", "10.1.0.0/16"))
        ],
        "Subnets": [
            {"SubnetId": name, "VpcId": "vpc-1", "CidrBlock": block, "MapPublicIpOnLaunch": False,
             "Tags": [{"Key": "Tier", "Value": tiers[name]}]}
            for name, block in blocks.items()
        ],
        "RouteTables": [
            table("main", main=True),
            table("web", {**default, "GatewayId": "igw-1"}),
            table("app-a", {**default, "NatGatewayId": "nat-1"}),
            table("app-b"),
        ],
        "NetworkAcls": [
            {"NetworkAclId": "acl-app", "VpcId": "vpc-1",
             "Associations": [{"SubnetId": "app-a"}, {"SubnetId": "app-b"}],
             "Entries": [entry(100, "6", egress=False, action="allow", **ports),
                         entry(100, "-1", egress=True, action="allow"), *closed]},
            {"NetworkAclId": "acl-default", "VpcId": "vpc-1",
             "Associations": [{"SubnetId": "web"}],
             "Entries": [entry(100, "-1", egress=False, action="allow"),
                         entry(100, "-1", egress=True, action="allow"), *closed]},
        ],
        "SecurityGroups": [
            {"GroupId": f"sg-{name}", "GroupName": name, "VpcId": "vpc-1"}
            for name in ("edge", "app")
        ],
        "SecurityGroupRules": [
            rule("sg-edge", egress=False, protocol="tcp", port=443, **anywhere),
            rule("sg-edge", egress=True, protocol="tcp", port=8080,
                 ReferencedGroupInfo={"GroupId": "sg-app"}),
            rule("sg-app", egress=False, protocol="tcp", port=8080,
                 ReferencedGroupInfo={"GroupId": "sg-edge"}),
            rule("sg-app", egress=True, protocol="-1", port=-1, **anywhere),
        ],
        "NatGateways": [
            {"NatGatewayId": name, "SubnetId": "web", "VpcId": "vpc-1", "State": state}
            for name, state in (("nat-1", "available"), ("nat-0", "deleted"))
        ],
        "InternetGateways": [
            {"InternetGatewayId": "igw-1",
             "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}
        ],
        "LoadBalancers": [
            {"LoadBalancerArn": "lb-1", "LoadBalancerName": "edge", "VpcId": "vpc-1",
             "Type": "application", "Scheme": "internet-facing", "SecurityGroups": ["sg-edge"],
             "AvailabilityZones": [{"SubnetId": "web"}]}
        ],
        "Listeners": [{"ListenerArn": "li-1", "Port": 443, "Protocol": "HTTPS"}],
        "AutoScalingGroups": [
            {"AutoScalingGroupName": "app", "VPCZoneIdentifier": "app-a,app-b",
             "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "$Latest"}}
        ],
        "LaunchTemplateVersions": [
            {"LaunchTemplateId": "lt-1", "Asked": "$Latest",
             "LaunchTemplateData": {"SecurityGroupIds": ["sg-app"]}}
        ],
    }  # fmt: skip
    empty = ("EgressOnlyInternetGateways", "VpcPeeringConnections", "VpcEndpoints", "PrefixLists",
             "PrefixListEntries", "Reservations", "TargetGroups", "DBInstances",
             "Functions")  # fmt: skip
    return {**found, **{key: [] for key in empty}}


def asked(facts: Facts) -> Matrix:
    return matrix(Tiers(Network(facts)), traffic=[parse_traffic("tcp/22"), parse_traffic("udp/53")])


def words(facts: Facts) -> dict[str, str]:
    """Return what is not plainly "no"."""
    found = asked(facts)
    told = {
        f"{source} -> {destination} {traffic.first}": cell.word(traffic)
        for (source, destination), cell in found.cells.items()
        for traffic in found.traffic
    }
    return {key: word for key, word in told.items() if word != "no"}


def test_plan_and_live_know_the_same_of_a_network() -> None:
    planned = read_plan(plan_of(RESOURCES))
    live = facts_of(described(), vpcs=["vpc-1"])

    assert asked(planned).tiers == ("internet", "alb", "app", "private", "public")
    assert asked(planned) == asked(live)
    told = words(planned)
    assert told["internet -> alb 443"] == "yes"
    assert told["alb -> app 8080"] == "yes"
    # Of the two zones only one leads out.
    assert told["app -> internet 443"] == "partly"
    assert "internet -> app 8080" not in told


def test_what_is_gone_leads_nowhere() -> None:
    answers = described()
    assert [item.id for item in facts_of(answers, vpcs=["vpc-1"]).nat_gateways] == ["nat-1"]

    for table in answers["RouteTables"]:
        for route in table["Routes"]:
            if route.get("NatGatewayId"):
                route["State"] = "blackhole"
    facts = facts_of(answers, vpcs=["vpc-1"])

    assert told(facts, "app -> internet 443") == "no"
    [found] = [item for item in facts.tables if item.id == "rtb-app-a"]
    assert [route.target for route in found.routes] == [Target(kind="blackhole")]


def changed(address: str, **attributes: Any) -> Facts:
    """Return the facts after one resource is written in another way."""
    one = {**RESOURCES[address], **attributes}
    return read_plan(plan_of({**RESOURCES, address: one}))


def told(facts: Facts, flow: str) -> str:
    return words(facts).get(flow, "no")


@pytest.mark.parametrize(
    ("address", "attributes", "flow", "word"),
    [
        ("aws_lb.edge", {"internal": True}, "internet -> alb 443", "no"),
        ("aws_lb.edge", {"subnets": "-> local.subnets"}, "internet -> alb 443", "unknown"),
        ("aws_lb.edge", {"security_groups": "-> local.groups"}, "internet -> alb 443", "unknown"),
        (
            "aws_vpc_security_group_ingress_rule.edge",
            {"security_group_id": "-> aws_security_group.edge local.which"},
            "internet -> alb 443",
            "unknown",
        ),
        (
            "aws_vpc_security_group_ingress_rule.edge",
            {"cidr_ipv4": "-> aws_eip.office"},
            "internet -> alb 443",
            "unknown",
        ),
        (
            "aws_route.web",
            {"gateway_id": "-> local.gateway"},
            "internet -> alb 443",
            "unknown",
        ),
        ("aws_route.web", {"route_table_id": "-> local.table"}, "internet -> alb 443", "unknown"),
        (
            "aws_route_table_association.web",
            {"subnet_id": "-> local.subnet"},
            "internet -> alb 443",
            "unknown",
        ),
        (
            'aws_route.app["a"]',
            {"route_table_id": "-> aws_route_table.app var.which"},
            "app -> internet 443",
            "unknown",
        ),
        (
            "aws_autoscaling_group.app",
            {"vpc_zone_identifier": "-> aws_subnet.app var.which"},
            "alb -> app 8080",
            "unknown",
        ),
        ("aws_nat_gateway.main", {"connectivity_type": "private"}, "app -> internet 443", "no"),
        ("aws_network_acl.app", {"subnet_ids": "-> local.subnets"}, "alb -> app 8080", "unknown"),
        (
            "aws_network_acl_rule.in",
            {"network_acl_id": "-> local.acl"},
            "alb -> app 8080",
            "unknown",
        ),
        ("aws_network_acl_rule.in", {"rule_action": "deny"}, "alb -> app 8080", "no"),
        ("aws_network_acl_rule.in", {"from_port": 8081}, "alb -> app 8080", "no"),
        (
            "aws_security_group_rule.app",
            {"to_port": 8079, "from_port": 8000},
            "alb -> app 8080",
            "no",
        ),
        (
            "aws_autoscaling_group.app",
            {"launch_template": [{"id": "-> local.template"}]},
            "alb -> app 8080",
            "unknown",
        ),
    ],
)
def test_what_a_plan_does_not_tell_is_unknown_and_what_it_tells_counts(
    address: str, attributes: dict[str, Any], flow: str, word: str
) -> None:
    assert told(read_plan(plan_of(RESOURCES)), flow) in {"yes", "partly"}
    assert told(changed(address, **attributes), flow) == word


@pytest.mark.parametrize("block", ["-> aws_vpc.main", "2600:1f18::/64"], ids=["later", "now"])
def test_rules_of_ipv6_count_also_before_aws_has_chosen_the_block(block: str) -> None:
    six = {
        "aws_subnet.web": {**RESOURCES["aws_subnet.web"], "ipv6_cidr_block": block},
        "aws_lb.edge": {**RESOURCES["aws_lb.edge"], "ip_address_type": "dualstack"},
        "aws_route.six": {
            "route_table_id": "-> aws_route_table.web", "destination_ipv6_cidr_block": "::/0",
            "gateway_id": "-> aws_internet_gateway.main",
        },
        "aws_vpc_security_group_ingress_rule.six": {
            "security_group_id": "-> aws_security_group.edge", "ip_protocol": "tcp",
            "from_port": 22, "to_port": 22, "cidr_ipv6": "::/0",
        },
    }  # fmt: skip

    assert told(read_plan(plan_of(RESOURCES)), "internet -> alb 22") == "no"
    assert told(read_plan(plan_of({**RESOURCES, **six})), "internet -> alb 22") == "partly"


MAIN = """
locals {
  rules = { edge-web = { from = "edge", to = "app" } }
}

module "net" {
  source = "./net"
  names  = { edge = {}, app = { port = 8080 } }
  rules  = local.rules
}
"""
NET = """
variable "names" {
  type = map(object({ port = optional(number, 443) }))
}

variable "rules" { type = map(object({ from = string, to = string })) }

resource "aws_security_group" "this" {
  for_each = { for name, each in var.names : name => each if each.port != 1 }
  name     = each.key
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each                     = { for key, one in var.rules : key => one if one.from != one.to }
  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = try(aws_security_group.this[each.value.to].id, null)
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}
"""


COMPUTED: dict[str, dict[str, Any]] = {
    'aws_security_group.this["edge"]': {"name": "edge"},
    'aws_security_group.this["app"]': {"name": "app"},
    'aws_vpc_security_group_egress_rule.this["edge-web"]': {
        "security_group_id": "-> aws_security_group.this each.value.from",
        "referenced_security_group_id": "-> aws_security_group.this each.value.to",
        "ip_protocol": "tcp",
        "from_port": 8080,
        "to_port": 8080,
    },
}


def test_text_that_only_holds_an_id_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "main.tf").write_text(MAIN)
    written = NET.replace(
        "aws_security_group.this[each.value.from].id",
        '"x-${aws_security_group.this[each.value.from].id}"',
    )
    assert written != NET
    (tmp_path / "net" / "main.tf").write_text(written)

    found = read_plan(in_module(COMPUTED), sources=Sources(root=tmp_path))

    # It may belong to any of the groups.
    assert [rule.certain for group in found.groups for rule in group.rules] == [False, False]


def test_a_computed_key_is_worked_out_of_the_sources(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "main.tf").write_text(MAIN)
    (tmp_path / "net" / "main.tf").write_text(NET)
    plan = in_module(COMPUTED)

    blind = {group.name: group.rules for group in read_plan(plan).groups}
    seeing = read_plan(plan, sources=Sources(root=tmp_path))
    groups = {group.name: group for group in seeing.groups}

    assert [rule.certain for rule in blind["edge"] + blind["app"]] == [False, False]
    assert [rule.group for rule in groups["edge"].rules] == [groups["app"].id]
    assert groups["app"].rules == ()


def in_module(resources: dict[str, dict[str, Any]]) -> Plan:
    """Put all resources of a plan into ``module.net``."""
    from msgspec.structs import replace  # noqa: PLC0415 - once

    plan = plan_of(resources)
    inner = plan.configuration.root_module
    text = {"root_module": {"module_calls": {"net": {"source": "./net"}}}}
    outer = Plan.decode(
        json.dumps({"format_version": "1.2", "planned_values": {}, "configuration": text}).encode()
    )
    call = replace(outer.configuration.root_module.module_calls["net"], module=inner)
    root = replace(outer.configuration.root_module, module_calls={"net": call})
    return replace(
        plan,
        configuration=replace(plan.configuration, root_module=root),
        resource_changes=tuple(
            replace(change, address=f"module.net.{change.address}", module_address="module.net")
            for change in plan.resource_changes
        ),
    )
