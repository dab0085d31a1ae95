"""What a plan says of rules and routes, also of those that it does not know yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.addresses import network, networks
from tap.proofs.network.facts import GroupRule, Peering, PrefixList, Route, Target
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.traffic import ALL, describe_traffic, parse_traffic
from tap.proofs.sources import Sources
from tests.unit.proofs.network.test_builders import Loop, plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap.proofs.network.facts import Facts

pytestmark = pytest.mark.requirement("TST-2", "NET-3", "NET-4")

VPC: dict[str, dict[str, Any]] = {"aws_vpc.main": {"cidr_block": "10.0.0.0/16"}}
TABLE = {"vpc_id": "-> aws_vpc.main"}
HTTPS = parse_traffic("tcp/443")
EVERYWHERE = network("0.0.0.0/0")


def facts(resources: dict[str, dict[str, Any]]) -> Facts:
    return read_plan(plan_of(VPC | resources))


def routes(resources: dict[str, dict[str, Any]]) -> tuple[Route, ...]:
    """Return the routes of the table ``aws_route_table.main``."""
    tables = {each.id: each for each in facts(resources).tables}
    return tables["aws_route_table.main"].routes


def rules(**group: Any) -> tuple[GroupRule, ...]:
    """Return the rules of a security group."""
    [found] = facts({"aws_security_group.app": {"vpc_id": "-> aws_vpc.main", **group}}).groups
    return found.rules


def test_a_list_of_routes_that_is_not_known_may_hold_any_route() -> None:
    table = {**TABLE, "route": "-> var.routes"}

    assert routes({"aws_route_table.main": table}) == (Route(target=None, certain=False),)


@pytest.mark.parametrize(
    ("gateway", "target"),
    [
        ("local", Target(kind="local")),
        ("igw-1", Target(kind="internet", id="igw-1")),
        ("vgw-1", Target(kind="other", id="vgw-1")),
    ],
)
def test_a_gateway_outside_of_the_plan_is_known_by_its_id(gateway: str, target: Target) -> None:
    route = {"cidr_block": "0.0.0.0/0", "gateway_id": gateway}

    [found] = routes({"aws_route_table.main": {**TABLE, "route": [route]}})
    assert (found.target, found.addresses, found.certain) == (target, EVERYWHERE, True)


def test_a_route_in_a_table_is_there_also_while_its_target_is_not_known() -> None:
    route = {"cidr_block": "0.0.0.0/0", "gateway_id": "-> var.gateway"}

    assert routes({"aws_route_table.main": {**TABLE, "route": [route]}}) == (
        Route(target=None, addresses=EVERYWHERE),
    )


INLINE = """
resource "aws_internet_gateway" "main" {}

resource "aws_route_table" "main" {
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}

resource "aws_security_group" "app" {
  ingress {
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [aws_security_group.edge.id]
  }
}

