"""What AWS tells of interfaces: where they are, what guards them, and what they wait for."""

from __future__ import annotations

from typing import Any

import pytest

from tap.proofs.network.addresses import networks
from tap.proofs.network.live_interfaces import interfaces, listeners
from tap.proofs.network.traffic import describe_traffic

pytestmark = pytest.mark.requirement("TST-2", "NET-3")

KINDS = (
    "LoadBalancers", "Subnets", "LaunchTemplateVersions", "AutoScalingGroups", "Reservations",
    "DBInstances", "VpcEndpoints", "Functions", "Listeners", "TargetGroups",
)  # fmt: skip
VPC = frozenset({"vpc-1"})


def account(**described: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return an account in which there is nothing else."""
    return {**{kind: [] for kind in KINDS}, **described}


def instance(state: str = "running", vpc: str = "vpc-1", **more: Any) -> dict[str, Any]:
    card = {
        "NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "PrivateIpAddress": "10.0.0.7",
        "Groups": [{"GroupId": "sg-b"}, {"GroupId": "sg-a"}], **more.pop("card", {}),
    }  # fmt: skip
    return {
        "InstanceId": "i-1", "VpcId": vpc, "State": {"Name": state}, "NetworkInterfaces": [card],
        **more,
    }  # fmt: skip


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key.replace("__", ":"), "Value": value} for key, value in values.items()]


def running(item: dict[str, Any]) -> list[Any]:
    return list(interfaces(account(Reservations=[{"Instances": [item]}]), VPC))


def test_an_instance_has_the_groups_and_addresses_of_its_interface() -> None:
    card = {
        "Ipv6Addresses": [{"Ipv6Address": "2001:db8::7"}],
        "Association": {"PublicIp": "203.0.113.7"},
    }
    [found] = running(instance(Tags=tags(Name="bastion"), card=card))

    assert (found.id, found.kind, found.owner) == ("eni-1", "instance", "bastion")
    assert (found.subnet, found.groups) == ("subnet-1", ("sg-a", "sg-b"))
    assert found.addresses == networks("10.0.0.7", "2001:db8::7")
    assert found.public is True


def test_an_instance_of_a_fleet_is_the_application_whatever_it_is_called() -> None:
    [found] = running(instance(Tags=tags(aws__autoscaling__groupName="app", Name="app-1")))

    # What the fleet may start goes by the name of the fleet; this is one that runs already.
    assert (found.kind, found.owner, found.public) == ("app", "i-1", False)


def test_an_instance_without_a_name_is_its_id() -> None:
    [found] = running(instance())
    assert (found.kind, found.owner) == ("instance", "i-1")


@pytest.mark.parametrize(
    "item",
    [instance("terminated"), instance("shutting-down"), instance(vpc="vpc-2")],
    ids=["ended", "ending", "elsewhere"],
)
def test_instances_that_have_ended_or_are_elsewhere_do_not_count(item: dict[str, Any]) -> None:
    assert running(item) == []


def database(vpc: str = "vpc-1", **more: Any) -> dict[str, Any]:
    subnets = [{"SubnetIdentifier": name} for name in ("subnet-1", "subnet-2")]
    return {
        "DBInstanceIdentifier": "store", "DBSubnetGroup": {"VpcId": vpc, "Subnets": subnets},
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}], **more,
    }  # fmt: skip


def test_a_database_is_in_every_subnet_that_it_may_be_moved_to() -> None:
    described = account(
        DBInstances=[
            database(PubliclyAccessible=True, NetworkType="DUAL"),
            database("vpc-2"),
            {"DBInstanceIdentifier": "classic"},
        ]
    )
    found = list(interfaces(described, VPC))

    assert [each.subnet for each in found] == ["subnet-1", "subnet-2"]
    assert {(each.kind, each.owner, each.groups) for each in found} == {("db", "store", ("sg-db",))}
    assert all(each.public and each.ipv6 for each in found)


def endpoint(kind: str = "Interface") -> dict[str, Any]:
    return {
        "VpcEndpointId": f"vpce-{kind}", "VpcId": "vpc-1", "VpcEndpointType": kind,
        "ServiceName": "com.amazonaws.eu-west-1.logs", "SubnetIds": ["subnet-1"],
        "Groups": [{"GroupId": "sg-logs"}],
    }  # fmt: skip


def test_an_endpoint_has_interfaces_if_it_is_of_that_kind() -> None:
    described = account(VpcEndpoints=[endpoint(), endpoint("Gateway")])
    [found] = interfaces(described, VPC)

    assert (found.id, found.kind, found.owner) == (
        "vpce-Interface/subnet-1", "endpoints", "logs",
    )  # fmt: skip
    assert found.groups == ("sg-logs",)


def test_a_function_has_interfaces_only_where_it_is_in_a_vpc() -> None:
    inside = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-fn"]}
    described = account(
        Functions=[
            {"FunctionName": "free"},
            {"FunctionName": "elsewhere", "VpcConfig": {**inside, "VpcId": "vpc-2"}},
            {"FunctionName": "cleanup", "VpcConfig": inside},
        ]
    )
    [found] = interfaces(described, VPC)

    assert (found.kind, found.owner, found.subnet) == ("function", "cleanup", "subnet-1")
    assert found.groups == ("sg-fn",)


@pytest.mark.parametrize(
    ("groups", "guarded"), [(["sg-1"], True), ([], False)], ids=["with groups", "without"]
)
def test_a_network_load_balancer_is_guarded_by_groups_only_if_it_has_any(
    groups: list[str], *, guarded: bool
) -> None:
    balancer = {
        "LoadBalancerArn": "lb-1", "LoadBalancerName": "edge", "VpcId": "vpc-1", "Type": "network",
        "SecurityGroups": groups, "Scheme": "internal", "IpAddressType": "dualstack",
        "AvailabilityZones": [{"SubnetId": "subnet-1"}],
    }  # fmt: skip
    [found] = interfaces(account(LoadBalancers=[balancer]), VPC)

    assert (found.kind, found.guarded, found.groups) == ("nlb", guarded, tuple(groups))
    assert (found.public, found.ipv6) == (False, True)


FLEET = {"AutoScalingGroupName": "app", "VPCZoneIdentifier": "subnet-1,subnet-elsewhere"}


def launched(data: dict[str, Any] | None) -> list[Any]:
    """Return the interfaces of a fleet whose template says something; None: it is gone."""
    versions = [{"LaunchTemplateId": "lt-1", "Asked": "3", "LaunchTemplateData": data}]
    used = {"LaunchTemplateId": "lt-1", "Version": "3"}
    described = account(
        Subnets=[{"SubnetId": "subnet-1", "VpcId": "vpc-1", "MapPublicIpOnLaunch": True}],
        AutoScalingGroups=[{**FLEET, "LaunchTemplate": used}],
        LaunchTemplateVersions=[] if data is None else versions,
    )
    return list(interfaces(described, VPC))


@pytest.mark.parametrize(
    ("data", "groups", "public"),
    [
        ({"SecurityGroupIds": ["sg-1"]}, ("sg-1",), True),
        (
            {"SecurityGroupIds": ["sg-1"], "NetworkInterfaces": [
                {"Groups": ["sg-3", "sg-2"], "AssociatePublicIpAddress": False}]},
            ("sg-2", "sg-3"),
            False,
        ),
        ({"NetworkInterfaces": [{"DeviceIndex": 0}]}, None, True),
        (None, None, True),
    ],
    ids=["of the template", "of its interface", "of neither", "gone"],
)  # fmt: skip
def test_a_fleet_is_where_it_may_start_instances_as_its_template_says(
    data: dict[str, Any] | None, groups: tuple[str, ...] | None, *, public: bool
) -> None:
    [found] = launched(data)

    assert (found.id, found.groups, found.public) == ("app/subnet-1", groups, public)


def test_what_waits_for_traffic_is_told_with_its_port() -> None:
    described = account(
        Listeners=[
            {"ListenerArn": "names", "Port": 53, "Protocol": "UDP"},
            {"ListenerArn": "all", "Protocol": "GENEVE"},
        ],
        TargetGroups=[
            {"TargetGroupArn": "app", "VpcId": "vpc-1", "Port": 8080, "Protocol": "HTTP"},
            {"TargetGroupArn": "function", "VpcId": "vpc-1"},
            {"TargetGroupArn": "elsewhere", "VpcId": "vpc-2", "Port": 1},
        ],
        DBInstances=[
            database(Endpoint={"Port": 3306}),
            {**database(DbInstancePort=5432), "DBInstanceIdentifier": "starting"},
            {**database(), "DBInstanceIdentifier": "creating"},
            {**database("vpc-2"), "Endpoint": {"Port": 1}},
        ],
        VpcEndpoints=[endpoint(), endpoint("Gateway")],
    )
    found = {each.owner: describe_traffic(each.traffic) for each in listeners(described, VPC)}

    assert found == {
        "names": "udp/53",
        "app": "tcp/8080",
        "store": "tcp/3306",
        "starting": "tcp/5432",
        "vpce-Interface": "tcp/443",
    }
