"""Interfaces of a live network, one for each subnet that they may be in, and what they wait for.

What AWS moves by itself, such as a database after a failover, is in every subnet that it may be
moved to; so are instances that an Auto Scaling group may start. Instances that run are there as
well, with the groups that they have now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.proofs.network.addresses import networks
from tap.proofs.network.describe import launched_by
from tap.proofs.network.facts import Interface, Listener
from tap.proofs.network.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.proofs.network.describe import Described
    from tap.proofs.network.facts import InterfaceKind
    from tap.proofs.network.ranges import Ranges

HTTPS = 443
_SCALED = "aws:autoscaling:groupName"
_ENDED = {"shutting-down", "terminated"}


def interfaces(described: Described, vpcs: frozenset[str]) -> Iterator[Interface]:
    """Yield all interfaces in some VPCs."""
    for item in _own(described, "LoadBalancers", vpcs):
        yield from _load_balancer(item)
    yield from _scaled(described, vpcs)
    running = [item for each in described["Reservations"] for item in each["Instances"]]
    for item in running:
        if item.get("VpcId") in vpcs and item["State"]["Name"] not in _ENDED:
            yield from _instance(item)
    for item in described["DBInstances"]:
        if item.get("DBSubnetGroup", {}).get("VpcId") in vpcs:
            yield from _database(item)
    for item in _own(described, "VpcEndpoints", vpcs):
        if item["VpcEndpointType"] == "Interface":
            yield from _made(
                item["VpcEndpointId"], "endpoints", item["ServiceName"].rpartition(".")[2],
                item["SubnetIds"], (each["GroupId"] for each in item["Groups"]),
            )  # fmt: skip
    for item in described["Functions"]:
        inside = item.get("VpcConfig") or {}
        if inside.get("VpcId") in vpcs:
            yield from _made(
                item["FunctionName"], "function", item["FunctionName"],
                inside["SubnetIds"], inside["SecurityGroupIds"],
            )  # fmt: skip


def _own(described: Described, key: str, vpcs: frozenset[str]) -> list[dict[str, Any]]:
    return [item for item in described[key] if item.get("VpcId") in vpcs]


def _database(item: dict[str, Any]) -> Iterator[Interface]:
    yield from _made(
        item["DBInstanceIdentifier"], "db", item["DBInstanceIdentifier"],
        (each["SubnetIdentifier"] for each in item["DBSubnetGroup"]["Subnets"]),
        (each["VpcSecurityGroupId"] for each in item["VpcSecurityGroups"]),
        public=bool(item.get("PubliclyAccessible")), ipv6=item.get("NetworkType") == "DUAL",
    )  # fmt: skip


def _load_balancer(item: dict[str, Any]) -> Iterator[Interface]:
    groups = item.get("SecurityGroups", [])
    is_network = item["Type"] == "network"
    yield from _made(
        item["LoadBalancerArn"], "nlb" if is_network else "alb", item["LoadBalancerName"],
        (each["SubnetId"] for each in item["AvailabilityZones"]), groups,
        # What it is when it is made without saying.
        public=item.get("Scheme", "internet-facing") == "internet-facing",
        ipv6=item.get("IpAddressType") == "dualstack", guarded=not is_network or bool(groups),
    )  # fmt: skip


def _scaled(described: Described, vpcs: frozenset[str]) -> Iterator[Interface]:
    subnets = {item["SubnetId"]: item for item in _own(described, "Subnets", vpcs)}
    templates = {
        (item["LaunchTemplateId"], item["Asked"]): item["LaunchTemplateData"]
        for item in described["LaunchTemplateVersions"]
    }
    for item in described["AutoScalingGroups"]:
        used = launched_by(item)
        data = templates.get((used.get("LaunchTemplateId"), used.get("Version", "$Default")))
        name = item["AutoScalingGroupName"]
        for subnet in filter(None, item.get("VPCZoneIdentifier", "").split(",")):
            if subnet in subnets:
                given = bool(subnets[subnet].get("MapPublicIpOnLaunch"))
                groups, public = _launched(data, given=given)
                yield Interface(
                    id=f"{name}/{subnet}", kind="app", owner=name, subnet=subnet, groups=groups,
                    public=public,
                )  # fmt: skip


def _launched(
    data: dict[str, Any] | None, *, given: bool
) -> tuple[tuple[str, ...] | None, bool | None]:
    """Return groups by a launch template, and whether it or else the subnet makes public."""
    if data is None:
        return None, None
    groups, public = data.get("SecurityGroupIds"), None
    if data.get("NetworkInterfaces"):
        groups = data["NetworkInterfaces"][0].get("Groups")
        public = data["NetworkInterfaces"][0].get("AssociatePublicIpAddress")
    return tuple(sorted(groups)) if groups else None, given if public is None else public


def _instance(item: dict[str, Any]) -> Iterator[Interface]:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
    kind: InterfaceKind = "app" if _SCALED in tags else "instance"
    owner = item["InstanceId"] if kind == "app" else tags.get("Name", item["InstanceId"])
    for each in item["NetworkInterfaces"]:
        six = [address["Ipv6Address"] for address in each.get("Ipv6Addresses", ())]
        yield Interface(
            id=each["NetworkInterfaceId"],
            kind=kind,
            owner=owner,
            subnet=each["SubnetId"],
            groups=tuple(sorted(group["GroupId"] for group in each["Groups"])),
            addresses=networks(each["PrivateIpAddress"], *six),
            public=bool(each.get("Association", {}).get("PublicIp")),
        )


def _made(
    identity: str,
    kind: InterfaceKind,
    owner: str,
    subnets: Iterable[str],
    groups: Iterable[str],
    *,
    public: bool = False,
    ipv6: bool = False,
    guarded: bool = True,
) -> Iterator[Interface]:
    known = tuple(sorted(groups))
    for subnet in subnets:
        yield Interface(
            id=f"{identity}/{subnet}", kind=kind, owner=owner, subnet=subnet, groups=known,
            public=public, ipv6=ipv6, guarded=guarded,
        )  # fmt: skip


def listeners(described: Described, vpcs: frozenset[str]) -> Iterator[Listener]:
    """Yield what load balancers, their targets, databases and endpoints wait for."""
    for item in described["Listeners"]:
        if item.get("Port"):
            yield Listener(owner=item["ListenerArn"], traffic=_port(item))
    for item in _own(described, "TargetGroups", vpcs):
        if item.get("Port"):
            yield Listener(owner=item["TargetGroupArn"], traffic=_port(item))
    for item in described["DBInstances"]:
        port = item.get("Endpoint", {}).get("Port") or item.get("DbInstancePort")
        if item.get("DBSubnetGroup", {}).get("VpcId") in vpcs and port:
            yield Listener(owner=item["DBInstanceIdentifier"], traffic=traffic("tcp", port))
    for item in _own(described, "VpcEndpoints", vpcs):
        if item["VpcEndpointType"] == "Interface":
            yield Listener(owner=item["VpcEndpointId"], traffic=traffic("tcp", HTTPS))


def _port(item: dict[str, Any]) -> Ranges:
    return traffic("udp" if item.get("Protocol") == "UDP" else "tcp", item["Port"])