resource "aws_security_group" "edge" {}
"""


def test_what_a_block_within_a_resource_names_is_read_in_the_sources(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(INLINE)
    route = {"cidr_block": "0.0.0.0/0", "gateway_id": "-> aws_internet_gateway.main"}
    rule = {
        "protocol": "tcp", "from_port": 443, "to_port": 443,
        "security_groups": "-> aws_security_group.edge",
    }  # fmt: skip
    plan = plan_of(
        {
            "aws_internet_gateway.main": {"vpc_id": None},
            "aws_route_table.main": {"route": [route]},
            "aws_security_group.app": {"ingress": [rule]},
            "aws_security_group.edge": {"name": "edge"},
        }
    )
    blind, seeing = read_plan(plan), read_plan(plan, sources=Sources(root=tmp_path))

    # A plan tells of all blocks together what they refer to: it may be any.
    assert blind.tables[0].routes == (Route(target=None, addresses=EVERYWHERE),)
    assert [(each.group, each.addresses) for each in blind.groups[0].rules] == [("", None)]
    target = Target(kind="internet", id="aws_internet_gateway.main")
    assert seeing.tables[0].routes == (Route(target=target, addresses=EVERYWHERE),)
    assert [each.group for each in seeing.groups[0].rules] == ["aws_security_group.edge"]


def test_an_endpoint_may_be_in_every_table_while_its_tables_are_not_known() -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_route_table.main": TABLE,
        "aws_vpc_endpoint.s3": {"vpc_endpoint_type": "Gateway", "route_table_ids": "-> var.tables"},
    }

    target = Target(kind="endpoint", id="aws_vpc_endpoint.s3")
    assert routes(made) == (Route(target=target, prefix_list="aws_vpc_endpoint.s3", certain=False),)


def test_an_endpoint_is_in_the_table_that_another_resource_associates_it_with() -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_route_table.main": TABLE,
        "aws_vpc_endpoint.s3": {"vpc_endpoint_type": "Gateway"},
        "aws_vpc_endpoint_route_table_association.main": {
            "vpc_endpoint_id": "-> aws_vpc_endpoint.s3",
            "route_table_id": "-> aws_route_table.main",
        },
    }

    target = Target(kind="endpoint", id="aws_vpc_endpoint.s3")
    assert routes(made) == (Route(target=target, prefix_list="aws_vpc_endpoint.s3"),)


def test_a_route_of_another_network_is_left_out() -> None:
    other = {
        "route_table_id": "rtb-other", "destination_cidr_block": "0.0.0.0/0",
        "gateway_id": "igw-1",
    }  # fmt: skip

    assert routes({"aws_route_table.main": TABLE, "aws_route.other": other}) == ()


def test_rules_of_an_acl_that_are_not_known_may_allow_and_deny_anything() -> None:
    acl = {"vpc_id": "-> aws_vpc.main", "ingress": "-> var.rules", "egress": []}
    found = {each.id: each for each in facts({"aws_network_acl.app": acl}).acls}

    told = {
        (rule.allow, rule.egress, rule.number, rule.addresses, rule.traffic, rule.certain)
        for rule in found["aws_network_acl.app"].rules
    }
    assert told == {(allow, False, None, None, None, False) for allow in (True, False)}


def test_what_a_loop_makes_of_what_is_not_known_may_be_anything() -> None:
    # As Terraform 1.11 plans a dynamic block whose for_each is not known.
    rule = {
        "from_port": "-> each.value", "to_port": "-> each.value", "protocol": "-> each.value",
        "cidr_blocks": "-> each.value", "security_groups": [], "self": False,
    }  # fmt: skip
    entry = {"rule_no": "-> each.value", "action": "-> each.value", "ipv6_cidr_block": ""}
    route = {"cidr_block": "-> each.value", "gateway_id": "-> each.value", "nat_gateway_id": ""}
    acl = {"vpc_id": "-> aws_vpc.main", "ingress": Loop(entry), "egress": "?"}
    found = facts(
        {
            "aws_network_acl.app": acl,
            "aws_route_table.main": {**TABLE, "route": Loop(route)},
            "aws_security_group.app": {"vpc_id": "-> aws_vpc.main", "ingress": Loop(rule)},
        }
    )

    acls = {each.id: each.rules for each in found.acls}
    entries = [(each.allow, each.egress, each.certain) for each in acls["aws_network_acl.app"]]
    assert sorted(entries) == [(False, False, False), (True, False, False)]
    assert Route(target=None) in found.tables[0].routes
    [let_in] = found.groups[0].rules
    assert (let_in.traffic, let_in.addresses, let_in.group) == (None, None, "")


def test_rules_of_a_group_that_are_not_known_may_let_anything_in() -> None:
    assert rules(ingress="-> var.rules") == (GroupRule(egress=False, traffic=None, certain=False),)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"cidr_blocks": ["10.0.0.0/8"], "ipv6_cidr_blocks": ["fd00::/8"]},
         {"addresses": networks("10.0.0.0/8", "fd00::/8")}),
        ({"security_groups": ["sg-1"]}, {"group": "sg-1"}),
        ({"prefix_list_ids": ["pl-1"]}, {"prefix_list": "pl-1"}),
        ({"self": True}, {"group": "aws_security_group.app"}),
        # An other end that is not known is none of those that could be named.
        ({"cidr_blocks": "-> var.blocks"}, {}),
        ({"security_groups": "-> var.groups"}, {}),
        ({"prefix_list_ids": "-> var.lists"}, {}),
        ({"self": "-> var.own"}, {}),
    ],
)  # fmt: skip
def test_a_rule_within_a_group_is_for_each_other_end_that_it_names(
    end: dict[str, Any], told: dict[str, Any]
) -> None:
    one = {"protocol": "tcp", "from_port": 443, "to_port": 443, **end}

    assert rules(ingress=[one]) == (
        GroupRule(egress=False, traffic=HTTPS, id="aws_security_group.app.ingress.0", **told),
    )


@pytest.mark.parametrize("open_end", ["protocol", "from_port", "to_port"])
def test_a_rule_whose_ports_are_not_known_is_for_traffic_that_is_not_known(open_end: str) -> None:
    one = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}

    [found] = rules(egress=[{**one, open_end: "-> var.later"}])
    assert (found.egress, found.traffic, found.addresses) == (True, None, network("10.0.0.0/8"))


def test_a_rule_of_a_group_that_is_not_known_may_belong_to_any() -> None:
    rule = {
        "security_group_id": "-> var.group", "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0",
    }  # fmt: skip
    group = {"vpc_id": "-> aws_vpc.main"}
    made = {"aws_security_group.app": group, "aws_vpc_security_group_egress_rule.all": rule}

    [found] = facts(made).groups
    [doubtful] = found.rules
    assert (doubtful.certain, doubtful.addresses) == (False, EVERYWHERE)
    assert doubtful.traffic == ALL


def test_the_main_table_of_a_vpc_is_the_one_that_is_associated_with_it() -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_route_table.own": TABLE,
        "aws_main_route_table_association.main": {
            "vpc_id": "-> aws_vpc.main",
            "route_table_id": "-> aws_route_table.own",
        },
        "aws_subnet.a": {"vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.0.0/24"},
    }

    found = facts(made)
    assert [each.table for each in found.subnets] == ["aws_route_table.own"]
    assert [each.id for each in found.tables] == ["aws_route_table.own"]


def test_a_main_table_that_is_not_clear_leaves_the_one_that_aws_makes() -> None:
    association = {"vpc_id": "-> aws_vpc.main", "route_table_id": "-> var.table"}

    found = facts({"aws_main_route_table_association.main": association})
    assert [each.id for each in found.tables] == ["aws_vpc.main/main"]


@pytest.mark.parametrize(
    ("entry", "addresses"),
    [
        ([{"cidr": "203.0.113.0/24"}], network("203.0.113.0/24")),
        ([{"cidr": "-> var.office"}], None),
        ("-> var.offices", None),
    ],
)
def test_a_prefix_list_is_known_once_all_its_entries_are(entry: Any, addresses: Any) -> None:
    made = {"aws_ec2_managed_prefix_list.offices": {"name": "offices", "entry": entry}}

    assert facts(made).prefix_lists == (
        PrefixList(id="aws_ec2_managed_prefix_list.offices", name="offices", addresses=addresses),
    )


@pytest.mark.parametrize(
    ("entry", "addresses"),
    [
        ({"prefix_list_id": "pl-1", "cidr": "198.51.100.0/24"},
         networks("203.0.113.0/24", "198.51.100.0/24")),
        ({"prefix_list_id": "pl-other", "cidr": "198.51.100.0/24"}, network("203.0.113.0/24")),
        ({"prefix_list_id": "pl-1", "cidr": "-> var.office"}, None),
        ({"prefix_list_id": "-> var.list", "cidr": "198.51.100.0/24"}, None),
    ],
)  # fmt: skip
def test_an_entry_that_is_a_resource_of_its_own_is_in_its_prefix_list(
    entry: dict[str, Any], addresses: Any
) -> None:
    offices = {"id": "pl-1", "name": "offices", "entry": [{"cidr": "203.0.113.0/24"}]}
    made = {
        "aws_ec2_managed_prefix_list.offices": offices,
        "aws_ec2_managed_prefix_list_entry.more": entry,
    }

    assert [each.addresses for each in facts(made).prefix_lists] == [addresses]


@pytest.mark.parametrize(
    ("given", "active"),
    [
        ({"auto_accept": True}, True),
        ({"accept_status": "active"}, True),
        ({"accept_status": "pending-acceptance"}, False),
        ({}, None),
    ],
)
def test_a_peering_is_active_once_it_is_accepted(
    *, given: dict[str, Any], active: bool | None
) -> None:
    peering = {"vpc_id": "-> aws_vpc.main", "peer_vpc_id": "vpc-far", **given}

    assert facts({"aws_vpc_peering_connection.far": peering}).peerings == (
        Peering(
            id="aws_vpc_peering_connection.far", vpcs=("aws_vpc.main", "vpc-far"), active=active
        ),
    )


@pytest.mark.parametrize(("accepts", "active"), [(True, True), (False, None)])
def test_a_peering_is_active_if_an_accepter_in_the_plan_accepts_it(
    *, accepts: bool, active: bool | None
) -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_vpc_peering_connection.far": {"vpc_id": "-> aws_vpc.main", "peer_vpc_id": "vpc-far"},
        "aws_vpc_peering_connection_accepter.far": {
            "vpc_peering_connection_id": "-> aws_vpc_peering_connection.far",
            "auto_accept": accepts,
        },
    }

    assert [each.active for each in facts(made).peerings] == [active]


def test_a_gateway_is_attached_by_itself_or_by_another_resource() -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_internet_gateway.own": {"vpc_id": "-> aws_vpc.main"},
        "aws_internet_gateway.joined": {"vpc_id": None},
        "aws_internet_gateway.loose": {"vpc_id": None},
        "aws_internet_gateway_attachment.joined": {
            "internet_gateway_id": "-> aws_internet_gateway.joined",
            "vpc_id": "-> aws_vpc.main",
        },
        "aws_internet_gateway_attachment.other": {
            "internet_gateway_id": "igw-other",
            "vpc_id": "-> aws_vpc.main",
        },
    }

    assert facts(made).internet_gateways == {
        "aws_internet_gateway.own": "aws_vpc.main",
        "aws_internet_gateway.joined": "aws_vpc.main",
        "aws_internet_gateway.loose": "",
    }


def test_messages_of_an_acl_rule_are_told_by_type_and_code() -> None:
    made: dict[str, dict[str, Any]] = {
        "aws_network_acl.app": {"vpc_id": "-> aws_vpc.main"},
        "aws_network_acl_rule.ping": {
            "network_acl_id": "-> aws_network_acl.app", "rule_number": 100, "egress": False,
            "rule_action": "allow", "protocol": "icmp", "cidr_block": "0.0.0.0/0",
            "icmp_type": 8, "icmp_code": 0,
        },
        "aws_network_acl_rule.later": {
            "network_acl_id": "-> aws_network_acl.app", "rule_number": 110, "egress": False,
            "rule_action": "allow", "protocol": "-> var.protocol", "cidr_block": "0.0.0.0/0",
        },
    }  # fmt: skip
    found = {each.id: each for each in facts(made).acls}["aws_network_acl.app"]

    assert {
        rule.number: rule.traffic and describe_traffic(rule.traffic) for rule in found.rules
    } == {
        100: "icmp/8/0",
        110: None,
    }
