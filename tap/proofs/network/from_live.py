"""Facts from what AWS says of a network, or from what stands in for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap.proofs.network.addresses import network, networks
from tap.proofs.network.describe import describe
from tap.proofs.network.facts import (
    Acl,
    AclRule,
    Facts,
    GroupRule,
    NatGateway,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Target,
    Vpc,
)
from tap.proofs.network.live_interfaces import interfaces, listeners
from tap.proofs.network.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tap.proofs.network.describe import Client, Described
    from tap.proofs.network.facts import TargetKind
    from tap.proofs.network.ranges import Ranges

# Where a route leads, by what names it.
_TARGETS: dict[str, TargetKind] = {
    "CarrierGatewayId": "other",
    "CoreNetworkArn": "other",
    "EgressOnlyInternetGatewayId": "egress-only",
    "InstanceId": "other",
    "LocalGatewayId": "other",
    "NatGatewayId": "nat",
    "NetworkInterfaceId": "other",
    "TransitGatewayId": "other",
    "VpcPeeringConnectionId": "peering",
}
_GATEWAYS: dict[str, TargetKind] = {"igw-": "internet", "vpce-": "endpoint", "local": "local"}
_GONE = {"deleted", "deleting", "failed"}


def read_facts(client: Client, *, vpcs: Collection[str]) -> Facts:
    """Read a network.

    Args:
        client: Makes a boto3 client of a service.
        vpcs: Ids of the VPCs that are meant; others in the account are left out.

    Raises:
        AwsError: A call was refused.
    """
    return facts_of(describe(client, vpcs=vpcs), vpcs=vpcs)


def facts_of(described: Described, *, vpcs: Collection[str]) -> Facts:
    """Return the facts in what AWS has said.

    Args:
        described: As ``describe`` returns it.
        vpcs: Ids of the VPCs that are meant.
    """
    return _Reader(described, frozenset(vpcs)).facts()


class _Reader:
    def __init__(self, described: Described, vpcs: frozenset[str]) -> None:
        self.described = described
        self.vpcs = vpcs

    def own(self, key: str) -> list[dict[str, Any]]:
        """Return what is in the VPCs that are meant."""
        return [item for item in self.described[key] if item.get("VpcId") in self.vpcs]

    def facts(self) -> Facts:
        """Return everything."""
        return Facts(
            vpcs=tuple(map(_vpc, self.own("Vpcs"))),
            subnets=tuple(map(self.subnet, self.own("Subnets"))),
            tables=tuple(map(self.table, self.own("RouteTables"))),
            acls=tuple(map(_acl, self.own("NetworkAcls"))),
            groups=tuple(map(self.group, self.own("SecurityGroups"))),
            interfaces=tuple(interfaces(self.described, self.vpcs)),
            nat_gateways=tuple(
                NatGateway(
                    id=item["NatGatewayId"],
                    subnet=item["SubnetId"],
                    public=item.get("ConnectivityType", "public") == "public",
                )
                for item in self.own("NatGateways")
                if item.get("State") not in _GONE
            ),
            prefix_lists=tuple(self.prefix_lists()),
            peerings=tuple(map(_peering, self.described["VpcPeeringConnections"])),
            listeners=tuple(listeners(self.described, self.vpcs)),
            internet_gateways=self.attached("InternetGateways", "InternetGatewayId"),
            egress_only_gateways=self.attached(
                "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId"
            ),
        )

    def subnet(self, item: dict[str, Any]) -> Subnet:
        """Return a subnet with the route table and the network ACL it uses."""
        tags = _tags(item)
        blocks = [
            each["Ipv6CidrBlock"]
            for each in item.get("Ipv6CidrBlockAssociationSet", ())
            if each.get("Ipv6CidrBlockState", {}).get("State") == "associated"
        ]
        return Subnet(
            id=item["SubnetId"],
            vpc=item["VpcId"],
            addresses=networks(item["CidrBlock"], *blocks),
            table=self._associated("RouteTables", "RouteTableId").get(
                item["SubnetId"], self._main_tables.get(item["VpcId"])
            ),
            acl=self._associated("NetworkAcls", "NetworkAclId").get(item["SubnetId"]),
            tier=tags.get("Tier", ""),
            name=tags.get("Name", ""),
        )

    def _associated(self, key: str, identity: str) -> dict[str, str]:
        return {
            each["SubnetId"]: item[identity]
            for item in self.own(key)
            for each in item.get("Associations", ())
            if each.get("SubnetId")
        }

    @cached_property
    def _main_tables(self) -> dict[str, str]:
        return {
            item["VpcId"]: item["RouteTableId"]
            for item in self.own("RouteTables")
            if any(each.get("Main") for each in item.get("Associations", ()))
        }

    def table(self, item: dict[str, Any]) -> RouteTable:
        """Return a route table, with the routes to its gateway endpoints."""
        identity = item["RouteTableId"]
        routes = [_route(each) for each in item["Routes"] if each.get("GatewayId") != "local"]
        listed = {route.prefix_list for route in routes}
        routes += [
            Route(target=Target(kind="endpoint", id=each["VpcEndpointId"]), prefix_list=prefix_list)
            for each in self.own("VpcEndpoints")
            if identity in each.get("RouteTableIds", ())
            for prefix_list in self._lists_of(each["ServiceName"])
            # AWS lists these routes; an emulator may not.
            if prefix_list not in listed
        ]
        return RouteTable(
            id=identity, vpc=item["VpcId"], routes=tuple(routes), name=_tags(item).get("Name", "")
        )

    def _lists_of(self, service: str) -> list[str]:
        return [
            item["PrefixListId"]
            for item in self.described["PrefixLists"]
            if item["PrefixListName"] == service
        ]

    def group(self, item: dict[str, Any]) -> SecurityGroup:
        """Return a security group with its rules."""
        return SecurityGroup(
            id=item["GroupId"],
            vpc=item["VpcId"],
            name=item["GroupName"],
            rules=self._rules.get(item["GroupId"], ()),
        )

    @cached_property
    def _rules(self) -> dict[str, tuple[GroupRule, ...]]:
        found: dict[str, tuple[GroupRule, ...]] = {}
        for item in self.described["SecurityGroupRules"]:
            found[item["GroupId"]] = (*found.get(item["GroupId"], ()), _group_rule(item))
        return found

    def prefix_lists(self) -> Iterator[PrefixList]:
        """Yield prefix lists: those of gateway endpoints, and those that a rule or route names."""
        entries: dict[str, list[str]] = {}
        for item in self.described["PrefixListEntries"]:
            entries.setdefault(item["PrefixListId"], []).append(item["Cidr"])
        services = {item["ServiceName"] for item in self.own("VpcEndpoints")}
        for item in self.described["PrefixLists"]:
            identity, name = item["PrefixListId"], item["PrefixListName"]
            if identity in entries or name in services:
                known = entries.get(identity)
                yield PrefixList(
                    id=identity,
                    name=name,
                    addresses=networks(*known) if known else None,
                    service=item.get("OwnerId") == "AWS",
                )

    def attached(self, key: str, identity: str) -> dict[str, str]:
        """Return gateway -> the VPC it is attached to."""
        return {
            item[identity]: next(
                (
                    each["VpcId"]
                    for each in item.get("Attachments", ())
                    if each.get("State") in {"available", "attached"}
                ),
                "",
            )
            for item in self.described[key]
        }


def _vpc(item: dict[str, Any]) -> Vpc:
    blocks = [
        each["CidrBlock"]
        for each in item.get("CidrBlockAssociationSet", ())
        if each["CidrBlockState"]["State"] == "associated"
    ]
    blocks += [
        each["Ipv6CidrBlock"]
        for each in item.get("Ipv6CidrBlockAssociationSet", ())
        if each["Ipv6CidrBlockState"]["State"] == "associated"
    ]
    found = dict.fromkeys([item["CidrBlock"], *blocks])
    return Vpc(
        id=item["VpcId"], blocks=tuple(map(network, found)), name=_tags(item).get("Name", "")
    )


def _route(item: dict[str, Any]) -> Route:
    block = item.get("DestinationCidrBlock") or item.get("DestinationIpv6CidrBlock")
    return Route(
        target=_target(item),
        addresses=network(block) if block else None,
        prefix_list=item.get("DestinationPrefixListId", ""),
    )


def _target(item: dict[str, Any]) -> Target:
    if item.get("State") == "blackhole":
        return Target(kind="blackhole")
    gateway = item.get("GatewayId", "")
    for start, kind in _GATEWAYS.items():
        if gateway.startswith(start):
            return Target(kind=kind, id=gateway)
    for name, kind in _TARGETS.items():
        if item.get(name):
            return Target(kind=kind, id=item[name])
    return Target(kind="other", id=gateway)


def _acl(item: dict[str, Any]) -> Acl:
    return Acl(
        id=item["NetworkAclId"],
        vpc=item["VpcId"],
        rules=tuple(_acl_rule(each, item["NetworkAclId"]) for each in item["Entries"]),
        name=_tags(item).get("Name", ""),
    )


def _acl_rule(item: dict[str, Any], acl: str) -> AclRule:
    what, certain = _acl_traffic(item)
    direction = "outbound" if item["Egress"] else "inbound"
    return AclRule(
        number=item["RuleNumber"],
        egress=item["Egress"],
        allow=item["RuleAction"] == "allow",
        addresses=network(item.get("CidrBlock") or item["Ipv6CidrBlock"]),
        traffic=what,
        certain=certain,
        id=f"{acl}, {direction} {item['RuleNumber']}",
    )


def _acl_traffic(item: dict[str, Any]) -> tuple[Ranges, bool]:
    """Return what a rule means, and whether that is certain: stock moto forgets types of ICMP."""
    protocol = item["Protocol"]
    if protocol in {"1", "58"}:
        messages = item.get("IcmpTypeCode", {})
        return traffic(protocol, messages.get("Type"), messages.get("Code")), bool(messages)
    ports = item.get("PortRange", {})
    return traffic(protocol, ports.get("From"), ports.get("To")), True


def _group_rule(item: dict[str, Any]) -> GroupRule:
    block = item.get("CidrIpv4") or item.get("CidrIpv6")
    return GroupRule(
        egress=item["IsEgress"],
        traffic=traffic(item["IpProtocol"], item.get("FromPort"), item.get("ToPort")),
        addresses=network(block) if block else None,
        group=item.get("ReferencedGroupInfo", {}).get("GroupId", ""),
        prefix_list=item.get("PrefixListId", ""),
        id=item["SecurityGroupRuleId"],
    )


def _peering(item: dict[str, Any]) -> Peering:
    return Peering(
        id=item["VpcPeeringConnectionId"],
        vpcs=(item["RequesterVpcInfo"]["VpcId"], item["AccepterVpcInfo"]["VpcId"]),
        active=item["Status"]["Code"] == "active",
    )


def _tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
