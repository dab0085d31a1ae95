"""Rules and routes of a plan, in each of the ways in which they can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.addresses import describe, network
from tap.proofs.network.facts import Route, Target
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.traffic import describe_traffic
from tap.proofs.sources import Sources
from tests.unit.proofs.network.plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tap.proofs.network.facts import AclRule, Facts, GroupRule
    from tap.proofs.network.ranges import Ranges

pytestmark = pytest.mark.requirement("TST-2", "NET-3", "NET-4")

EVERYWHERE = "0.0.0.0/0"
EDGE = "-> aws_security_group.edge"
PORTS = {"protocol": "tcp", "from_port": 443, "to_port": 443}
Resources = dict[str, dict[str, Any]]
NETWORK: Resources = {
    "aws_vpc.main": {"cidr_block": "10.0.0.0/16"},
    "aws_internet_gateway.main": {"vpc_id": "-> aws_vpc.main"},
    "aws_route_table.main": {"vpc_id": "-> aws_vpc.main"},
    "aws_route_table.other": {"vpc_id": "-> aws_vpc.main"},
}


def facts(**resources: dict[str, Any]) -> Facts:
    """Return the facts of a network with more resources; ``__`` stands for the dot."""
    more = {name.replace("__", "."): each for name, each in resources.items()}
    return read_plan(plan_of({**NETWORK, **more}))


def routes(table: str = "main", **resources: dict[str, Any]) -> list[Route]:
    [found] = [item for item in facts(**resources).tables if item.id == f"aws_route_table.{table}"]
    return list(found.routes)


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ({"gateway_id": "local"}, Target(kind="local")),
        ({"gateway_id": "igw-1"}, Target(kind="internet", id="igw-1")),
        ({"gateway_id": "vgw-1"}, Target(kind="other", id="vgw-1")),
        ({"egress_only_gateway_id": "eigw-1"}, Target(kind="egress-only", id="eigw-1")),
        ({"vpc_peering_connection_id": "pcx-1"}, Target(kind="peering", id="pcx-1")),
        ({"transit_gateway_id": "tgw-1"}, Target(kind="other", id="tgw-1")),
        ({"nat_gateway_id": "-> local.gateway"}, None),
    ],
)
def test_a_route_leads_to_what_its_one_target_is(
    written: dict[str, Any], target: Target | None
) -> None:
    inline = [{"cidr_block": EVERYWHERE, **written}]
    apart = {"destination_cidr_block": EVERYWHERE, "route_table_id": "-> aws_route_table.main"}
    table = {**NETWORK["aws_route_table.main"], "route": inline}
    told = [Route(target=target, addresses=network(EVERYWHERE))]

    assert routes(aws_route_table__main=table) == told
    assert routes(aws_route__out={**apart, **written}) == told


INLINE = """
resource "aws_internet_gateway" "main" {}

