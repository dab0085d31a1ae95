"""Facts from a plan: VPCs with what is in them, as it will be after the apply.

Rules and routes are in ``plan_rules``, interfaces in ``plan_interfaces``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.proofs.network.addresses import network, networks
from tap.proofs.network.facts import (
    Acl,
    AclRule,
    Facts,
    NatGateway,
    Peering,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from tap.proofs.network.identities import Identities
from tap.proofs.network.plan_interfaces import interfaces, listeners
from tap.proofs.network.plan_rules import acl_rules, group_rules, routes
from tap.proofs.network.traffic import ALL

if TYPE_CHECKING:
    from tap.plan import Plan
    from tap.proofs.access.planned import Planned
    from tap.proofs.sources import Sources


def read_plan(plan: Plan, *, sources: Sources | None = None) -> Facts:
    """Read a network.

    Args:
        plan: The plan; what it destroys is left out.
        sources: The configuration. Which of several resources a computed key names is not in a
            plan, so without it more is unknown.

    Raises:
        HclError: A ``.tf`` file cannot be read.
    """
    return _Reader(Identities(plan, sources)).facts()


class _Reader:
    def __init__(self, known: Identities) -> None:
        self.known = known
        self.vpcs = tuple(map(self.vpc, known.of("aws_vpc")))
        self.main_tables = self._defaults("aws_default_route_table", "default_route_table_id")
        self.default_acls = self._defaults("aws_default_network_acl", "default_network_acl_id")
        self.default_groups = self._defaults(
            "aws_default_security_group", "default_security_group_id"
        )
        for item in known.of("aws_main_route_table_association"):
            vpc, table = known.names(item, "vpc_id"), known.names(item, "route_table_id")
            if vpc.one and table.one:
                self.main_tables[vpc.one] = table.one

    def facts(self) -> Facts:
        """Return everything."""
        known = self.known
        subnets = self.subnets()
        return Facts(
            vpcs=self.vpcs,
            subnets=subnets,
            tables=self.tables(),
            acls=self.acls(),
            groups=self.groups(),
            interfaces=interfaces(known, subnets, self.default_groups, self.public_subnets()),
            nat_gateways=tuple(map(self.nat_gateway, known.of("aws_nat_gateway"))),
            prefix_lists=tuple(self.prefix_lists()),
            peerings=tuple(map(self.peering, known.of("aws_vpc_peering_connection"))),
            listeners=tuple(listeners(known)),
            internet_gateways=self._attached("aws_internet_gateway"),
            egress_only_gateways=self._attached("aws_egress_only_internet_gateway"),
        )

    def vpc(self, item: Planned) -> Vpc:
        """Return a VPC with all its blocks."""
        known = self.known
        identity = known.identity(item)
        blocks = [item.get("cidr_block"), item.get("ipv6_cidr_block")]
        blocks += [
            each.get("cidr_block")
            for each in known.of("aws_vpc_ipv4_cidr_block_association")
            if known.names(each, "vpc_id").one == identity
        ]
        found = tuple(network(block) for block in blocks if block)
        complete = bool(item.get("cidr_block"))
        return Vpc(id=identity, blocks=found if complete else None, name=_name(item))

    def subnets(self) -> tuple[Subnet, ...]:
        """Return subnets with the route table and the network ACL of each."""
        tables, unclear_tables = self._associated("aws_route_table_association", "route_table_id")
        acls, unclear_acls = self._acl_subnets()
        return tuple(
            self._subnet(
                item,
                tables.get(self.known.identity(item), None if unclear_tables else ""),
                acls.get(self.known.identity(item), None if unclear_acls else ""),
            )
            for item in self.known.of("aws_subnet", "aws_default_subnet")
        )

    def _subnet(self, item: Planned, table: str | None, acl: str | None) -> Subnet:
        vpc = self.known.names(item, "vpc_id").one or ""
        six, certain = self.known.value(item, "ipv6_cidr_block")
        four = item.get("cidr_block")
        given = [block for block in (four, six) if block]
        return Subnet(
            id=self.known.identity(item),
            vpc=vpc,
            # Where it is in IPv6 is mostly chosen by AWS, and rules of IPv6 count all the same.
            addresses=networks(*given) if four and certain else None,
            # Without an association of its own it uses what its VPC has for that.
            table=self.main_tables.get(vpc, self._implied(vpc, "main")) if table == "" else table,
            acl=self.default_acls.get(vpc, self._implied(vpc, "default")) if acl == "" else acl,
            tier=str((item.get("tags") or {}).get("Tier") or ""),
            name=_name(item),
        )

    def _implied(self, vpc: str, what: str) -> str | None:
        """Name what AWS makes with every VPC; of a VPC outside of the plan it is not known."""
        return f"{vpc}/{what}" if any(item.id == vpc for item in self.vpcs) else None

    def public_subnets(self) -> dict[str, bool | None]:
        """Return which subnets give instances public addresses."""
        return {
            self.known.identity(item): self.known.flag(item, "map_public_ip_on_launch")
            for item in self.known.of("aws_subnet", "aws_default_subnet")
        }

    def _acl_subnets(self) -> tuple[dict[str, str], bool]:
        found, unclear = self._associated("aws_network_acl_association", "network_acl_id")
        for item in self.known.of("aws_network_acl", "aws_default_network_acl"):
            named = self.known.names(item, "subnet_ids")
            found |= dict.fromkeys(named.ids, self.known.identity(item))
            unclear = unclear or not named.known
        return found, unclear

    def _associated(self, kind: str, attribute: str) -> tuple[dict[str, str], bool]:
        """Return subnet -> what is associated with it, and whether that is not all."""
        found: dict[str, str] = {}
        unclear = False
        for item in self.known.of(kind):
            subnet, other = self.known.names(item, "subnet_id"), self.known.names(item, attribute)
            if subnet.one and other.one:
                found[subnet.one] = other.one
            else:
                unclear = unclear or not subnet.known or not other.known
        return found, unclear

    def tables(self) -> tuple[RouteTable, ...]:
        """Return route tables, those that AWS makes included."""
        items = self.known.of("aws_route_table", "aws_default_route_table")
        by_table, loose = routes(self.known, [self.known.identity(item) for item in items])
        implied = {vpc.id for vpc in self.vpcs} - self.main_tables.keys()
        return (
            *(
                RouteTable(
                    id=self.known.identity(item),
                    vpc=self._vpc_of(item, "default_route_table_id"),
                    routes=(*by_table[self.known.identity(item)], *loose),
                    name=_name(item),
                )
                for item in items
            ),
            *(
                RouteTable(id=f"{vpc}/main", vpc=vpc, routes=tuple(loose))
                for vpc in sorted(implied)
            ),
        )

    def acls(self) -> tuple[Acl, ...]:
        """Return network ACLs; the default one of a VPC lets everything through."""
        items = self.known.of("aws_network_acl", "aws_default_network_acl")
        by_acl, loose = acl_rules(self.known, items)
        implied = {vpc.id for vpc in self.vpcs} - self.default_acls.keys()
        return (
            *(
                Acl(
                    id=self.known.identity(item),
                    vpc=self._vpc_of(item, "default_network_acl_id"),
                    rules=(*by_acl[self.known.identity(item)], *loose),
                    name=_name(item),
                )
                for item in items
            ),
            *(Acl(id=f"{vpc}/default", vpc=vpc, rules=OPEN_RULES) for vpc in sorted(implied)),
        )

    def groups(self) -> tuple[SecurityGroup, ...]:
        """Return security groups."""
        items = self.known.of("aws_security_group", "aws_default_security_group")
        by_group, loose = group_rules(self.known, items)
        return tuple(
            SecurityGroup(
                id=self.known.identity(item),
                vpc=self._vpc_of(item, "default_security_group_id"),
                name=item.get("name") or _name(item),
                rules=(*by_group[self.known.identity(item)], *loose),
            )
            for item in items
        )

    def nat_gateway(self, item: Planned) -> NatGateway:
        """Return a NAT gateway."""
        return NatGateway(
            id=self.known.identity(item),
            subnet=self.known.names(item, "subnet_id").one,
            public=item.get("connectivity_type") != "private",
        )

    def prefix_lists(self) -> list[PrefixList]:
        """Return the lists of gateway endpoints, and those that are made here."""
        found = {
            identity: PrefixList(id=identity, name=item.get("service_name") or "", service=True)
            for item in self.known.of("aws_vpc_endpoint")
            if item.get("vpc_endpoint_type") in {None, "Gateway"}
            # What names the list by its own id is led to the endpoint, too.
            for identity in [self.known.identity(item)]
        }
        apart = [
            (self.known.names(entry, "prefix_list_id").one, entry.get("cidr"))
            for entry in self.known.of("aws_ec2_managed_prefix_list_entry")
        ]
        for item in self.known.of("aws_ec2_managed_prefix_list"):
            identity = self.known.identity(item)
            entries = [entry.get("cidr") for entry in item.get("entry") or ()]
            # One of a list that is not known may be of any.
            entries += [
                cidr if owner else None for owner, cidr in apart if owner in {None, identity}
            ]
            given, complete = self.known.value(item, "entry")
            whole = complete and given is not None and all(entries)
            found[identity] = PrefixList(
                id=identity,
                name=item.get("name") or "",
                addresses=networks(*map(str, entries)) if whole else None,
            )
        return list(found.values())

    def peering(self, item: Planned) -> Peering:
        """Return a peering; one that waits for the other side is not known to be active."""
        status = item.get("accept_status")
        accepted = item.get("auto_accept") or any(
            self.known.names(each, "vpc_peering_connection_id").one == self.known.identity(item)
            and each.get("auto_accept")
            for each in self.known.of("aws_vpc_peering_connection_accepter")
        )
        ends = (self.known.names(item, name).one or "" for name in ("vpc_id", "peer_vpc_id"))
        near, far = ends
        active = status == "active" if status else True if accepted else None
        return Peering(id=self.known.identity(item), vpcs=(near, far), active=active)

    def _attached(self, kind: str) -> dict[str, str]:
        found = {
            self.known.identity(item): self.known.names(item, "vpc_id").one or ""
            for item in self.known.of(kind)
        }
        for item in self.known.of("aws_internet_gateway_attachment"):
            gateway = self.known.names(item, "internet_gateway_id").one
            if gateway in found:
                found[gateway] = self.known.names(item, "vpc_id").one or ""
        return found

    def _defaults(self, kind: str, attribute: str) -> dict[str, str]:
        """Return VPC -> what AWS made with it and the configuration has adopted."""
        return {
            self._vpc_of(item, attribute): self.known.identity(item) for item in self.known.of(kind)
        }

    def _vpc_of(self, item: Planned, attribute: str) -> str:
        return self.known.names(item, "vpc_id").one or self.known.names(item, attribute).one or ""


# https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
OPEN_RULES = tuple(
    AclRule(number=number, egress=egress, allow=True, addresses=network(block), traffic=ALL)
    for number, block in ((100, "0.0.0.0/0"), (101, "::/0"))
    for egress in (True, False)
)


def _name(item: Planned) -> str:
    tags: dict[str, Any] = item.get("tags") or {}
    return str(tags.get("Name") or "")
