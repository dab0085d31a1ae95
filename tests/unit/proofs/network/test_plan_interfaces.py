"""What a plan tells of interfaces: where they are, what guards them, and who reaches them."""

from __future__ import annotations

from typing import Any

import pytest

from tap.proofs.network.addresses import network
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.traffic import describe_traffic
from tests.unit.proofs.network.plans import plan_of

pytestmark = pytest.mark.requirement("TST-2", "NET-3")

NETWORK: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"cidr_block": "10.0.0.0/16"},
    "aws_subnet.open": {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.0.0/24", "map_public_ip_on_launch": True,
    },
    "aws_subnet.closed": {
        "vpc_id": "-> aws_vpc.main", "cidr_block": "10.0.1.0/24", "map_public_ip_on_launch": False,
    },
    "aws_security_group.app": {"vpc_id": "-> aws_vpc.main", "name": "app"},
}  # fmt: skip
OPEN, CLOSED, GROUP = "-> aws_subnet.open", "-> aws_subnet.closed", "-> aws_security_group.app"


def interfaces(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is told of each interface."""
    found = read_plan(plan_of({**NETWORK, **resources})).interfaces
    return [
        {
            "kind": each.kind, "owner": each.owner, "subnet": each.subnet, "groups": each.groups,
            "public": each.public,
        }
        for each in found
    ]  # fmt: skip


def one(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    [found] = interfaces(resources)
    return found


def test_a_function_has_interfaces_only_where_it_is_in_a_vpc() -> None:
    inside = [{"subnet_ids": CLOSED, "security_group_ids": GROUP}]

    assert interfaces({"aws_lambda_function.free": {"function_name": "free"}}) == []
    assert one(
        {"aws_lambda_function.cleanup": {"function_name": "cleanup", "vpc_config": inside}}
    ) == {
        "kind": "function", "owner": "cleanup", "subnet": "aws_subnet.closed",
        "groups": ("aws_security_group.app",), "public": False,
    }  # fmt: skip


def test_a_load_balancer_is_in_the_subnets_of_its_mappings() -> None:
    found = interfaces(
        {
            "aws_lb.edge": {
                "name": "edge", "internal": False, "load_balancer_type": "network",
                "subnet_mapping": [{"subnet_id": OPEN}],
            }
        }
    )  # fmt: skip

    assert found == [
        {"kind": "nlb", "owner": "edge", "subnet": "aws_subnet.open", "groups": (), "public": True}
    ]


def test_a_mapping_that_is_not_known_may_be_anywhere() -> None:
    balancer = {"name": "edge", "subnet_mapping": [{"subnet_id": "-> local.subnet"}]}
    assert one({"aws_lb.edge": balancer})["subnet"] is None


@pytest.mark.parametrize(
    ("written", "public"),
    [
        ({"subnet_id": OPEN}, True),
        ({"subnet_id": CLOSED}, False),
        ({"subnet_id": CLOSED, "associate_public_ip_address": True}, True),
        ({"subnet_id": OPEN, "associate_public_ip_address": False}, False),
        ({"subnet_id": OPEN, "associate_public_ip_address": "-> local.public"}, None),
        # In which subnet it is decides, and that is not known.
        ({"subnet_id": "-> local.subnet"}, None),
    ],
)
def test_an_instance_is_public_as_it_or_else_its_subnet_says(
    written: dict[str, Any], *, public: bool | None
) -> None:
    found = one({"aws_instance.bastion": {"vpc_security_group_ids": GROUP, **written}})

    assert found["public"] is public
    assert found["kind"] == "instance"
    assert found["groups"] == ("aws_security_group.app",)


def test_an_instance_is_called_by_its_name_and_has_its_own_address() -> None:
    told: dict[str, dict[str, Any]] = {
        "aws_instance.named": {
            "subnet_id": CLOSED, "private_ip": "10.0.1.7", "tags": {"Name": "bastion"},
        },
        "aws_instance.plain": {"subnet_id": CLOSED},
    }  # fmt: skip
    named, plain = read_plan(plan_of({**NETWORK, **told})).interfaces

    assert (named.owner, named.addresses) == ("bastion", network("10.0.1.7"))
    assert (plain.owner, plain.addresses) == ("aws_instance.plain", None)


def test_what_is_given_no_group_has_the_default_one_of_its_vpc() -> None:
    instance = {"aws_instance.plain": {"subnet_id": CLOSED}}
    default = {"aws_default_security_group.main": {"vpc_id": "-> aws_vpc.main"}}
    outside = {"aws_instance.plain": {"subnet_id": "subnet-elsewhere"}}

    assert one({**instance, **default})["groups"] == ("aws_default_security_group.main",)
    # AWS makes one for every VPC; what rules it has is not in this plan.
    assert one(instance)["groups"] is None
    assert one({**outside, **default})["groups"] is None


@pytest.mark.parametrize(
    ("given", "groups", "public"),
    [
        ({"associate_public_ip_address": "true"}, ("aws_security_group.app",), True),
        ({"associate_public_ip_address": "false"}, ("aws_security_group.app",), False),
        # The subnet decides.
        ({"associate_public_ip_address": ""}, ("aws_security_group.app",), True),
        ({"security_groups": "-> local.groups"}, None, True),
    ],
)
def test_interfaces_of_a_launch_template_count_before_its_groups(
    given: dict[str, Any], groups: tuple[str, ...] | None, *, public: bool
) -> None:
    found = one(
        {
            "aws_launch_template.app": {
                "name": "app", "vpc_security_group_ids": "-> local.others",
                "network_interfaces": [{"security_groups": GROUP, **given}],
            },
            "aws_autoscaling_group.app": {
                "name": "app", "vpc_zone_identifier": OPEN,
                "launch_template": [{"name": "-> aws_launch_template.app"}],
            },
        }
    )  # fmt: skip

    assert (found["groups"], found["public"]) == (groups, public)


def test_a_template_of_mixed_instances_is_found() -> None:
    template = [{"launch_template_specification": [{"launch_template_id": "lt-1"}]}]
    found = one(
        {
            "aws_launch_template.app": {"id": "lt-1", "vpc_security_group_ids": GROUP},
            "aws_autoscaling_group.app": {
                "name": "app", "vpc_zone_identifier": CLOSED,
                "mixed_instances_policy": [{"launch_template": template}],
            },
        }
    )  # fmt: skip

    assert found["groups"] == ("aws_security_group.app",)
    assert found["public"] is False


ENDPOINT: dict[str, dict[str, Any]] = {
    "aws_vpc_endpoint.logs": {
        "vpc_id": "-> aws_vpc.main", "vpc_endpoint_type": "Interface",
        "service_name": "com.amazonaws.eu-west-1.logs",
        "subnet_ids": OPEN, "security_group_ids": GROUP,
    },
    "aws_vpc_endpoint_subnet_association.logs": {
        "vpc_endpoint_id": "-> aws_vpc_endpoint.logs", "subnet_id": CLOSED,
    },
    "aws_vpc_endpoint_subnet_association.other": {
        "vpc_endpoint_id": "vpce-other", "subnet_id": "subnet-other",
    },
}  # fmt: skip


def test_an_endpoint_is_also_in_the_subnets_it_is_associated_with() -> None:
    found = interfaces(ENDPOINT)

    assert [each["subnet"] for each in found] == ["aws_subnet.open", "aws_subnet.closed"]
    assert {(each["kind"], each["owner"]) for each in found} == {("endpoints", "logs")}
    assert {each["groups"] for each in found} == {("aws_security_group.app",)}


def test_an_association_that_is_not_known_leaves_the_groups_of_an_endpoint_open() -> None:
    more = {
        "vpc_endpoint_id": "-> aws_vpc_endpoint.logs", "security_group_id": "-> local.group",
    }  # fmt: skip
    found = interfaces({**ENDPOINT, "aws_vpc_endpoint_security_group_association.logs": more})

    assert {each["groups"] for each in found} == {None}


def test_a_database_whose_subnet_group_is_elsewhere_may_be_anywhere() -> None:
    database = {
        "identifier": "store", "db_subnet_group_name": "of-another-stack",
        "vpc_security_group_ids": GROUP, "publicly_accessible": True,
    }  # fmt: skip
    assert one({"aws_db_instance.store": database}) == {
        "kind": "db", "owner": "store", "subnet": None, "groups": ("aws_security_group.app",),
        "public": True,
    }  # fmt: skip


def test_what_waits_for_traffic_is_told_with_its_port() -> None:
    waiting: dict[str, dict[str, Any]] = {
        "aws_lb_listener.names": {"port": 53, "protocol": "UDP"},
        # A Gateway Load Balancer listens on all of them, and says none.
        "aws_lb_listener.all": {"protocol": "GENEVE"},
        "aws_lb_target_group.app": {"port": 8080, "protocol": "HTTP"},
        "aws_lb_target_group.function": {"target_type": "lambda"},
        "aws_db_instance.store": {"port": 3306},
        "aws_db_instance.default": {"engine": "mysql"},
        **ENDPOINT,
        "aws_vpc_endpoint.s3": {"vpc_endpoint_type": "Gateway"},
    }
    found = read_plan(plan_of({**NETWORK, **waiting})).listeners

    assert {each.owner: describe_traffic(each.traffic) for each in found} == {
        "aws_lb_listener.names": "udp/53",
        "aws_lb_target_group.app": "tcp/8080",
        "aws_db_instance.store": "tcp/3306",
        "aws_vpc_endpoint.logs": "tcp/443",
    }
