"""VPCs of a plan with what AWS makes in them, what is attached to them, and what joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.addresses import networks
from tap.proofs.network.facts import Peering
from tap.proofs.network.from_plan import OPEN_RULES, read_plan
from tests.unit.proofs.network.plans import plan_of

if TYPE_CHECKING:
    from tap.proofs.network.facts import Facts

pytestmark = pytest.mark.requirement("TST-2", "NET-2")

IN_MAIN = {"vpc_id": "-> aws_vpc.main"}
NETWORK: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"cidr_block": "10.0.0.0/16"},
    "aws_subnet.app": {**IN_MAIN, "cidr_block": "10.0.1.0/24"},
    "aws_route_table.own": IN_MAIN,
}


def facts(resources: dict[str, dict[str, Any]]) -> Facts:
    return read_plan(plan_of({**NETWORK, **resources}))


def test_a_subnet_uses_what_aws_makes_for_its_vpc_until_something_else_is_said() -> None:
    found = facts({})

    [subnet] = found.subnets
    assert (subnet.table, subnet.acl) == ("aws_vpc.main/main", "aws_vpc.main/default")
    assert {table.id for table in found.tables} == {"aws_route_table.own", "aws_vpc.main/main"}
    assert [(acl.id, acl.rules) for acl in found.acls] == [("aws_vpc.main/default", OPEN_RULES)]


def test_another_main_table_is_the_one_of_subnets_that_name_none() -> None:
    main = {**IN_MAIN, "route_table_id": "-> aws_route_table.own"}
    found = facts({"aws_main_route_table_association.main": main})

    assert found.subnets[0].table == "aws_route_table.own"
    assert [table.id for table in found.tables] == ["aws_route_table.own"]


def test_a_main_table_that_is_not_known_replaces_none() -> None:
    main = {**IN_MAIN, "route_table_id": "-> local.table"}
    found = facts({"aws_main_route_table_association.main": main})

    assert found.subnets[0].table == "aws_vpc.main/main"


def test_of_a_vpc_outside_of_the_plan_what_aws_made_is_not_known() -> None:
    elsewhere = {"vpc_id": "vpc-elsewhere", "cidr_block": "10.9.0.0/24"}
    found = facts({"aws_subnet.app": elsewhere})

    assert (found.subnets[0].table, found.subnets[0].acl) == (None, None)


def test_defaults_that_are_adopted_are_those_of_their_vpc() -> None:
    found = facts(
        {
            "aws_default_route_table.main": {"default_route_table_id": "rtb-1", **IN_MAIN},
            "aws_default_network_acl.main": {"default_network_acl_id": "acl-1", **IN_MAIN},
        }
    )

    [subnet] = found.subnets
    assert subnet.table == "aws_default_route_table.main"
    assert subnet.acl == "aws_default_network_acl.main"


def test_a_vpc_has_further_blocks_and_none_is_known_without_the_first() -> None:
    more = {**IN_MAIN, "cidr_block": "10.1.0.0/16"}
    added = {"aws_vpc_ipv4_cidr_block_association.more": more}

    [vpc] = facts(added).vpcs
    assert vpc.blocks == tuple(map(networks, ("10.0.0.0/16", "10.1.0.0/16")))
    [vpc] = facts({**added, "aws_vpc.main": {"cidr_block": "-> local.block"}}).vpcs
    assert vpc.blocks is None


@pytest.mark.parametrize(
    ("entries", "addresses"),
    [
        ([{"cidr": "10.0.0.0/8"}], networks("10.0.0.0/8")),
        ([{"cidr": "-> aws_eip.office"}], None),
        ("-> local.entries", None),
    ],
)
def test_a_prefix_list_is_known_as_a_whole_or_not_at_all(entries: Any, addresses: Any) -> None:
    listed = {"name": "offices", "entry": entries}
    [found] = facts({"aws_ec2_managed_prefix_list.offices": listed}).prefix_lists

    assert (found.name, found.addresses, found.service) == ("offices", addresses, False)


def test_a_prefix_list_that_says_nothing_of_its_entries_is_not_known() -> None:
    [found] = facts({"aws_ec2_managed_prefix_list.offices": {"name": "offices"}}).prefix_lists
    assert found.addresses is None


PEERING = {**IN_MAIN, "peer_vpc_id": "vpc-far"}
ACCEPTER = {"vpc_peering_connection_id": "-> aws_vpc_peering_connection.far"}


@pytest.mark.parametrize(
    ("written", "accepter", "active"),
    [
        ({"auto_accept": True}, {}, True),
        ({}, {**ACCEPTER, "auto_accept": True}, True),
        ({}, {**ACCEPTER, "auto_accept": False}, None),
        ({}, {"vpc_peering_connection_id": "pcx-other", "auto_accept": True}, None),
        ({"accept_status": "active"}, {}, True),
        # What AWS says counts, whatever is meant to be.
        ({"accept_status": "expired", "auto_accept": True}, {}, False),
    ],
)
def test_a_peering_is_active_once_it_is_accepted(
    written: dict[str, Any], accepter: dict[str, Any], *, active: bool | None
) -> None:
    resources = {"aws_vpc_peering_connection.far": {**PEERING, **written}}
    if accepter:
        resources["aws_vpc_peering_connection_accepter.far"] = accepter

    assert facts(resources).peerings == (
        Peering(
            id="aws_vpc_peering_connection.far", vpcs=("aws_vpc.main", "vpc-far"), active=active
        ),
    )


def test_a_gateway_is_attached_by_itself_or_by_a_resource_of_its_own() -> None:
    attached = {**IN_MAIN, "internet_gateway_id": "-> aws_internet_gateway.loose"}
    elsewhere = {**IN_MAIN, "internet_gateway_id": "igw-elsewhere"}
    loose: dict[str, dict[str, Any]] = {"aws_internet_gateway.loose": {"tags": {}}}
    both = {
        **loose,
        "aws_internet_gateway_attachment.loose": attached,
        "aws_internet_gateway_attachment.elsewhere": elsewhere,
        "aws_egress_only_internet_gateway.six": IN_MAIN,
    }

    assert facts(loose).internet_gateways == {"aws_internet_gateway.loose": ""}
    assert facts(both).internet_gateways == {"aws_internet_gateway.loose": "aws_vpc.main"}
    assert facts(both).egress_only_gateways == {
        "aws_egress_only_internet_gateway.six": "aws_vpc.main"
    }
