"""What a plan says of interfaces, and what is waited for behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.addresses import network
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.traffic import describe_traffic
from tests.unit.proofs.network.test_builders import plan_of

if TYPE_CHECKING:
    from tap.proofs.network.facts import Interface

pytestmark = pytest.mark.requirement("TST-2", "NET-3")

NETWORK: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"cidr_block": "10.0.0.0/16"},
    "aws_subnet.a": {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.0.0/24", "map_public_ip_on_launch": True,
    },
    "aws_subnet.b": {"vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.1.0/24"},
    "aws_security_group.app": {"vpc_id": "-> aws_vpc.main", "name": "app"},
}  # fmt: skip
DEFAULT_GROUP = {"aws_default_security_group.main": {"vpc_id": "-> aws_vpc.main"}}


def interfaces(**resources: dict[str, Any]) -> list[Interface]:
    """Return the interfaces that some resources make; ``__`` stands for the dot in an address."""
    made = {name.replace("__", "."): attributes for name, attributes in resources.items()}
    return list(read_plan(plan_of(NETWORK | made)).interfaces)


@pytest.mark.parametrize(
    ("subnet", "given", "public"),
    [
        ("a", {}, True),
        ("b", {}, False),
        ("a", {"associate_public_ip_address": False}, False),
        ("b", {"associate_public_ip_address": True}, True),
        ("a", {"associate_public_ip_address": "-> var.public"}, None),
    ],
)
def test_an_instance_is_public_as_it_or_else_its_subnet_says(
    *, subnet: str, given: dict[str, Any], public: bool | None
) -> None:
    [found] = interfaces(aws_instance__i={"subnet_id": f"-> aws_subnet.{subnet}", **given})

    assert (found.kind, found.subnet, found.public) == ("instance", f"aws_subnet.{subnet}", public)


def test_an_instance_has_its_name_its_groups_and_its_own_address() -> None:
    [found] = interfaces(
        aws_instance__i={
            "subnet_id": "-> aws_subnet.b",
            "vpc_security_group_ids": "-> aws_security_group.app",
            "private_ip": "10.0.1.7",
            "tags": {"Name": "jump"},
        }
    )

    assert (found.id, found.owner) == ("aws_instance.i/aws_subnet.b", "jump")
    assert found.groups == ("aws_security_group.app",)
    assert found.addresses == network("10.0.1.7")


@pytest.mark.parametrize(
    ("more", "subnet", "groups"),
    [
        (DEFAULT_GROUP, "-> aws_subnet.a", ("aws_default_security_group.main",)),
        ({}, "-> aws_subnet.a", None),
        # Which VPC a subnet outside of the plan is in, and so which group is the default, is open.
        (DEFAULT_GROUP, "subnet-elsewhere", None),
    ],
)
def test_what_is_given_no_group_gets_the_default_one_if_that_is_known(
    more: dict[str, Any], subnet: str, groups: tuple[str, ...] | None
) -> None:
    plan = plan_of(NETWORK | more | {"aws_instance.i": {"subnet_id": subnet}})

    assert [each.groups for each in read_plan(plan).interfaces] == [groups]


def test_groups_that_nobody_knows_are_not_taken_for_the_default_one() -> None:
    more = {
        "aws_instance.i": {"subnet_id": "-> aws_subnet.a", "vpc_security_group_ids": "-> var.ids"}
    }

    [found] = read_plan(plan_of(NETWORK | DEFAULT_GROUP | more)).interfaces
    assert found.groups is None


def test_what_may_be_in_any_subnet_is_in_one_that_is_not_known() -> None:
    [found] = interfaces(aws_instance__i={"subnet_id": "-> var.subnet"})

    assert (found.id, found.subnet) == ("aws_instance.i/unknown", None)


def test_a_function_is_in_the_network_only_if_it_is_put_there() -> None:
    inside = {
        "subnet_ids": "-> aws_subnet.b", "security_group_ids": "-> aws_security_group.app",
    }  # fmt: skip
    found = interfaces(
        aws_lambda_function__inside={"function_name": "rotate", "vpc_config": [inside]},
        aws_lambda_function__outside={"function_name": "mail"},
    )

    assert [(each.kind, each.owner, each.subnet, each.groups) for each in found] == [
        ("function", "rotate", "aws_subnet.b", ("aws_security_group.app",))
    ]


def test_a_load_balancer_is_in_the_subnets_that_it_maps() -> None:
    [found] = interfaces(
        aws_lb__edge={
            "load_balancer_type": "network",
            "internal": False,
            "subnet_mapping": [{"subnet_id": "-> aws_subnet.a"}],
        }
    )

    assert (found.kind, found.subnet, found.public) == ("nlb", "aws_subnet.a", True)


@pytest.mark.parametrize(
    ("groups", "guarded", "known"),
    [
        ({}, False, ()),
        ({"security_groups": "-> aws_security_group.app"}, True, ("aws_security_group.app",)),
        ({"security_groups": "-> var.ids"}, True, None),
    ],
)
def test_a_network_load_balancer_is_guarded_only_by_groups_that_it_is_given(
    *, groups: dict[str, Any], guarded: bool, known: tuple[str, ...] | None
) -> None:
    [found] = interfaces(
        aws_lb__edge={"load_balancer_type": "network", "subnets": "-> aws_subnet.a", **groups}
    )

    assert (found.guarded, found.groups) == (guarded, known)


@pytest.mark.parametrize(
    ("kind", "given", "public"),
    [
        ("aws_lb", {"internal": True}, False),
        ("aws_lb", {}, True),
        ("aws_lb", {"internal": "-> var.internal"}, None),
        ("aws_db_instance", {"publicly_accessible": True}, True),
        ("aws_db_instance", {}, False),
        ("aws_db_instance", {"publicly_accessible": "-> var.public"}, None),
    ],
)
def test_that_something_is_public_is_not_guessed(
    *, kind: str, given: dict[str, Any], public: bool | None
) -> None:
    group = {"name": "db", "subnet_ids": "-> aws_subnet.b"}
    own = {"subnets": "-> aws_subnet.b", "db_subnet_group_name": "db", **given}
    plan = plan_of(NETWORK | {"aws_db_subnet_group.main": group, f"{kind}.main": own})

    assert [each.public for each in read_plan(plan).interfaces] == [public]


def test_instances_in_a_subnet_that_is_not_clear_yet_may_be_public() -> None:
    subnet = {"vpc_id": "-> aws_vpc.main", "map_public_ip_on_launch": "-> var.public"}
    [found] = interfaces(aws_subnet__c=subnet, aws_instance__i={"subnet_id": "-> aws_subnet.c"})

    assert found.public is None


def test_an_endpoint_is_where_other_resources_associate_it() -> None:
    found = interfaces(
        aws_vpc_endpoint__logs={
            "vpc_endpoint_type": "Interface",
            "service_name": "com.amazonaws.eu-west-1.logs",
        },
        aws_vpc_endpoint_subnet_association__a={
            "vpc_endpoint_id": "-> aws_vpc_endpoint.logs",
            "subnet_id": "-> aws_subnet.a",
        },
        aws_vpc_endpoint_subnet_association__other={
            "vpc_endpoint_id": "vpce-other",
            "subnet_id": "-> aws_subnet.b",
        },
        aws_vpc_endpoint_security_group_association__app={
            "vpc_endpoint_id": "-> aws_vpc_endpoint.logs",
            "security_group_id": "-> aws_security_group.app",
        },
    )

    assert [(each.owner, each.subnet, each.groups) for each in found] == [
        ("logs", "aws_subnet.a", ("aws_security_group.app",))
    ]


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ({}, True),
        ({"associate_public_ip_address": "false"}, False),
        ({"associate_public_ip_address": "-> var.public"}, None),
    ],
)
def test_what_a_launch_template_says_of_public_addresses_comes_before_the_subnet(
    *, written: dict[str, Any], public: bool | None
) -> None:
    group = {"security_groups": "-> aws_security_group.app"}
    [found] = interfaces(
        aws_launch_template__app={"name": "app", "network_interfaces": [{**group, **written}]},
        aws_autoscaling_group__app={
            "name": "app",
            "vpc_zone_identifier": "-> aws_subnet.a",
            "launch_template": [{"id": "-> aws_launch_template.app"}],
        },
    )

    assert (found.public, found.groups) == (public, ("aws_security_group.app",))


def test_of_instances_whose_template_is_elsewhere_nothing_but_the_subnet_is_known() -> None:
    [found] = interfaces(
        aws_autoscaling_group__app={
            "name": "app",
            "vpc_zone_identifier": "-> aws_subnet.a",
            "launch_template": [{"id": "lt-elsewhere"}],
        }
    )

    assert (found.subnet, found.groups, found.public) == ("aws_subnet.a", None, None)


def test_only_what_has_a_port_waits_for_traffic() -> None:
    facts = read_plan(
        plan_of(
            {
                "aws_lb_listener.dns": {"port": 53, "protocol": "UDP"},
                "aws_lb_listener.none": {"protocol": "HTTPS"},
                "aws_lb_target_group.app": {"port": 8080, "protocol": "HTTP"},
                "aws_lb_target_group.function": {"target_type": "lambda"},
                "aws_db_instance.main": {"port": 3306},
                "aws_db_instance.later": {"port": "-> var.port"},
                "aws_vpc_endpoint.logs": {"vpc_endpoint_type": "Interface"},
                "aws_vpc_endpoint.s3": {"vpc_endpoint_type": "Gateway"},
            }
        )
    )

    assert {each.owner: describe_traffic(each.traffic) for each in facts.listeners} == {
        "aws_lb_listener.dns": "udp/53",
        "aws_lb_target_group.app": "tcp/8080",
        "aws_db_instance.main": "tcp/3306",
        "aws_vpc_endpoint.logs": "tcp/443",
    }