resource "aws_route_table" "main" {
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_security_group" "edge" {}

resource "aws_security_group" "app" {
  ingress {
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [aws_security_group.edge.id]
  }
}
"""


@pytest.mark.requirement("TAP-3")
def test_what_is_known_in_part_is_there_and_sources_tell_the_rest(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(INLINE)
    gateway = {"cidr_block": EVERYWHERE, "gateway_id": "-> aws_internet_gateway.main"}
    plan = plan_of(
        {
            **NETWORK,
            "aws_route_table.main": {"route": [gateway]},
            "aws_security_group.edge": {"name": "edge"},
            "aws_security_group.app": {
                "name": "app", "ingress": [{**PORTS, "security_groups": EDGE}],
            },
        }
    )  # fmt: skip
    blind, seeing = read_plan(plan), read_plan(plan, sources=Sources(root=tmp_path))

    # That there is a way out, and a rule, is certain; whose it is, is not.
    assert blind.tables[0].routes == (Route(target=None, addresses=network(EVERYWHERE)),)
    assert ends(blind.groups[1].rules) == [("", "", "")]
    [route] = seeing.tables[0].routes
    assert route.target == Target(kind="internet", id="aws_internet_gateway.main")
    assert ends(seeing.groups[1].rules) == [("", "aws_security_group.edge", "")]


def test_routes_that_are_not_known_may_lead_anywhere() -> None:
    table = {**NETWORK["aws_route_table.main"], "route": "-> local.routes"}

    assert routes(aws_route_table__main=table) == [Route(target=None, certain=False)]


GATEWAY = {"vpc_endpoint_type": "Gateway", "service_name": "com.amazonaws.eu-west-1.s3"}
S3 = Target(kind="endpoint", id="aws_vpc_endpoint.s3")


def test_a_gateway_endpoint_puts_its_list_into_its_tables() -> None:
    own = {**GATEWAY, "route_table_ids": "-> aws_route_table.main"}
    more = {
        "vpc_endpoint_id": "-> aws_vpc_endpoint.s3", "route_table_id": "-> aws_route_table.other",
    }  # fmt: skip
    both = {
        "aws_vpc_endpoint__s3": own,
        "aws_vpc_endpoint_route_table_association__s3": more,
    }
    told = [Route(target=S3, prefix_list="aws_vpc_endpoint.s3")]

    assert routes("main", **both) == told
    assert routes("other", **both) == told


def test_an_endpoint_whose_tables_are_not_known_may_be_in_each() -> None:
    endpoint = {**GATEWAY, "route_table_ids": "-> local.tables"}
    doubtful = [Route(target=S3, prefix_list="aws_vpc_endpoint.s3", certain=False)]

    assert routes("main", aws_vpc_endpoint__s3=endpoint) == doubtful
    assert routes("other", aws_vpc_endpoint__s3=endpoint) == doubtful


def test_a_route_of_a_table_outside_of_the_plan_is_left_out() -> None:
    route = {"route_table_id": "rtb-elsewhere", "destination_cidr_block": EVERYWHERE}

    assert routes(aws_route__out={**route, "gateway_id": "igw-1"}) == []


def shown(addresses: Ranges | None, traffic: Ranges | None) -> tuple[str, str]:
    return (
        "?" if addresses is None else describe(addresses),
        "?" if traffic is None else describe_traffic(traffic),
    )


def acl_rules(**attributes: Any) -> list[AclRule]:
    """Return the rules of one network ACL."""
    acl = {"vpc_id": "-> aws_vpc.main", **attributes}
    [found] = [
        item for item in facts(aws_network_acl__app=acl).acls if item.id == "aws_network_acl.app"
    ]
    return list(found.rules)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_block": "10.0.0.0/8"},
            ("10.0.0.0/8", "tcp/22"),
        ),
        (
            {"protocol": "58", "icmp_type": 128, "icmp_code": 0, "ipv6_cidr_block": "2001:db8::/32",
             "from_port": 0, "to_port": 0},
            ("2001:db8::/32", "icmpv6/128/0"),
        ),
        (
            {"protocol": "1", "icmp_type": 8, "icmp_code": -1, "cidr_block": EVERYWHERE,
             "from_port": 0, "to_port": 0},
            (EVERYWHERE, "icmp/8"),
        ),
    ],
)  # fmt: skip
def test_a_rule_of_an_acl_is_for_its_addresses_and_traffic(
    written: dict[str, Any], told: tuple[str, str]
) -> None:
    inline = [{"rule_no": 100, "action": "allow", **written}]
    [found] = acl_rules(ingress=inline)

    assert shown(found.addresses, found.traffic) == told
    assert (found.number, found.egress, found.allow, found.certain) == (100, False, True, True)
    assert found.id == "aws_network_acl.app, ingress 100"


def test_rules_of_an_acl_that_are_not_known_may_allow_and_may_deny_anything() -> None:
    found = acl_rules(egress="-> local.rules")

    assert [(rule.egress, rule.allow) for rule in found] == [(True, True), (True, False)]
    assert all(rule.number is None and not rule.certain for rule in found)
    assert {shown(rule.addresses, rule.traffic) for rule in found} == {("?", "?")}


@pytest.mark.parametrize("name", ["protocol", "from_port", "to_port", "icmp_type"])
def test_one_part_that_is_not_known_leaves_the_traffic_of_a_rule_open(name: str) -> None:
    rule = {
        "network_acl_id": "-> aws_network_acl.app", "rule_number": 7, "egress": True,
        "rule_action": "deny", "protocol": "tcp", "from_port": 1, "to_port": 2,
        "cidr_block": EVERYWHERE,
    }  # fmt: skip
    found = facts(
        aws_network_acl__app={"vpc_id": "-> aws_vpc.main"},
        aws_network_acl_rule__out={**rule, name: "-> local.what"},
    )
    [acl] = [item for item in found.acls if item.id == "aws_network_acl.app"]
    [told] = acl.rules

    assert shown(told.addresses, told.traffic) == (EVERYWHERE, "?")
    assert (told.number, told.egress, told.allow, told.certain) == (7, True, False, True)


def group_rules(**resources: dict[str, Any]) -> list[GroupRule]:
    """Return the rules of one security group."""
    group = {"vpc_id": "-> aws_vpc.main", "name": "app"}
    found = facts(**{"aws_security_group__app": group, **resources})
    return list(found.groups[0].rules)


def ends(rules: Sequence[GroupRule]) -> list[tuple[str, str, str]]:
    """Return addresses, group and list of the other end of each rule."""
    return [
        (describe(rule.addresses) if rule.addresses else "", rule.group, rule.prefix_list)
        for rule in rules
    ]


MANY = [
    ({"cidr_blocks": ["10.0.0.0/8", "10.0.0.0/9"]}, [("10.0.0.0/8", "", "")]),
    ({"cidr_blocks": ["10.0.0.0/8"], "ipv6_cidr_blocks": ["2001:db8::/32"]},
     [("10.0.0.0/8, 2001:db8::/32", "", "")]),
    ({"prefix_list_ids": ["pl-1", "pl-2"]}, [("", "", "pl-1"), ("", "", "pl-2")]),
    # The group itself: its members reach each other.
    ({"self": True}, [("", "aws_security_group.app", "")]),
    ({"cidr_blocks": ["10.0.0.0/8"], "self": True},
     [("10.0.0.0/8", "", ""), ("", "aws_security_group.app", "")]),
    # Something that is not known, beside something that is.
    ({"cidr_blocks": "-> local.blocks", "prefix_list_ids": ["pl-1"]},
     [("", "", ""), ("", "", "pl-1")]),
    ({"cidr_blocks": ["10.0.0.0/8"], "security_groups": "-> local.groups"},
     [("10.0.0.0/8", "", ""), ("", "", "")]),
    ({"prefix_list_ids": "-> local.lists"}, [("", "", "")]),
    ({"self": "-> local.own"}, [("", "", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("written", "told"), MANY)
def test_an_older_rule_of_a_group_is_one_for_each_other_end(
    written: dict[str, Any], told: list[tuple[str, str, str]]
) -> None:
    apart = {"security_group_id": "-> aws_security_group.app", "type": "egress", **PORTS}
    found = group_rules(aws_security_group_rule__out={**apart, **written})

    assert ends(found) == told
    assert all(rule.egress and rule.certain for rule in found)
    assert {shown(None, rule.traffic) for rule in found} == {("?", "tcp/443")}


@pytest.mark.parametrize(("written", "told"), MANY)
def test_a_rule_within_a_group_says_the_same(
    written: dict[str, Any], told: list[tuple[str, str, str]]
) -> None:
    group = {"vpc_id": "-> aws_vpc.main", "name": "app", "ingress": [{**PORTS, **written}]}
    found = group_rules(aws_security_group__app=group)

    assert ends(found) == told
    assert not any(rule.egress for rule in found)


@pytest.mark.parametrize("name", ["source_security_group_id", "security_groups"])
def test_groups_of_a_rule_that_are_not_known_may_be_any(name: str) -> None:
    apart = {"security_group_id": "-> aws_security_group.app", "type": "ingress", **PORTS}
    [found] = group_rules(aws_security_group_rule__in={**apart, name: "-> local.which"})

    assert (found.addresses, found.group, found.prefix_list) == (None, "", "")


def test_a_list_of_rules_that_is_not_known_may_hold_any() -> None:
    group = {"vpc_id": "-> aws_vpc.main", "name": "app", "egress": "-> local.rules"}
    [found] = group_rules(aws_security_group__app=group)

    assert (found.egress, found.traffic, found.certain) == (True, None, False)


@pytest.mark.parametrize("name", ["protocol", "from_port", "to_port"])
def test_ports_of_a_rule_that_are_not_known_may_be_all(name: str) -> None:
    apart = {
        "security_group_id": "-> aws_security_group.app", "type": "ingress",
        "cidr_blocks": [EVERYWHERE], **PORTS, name: "-> local.port",
    }  # fmt: skip
    [found] = group_rules(aws_security_group_rule__in=apart)

    assert shown(found.addresses, found.traffic) == (EVERYWHERE, "?")
