"""What AWS says of interfaces, and what is waited for behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tap.proofs.network.addresses import networks
from tap.proofs.network.facts import Interface
from tap.proofs.network.live_interfaces import interfaces, listeners
from tap.proofs.network.traffic import describe_traffic
from tests.unit.proofs.network.test_builders import described

if TYPE_CHECKING:
    from tap.proofs.network.describe import Described

pytestmark = pytest.mark.requirement("TST-2", "NET-3")

VPCS = frozenset({"vpc-1"})
EMPTY: dict[str, Any] = {key: [] for key in described()}
DATABASE = {
    "DBInstanceIdentifier": "db",
    "DBSubnetGroup": {
        "VpcId": "vpc-1",
        "Subnets": [{"SubnetIdentifier": "s-1"}, {"SubnetIdentifier": "s-2"}],
    },
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}],
}
ENDPOINT = {
    "VpcId": "vpc-1", "VpcEndpointId": "vpce-1", "VpcEndpointType": "Interface",
    "ServiceName": "com.amazonaws.eu-west-1.logs", "SubnetIds": ["s-1"],
    "Groups": [{"GroupId": "sg-b"}, {"GroupId": "sg-a"}],
}  # fmt: skip


def told(**answers: Any) -> Described:
    return cast("Described", {**EMPTY, **answers})


def made(**answers: Any) -> list[Interface]:
    return list(interfaces(told(**answers), VPCS))


def instance(state: str = "running", vpc: str = "vpc-1", **more: Any) -> list[dict[str, Any]]:
    """Return the reservation of one instance."""
    card = {
        "NetworkInterfaceId": "eni-1", "SubnetId": "s-1", "PrivateIpAddress": "10.0.0.9",
        "Groups": [{"GroupId": "sg-b"}, {"GroupId": "sg-a"}],
        "Ipv6Addresses": [{"Ipv6Address": "fd00::9"}], "Association": {"PublicIp": "203.0.113.9"},
    }  # fmt: skip
    one = {
        "InstanceId": "i-1", "VpcId": vpc, "State": {"Name": state}, "NetworkInterfaces": [card],
        **more,
    }  # fmt: skip
    return [{"Instances": [one]}]


@pytest.mark.parametrize(
    ("tags", "kind", "owner"),
    [
        ([], "instance", "i-1"),
        ([{"Key": "Name", "Value": "jump"}], "instance", "jump"),
        ([{"Key": "Name", "Value": "shop"}, {"Key": "aws:autoscaling:groupName", "Value": "g"}],
         "app", "i-1"),
    ],
)  # fmt: skip
def test_an_instance_has_what_its_interfaces_have_now(
    tags: list[dict[str, str]], kind: Any, owner: str
) -> None:
    assert made(Reservations=instance(Tags=tags)) == [
        Interface(
            id="eni-1", kind=kind, owner=owner, subnet="s-1", groups=("sg-a", "sg-b"),
            addresses=networks("10.0.0.9", "fd00::9"), public=True,
        )
    ]  # fmt: skip


def test_an_instance_that_ends_or_is_elsewhere_is_no_part_of_the_network() -> None:
    assert made(Reservations=instance("terminated")) == []
    assert made(Reservations=instance("shutting-down")) == []
    assert made(Reservations=instance(vpc="vpc-other")) == []
    assert len(made(Reservations=instance("stopped"))) == 1


@pytest.mark.parametrize(
    ("more", "public", "ipv6"),
    [({}, False, False), ({"PubliclyAccessible": True, "NetworkType": "DUAL"}, True, True)],
)
def test_a_database_may_be_in_each_subnet_of_its_group(
    *, more: dict[str, Any], public: bool, ipv6: bool
) -> None:
    assert made(DBInstances=[DATABASE | more]) == [
        Interface(
            id=f"db/{subnet}", kind="db", owner="db", subnet=subnet, groups=("sg-db",),
            public=public, ipv6=ipv6,
        )
        for subnet in ("s-1", "s-2")
    ]  # fmt: skip


def test_a_database_of_another_vpc_or_of_none_is_left_out() -> None:
    other = {
        **DATABASE,
        "DBSubnetGroup": {"VpcId": "vpc-other", "Subnets": []},
        "DbInstancePort": 1,
    }
    answers = {"DBInstances": [other, {"DBInstanceIdentifier": "classic", "DbInstancePort": 2}]}

    assert made(**answers) == []
    assert list(listeners(told(**answers), VPCS)) == []


def test_only_an_interface_endpoint_has_interfaces() -> None:
    gateway = {**ENDPOINT, "VpcEndpointId": "vpce-2", "VpcEndpointType": "Gateway"}

    assert made(VpcEndpoints=[ENDPOINT, gateway]) == [
        Interface(
            id="vpce-1/s-1", kind="endpoints", owner="logs", subnet="s-1", groups=("sg-a", "sg-b")
        )
    ]


def test_a_function_is_in_the_network_only_if_it_is_put_there() -> None:
    inside = {"VpcId": "vpc-1", "SubnetIds": ["s-1"], "SecurityGroupIds": ["sg-a"]}
    functions = [
        {"FunctionName": "rotate", "VpcConfig": inside},
        {"FunctionName": "other", "VpcConfig": {**inside, "VpcId": "vpc-other"}},
        {"FunctionName": "mail"},
    ]

    assert made(Functions=functions) == [
        Interface(id="rotate/s-1", kind="function", owner="rotate", subnet="s-1", groups=("sg-a",))
    ]


@pytest.mark.parametrize(
    ("more", "kind", "public", "guarded"),
    [
        ({"Type": "network"}, "nlb", True, False),
        ({"Type": "network", "SecurityGroups": ["sg-a"]}, "nlb", True, True),
        ({"Type": "application", "Scheme": "internal"}, "alb", False, True),
    ],
)
def test_a_load_balancer_is_guarded_unless_it_is_a_network_one_without_groups(
    *, more: dict[str, Any], kind: str, public: bool, guarded: bool
) -> None:
    balancer = {
        "VpcId": "vpc-1", "LoadBalancerArn": "arn", "LoadBalancerName": "edge",
        "AvailabilityZones": [{"SubnetId": "s-1"}], **more,
    }  # fmt: skip

    [found] = made(LoadBalancers=[balancer])
    assert (found.kind, found.public, found.guarded) == (kind, public, guarded)


TEMPLATE = {"LaunchTemplateId": "lt-1", "Version": "$Default"}


@pytest.mark.parametrize(
    ("data", "groups", "public"),
    [
        (None, None, None),
        ({"SecurityGroupIds": ["sg-b", "sg-a"]}, ("sg-a", "sg-b"), True),
        ({"NetworkInterfaces": [{"Groups": ["sg-c"]}]}, ("sg-c",), True),
        ({"NetworkInterfaces": [{"Groups": ["sg-c"], "AssociatePublicIpAddress": False}]},
         ("sg-c",), False),
        ({}, None, True),
    ],
)  # fmt: skip
def test_what_a_group_of_instances_may_start_is_as_its_template_says(
    *, data: dict[str, Any] | None, groups: tuple[str, ...] | None, public: bool | None
) -> None:
    version = {"LaunchTemplateId": "lt-1", "Asked": "$Default", "LaunchTemplateData": data}
    found = made(
        Subnets=[{"SubnetId": "s-1", "VpcId": "vpc-1", "MapPublicIpOnLaunch": True}],
        LaunchTemplateVersions=[] if data is None else [version],
        AutoScalingGroups=[
            {
                "AutoScalingGroupName": "shop",
                "VPCZoneIdentifier": "s-1,s-elsewhere",
                "LaunchTemplate": TEMPLATE,
            }
        ],
    )

    assert found == [
        Interface(
            id="shop/s-1", kind="app", owner="shop", subnet="s-1", groups=groups, public=public
        )
    ]


def test_only_what_has_a_port_waits_for_traffic() -> None:
    found = listeners(
        told(
            Listeners=[
                {"ListenerArn": "dns", "Port": 53, "Protocol": "UDP"},
                {"ListenerArn": "gateway", "Protocol": "GENEVE"},
            ],
            TargetGroups=[
                {"TargetGroupArn": "app", "VpcId": "vpc-1", "Port": 8080, "Protocol": "HTTP"},
                {"TargetGroupArn": "function", "VpcId": "vpc-1"},
                {"TargetGroupArn": "other", "VpcId": "vpc-other", "Port": 1},
            ],
            DBInstances=[
                {**DATABASE, "Endpoint": {"Port": 3306}},
                {**DATABASE, "DBInstanceIdentifier": "creating", "DbInstancePort": 3307},
                {**DATABASE, "DBInstanceIdentifier": "none"},
            ],
            VpcEndpoints=[ENDPOINT, {**ENDPOINT, "VpcEndpointType": "Gateway"}],
        ),
        VPCS,
    )

    assert [(each.owner, describe_traffic(each.traffic)) for each in found] == [
        ("dns", "udp/53"),
        ("app", "tcp/8080"),
        ("db", "tcp/3306"),
        ("creating", "tcp/3307"),
        ("vpce-1", "tcp/443"),
    ]
