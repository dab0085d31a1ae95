"""Interfaces that a plan makes, one for each subnet that they may be in, and what they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.proofs.network.addresses import network
from tap.proofs.network.facts import Interface, Listener
from tap.proofs.network.identities import Named
from tap.proofs.network.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap.evaluation import Step
    from tap.proofs.access.planned import Planned
    from tap.proofs.network.facts import InterfaceKind, Subnet
    from tap.proofs.network.identities import Identities
    from tap.proofs.network.ranges import Ranges

HTTPS = 443


def interfaces(
    known: Identities,
    subnets: Sequence[Subnet],
    default_groups: Mapping[str, str],
    public_subnets: Mapping[str, bool | None],
) -> tuple[Interface, ...]:
    """Return all interfaces.

    Args:
        known: The plan.
        subnets: Its subnets.
        default_groups: VPC -> its default security group, where the plan has it.
        public_subnets: Whether a subnet gives instances public addresses; None if not known.
    """
    reader = _Reader(known, {item.id: item for item in subnets}, default_groups, public_subnets)
    return tuple(reader.all())


class _Reader:
    def __init__(
        self,
        known: Identities,
        subnets: Mapping[str, Subnet],
        default_groups: Mapping[str, str],
        public_subnets: Mapping[str, bool | None],
    ) -> None:
        self.known = known
        self.subnets = subnets
        self.default_groups = default_groups
        self.public_subnets = public_subnets

    def all(self) -> Iterator[Interface]:
        """Yield everything that has interfaces in a VPC."""
        for item in self.known.of("aws_lb", "aws_alb"):
            yield from self.load_balancer(item)
        for item in self.known.of("aws_autoscaling_group"):
            yield from self.scaled(item)
        for item in self.known.of("aws_instance"):
            yield from self.instance(item)
        for item in self.known.of("aws_db_instance"):
            yield from self.database(item)
        for item in self.known.of("aws_vpc_endpoint"):
            if item.get("vpc_endpoint_type") == "Interface":
                yield from self.endpoint(item)
        for item in self.known.of("aws_lambda_function"):
            if item.get("vpc_config"):
                yield from self.made(
                    item, "function", str(item.get("function_name") or item.address),
                    self.known.names(item, "vpc_config", 0, "subnet_ids"),
                    self.known.names(item, "vpc_config", 0, "security_group_ids"),
                )  # fmt: skip

    def load_balancer(self, item: Planned) -> Iterator[Interface]:
        """Yield a load balancer's interfaces; one that faces the internet has public addresses."""
        is_network = item.get("load_balancer_type") == "network"
        subnets = self.known.names(item, "subnets")
        for place, _ in enumerate(item.get("subnet_mapping") or ()):
            mapped = self.known.names(item, "subnet_mapping", place, "subnet_id")
            subnets = Named(subnets.ids + mapped.ids, subnets.known and mapped.known)
        groups = self.known.names(item, "security_groups")
        internal = self.known.flag(item, "internal")
        yield from self.made(
            item, "nlb" if is_network else "alb", str(item.get("name") or item.address),
            subnets, groups,
            public=None if internal is None else not internal,
            ipv6=item.get("ip_address_type") == "dualstack",
            guarded=not is_network or bool(groups.ids) or not groups.known,
        )  # fmt: skip

    def scaled(self, item: Planned) -> Iterator[Interface]:
        """Yield what instances of an Auto Scaling group have, as its launch template says."""
        owner = str(item.get("name") or item.address)
        subnets = self.known.names(item, "vpc_zone_identifier")
        template = self.known.item(self._template(item))
        if template is None:
            yield from self.made(item, "app", owner, subnets, Named(known=False), public=None)
            return
        for each in self.made(item, "app", owner, subnets, self._launched_groups(template)):
            yield Interface(
                id=each.id, kind="app", owner=owner, subnet=each.subnet, groups=each.groups,
                public=self._launched_public(template, each.subnet),
            )  # fmt: skip

    def _template(self, item: Planned) -> str | None:
        mixed: tuple[Step, ...] = ("mixed_instances_policy", 0, "launch_template", 0)
        mixed += ("launch_template_specification", 0)
        for path in (
            ("launch_template", 0, "id"),
            ("launch_template", 0, "name"),
            (*mixed, "launch_template_id"),
            (*mixed, "launch_template_name"),
        ):
            found = self.known.names(item, *path).one
            if found and self.known.item(found):
                return found
        return None

    def _launched_groups(self, template: Planned) -> Named:
        if template.get("network_interfaces"):
            return self.known.names(template, "network_interfaces", 0, "security_groups")
        return self.known.names(template, "vpc_security_group_ids")

    def _launched_public(self, template: Planned, subnet: str | None) -> bool | None:
        """Return whether instances get public addresses: the template decides before the subnet."""
        path = ("network_interfaces", 0, "associate_public_ip_address")
        given, certain = self.known.value(template, *path)
        if certain and given in {None, ""}:
            return self.public_subnets.get(subnet or "")
        return str(given).lower() == "true" if certain else None

    def instance(self, item: Planned) -> Iterator[Interface]:
        """Yield the interface of a single instance."""
        subnets = self.known.names(item, "subnet_id")
        public, certain = self.known.value(item, "associate_public_ip_address")
        if public is None and certain:
            public = self.public_subnets.get(subnets.one or "")
        owner = str((item.get("tags") or {}).get("Name") or item.address)
        address = item.get("private_ip")
        for each in self.made(
            item, "instance", owner, subnets, self.known.names(item, "vpc_security_group_ids"),
            public=public,
        ):  # fmt: skip
            yield Interface(
                id=each.id, kind="instance", owner=owner, subnet=each.subnet, groups=each.groups,
                addresses=network(address) if address else None, public=each.public,
            )  # fmt: skip

    def database(self, item: Planned) -> Iterator[Interface]:
        """Yield a database's interfaces: after a failover it is in any subnet of its group."""
        group = self.known.item(self.known.names(item, "db_subnet_group_name").one)
        subnets = self.known.names(group, "subnet_ids") if group else Named(known=False)
        yield from self.made(
            item, "db", str(item.get("identifier") or item.address),
            subnets, self.known.names(item, "vpc_security_group_ids"),
            public=self.known.flag(item, "publicly_accessible"),
            ipv6=item.get("network_type") == "DUAL",
        )  # fmt: skip

    def endpoint(self, item: Planned) -> Iterator[Interface]:
        """Yield the interfaces of an interface endpoint."""
        identity = self.known.identity(item)
        found = []
        for name, kind, attribute in (
            ("subnet_ids", "aws_vpc_endpoint_subnet_association", "subnet_id"),
            ("security_group_ids", "aws_vpc_endpoint_security_group_association",
             "security_group_id"),
        ):  # fmt: skip
            named = self.known.names(item, name)
            for each in self.known.of(kind):
                if self.known.names(each, "vpc_endpoint_id").one == identity:
                    more = self.known.names(each, attribute)
                    named = Named(named.ids + more.ids, named.known and more.known)
            found.append(named)
        subnets, groups = found
        service = str(item.get("service_name") or item.address).rpartition(".")[2]
        yield from self.made(item, "endpoints", service, subnets, groups)

    def made(
        self,
        item: Planned,
        kind: InterfaceKind,
        owner: str,
        subnets: Named,
        groups: Named,
        *,
        public: bool | None = False,
        ipv6: bool = False,
        guarded: bool = True,
    ) -> Iterator[Interface]:
        """Yield one interface for each subnet; one that may be anywhere if these are not known."""
        for subnet in subnets.ids if subnets.known else (None,):
            yield Interface(
                id=f"{self.known.identity(item)}/{subnet or 'unknown'}",
                kind=kind, owner=owner, subnet=subnet,
                groups=self._groups(groups, subnet, guarded=guarded),
                public=public, ipv6=ipv6, guarded=guarded,
            )  # fmt: skip

    def _groups(self, named: Named, subnet: str | None, *, guarded: bool) -> tuple[str, ...] | None:
        if not named.known:
            return None
        if named.ids or not guarded:
            return tuple(sorted(named.ids))
        # What is given no group gets the default one of its VPC.
        found = self.subnets.get(subnet or "")
        default = self.default_groups.get(found.vpc) if found else None
        return (default,) if default else None


def listeners(known: Identities) -> Iterator[Listener]:
    """Yield what load balancers, their targets, databases and endpoints wait for."""
    for item in known.of("aws_lb_listener", "aws_alb_listener"):
        if item.get("port"):
            yield Listener(
                owner=item.address, traffic=_port(item.get("protocol"), item.get("port"))
            )
    for item in known.of("aws_lb_target_group", "aws_alb_target_group"):
        if item.get("port"):
            yield Listener(
                owner=item.address, traffic=_port(item.get("protocol"), item.get("port"))
            )
    for item in known.of("aws_db_instance"):
        if item.get("port"):
            yield Listener(owner=item.address, traffic=traffic("tcp", item.get("port")))
    for item in known.of("aws_vpc_endpoint"):
        if item.get("vpc_endpoint_type") == "Interface":
            yield Listener(owner=item.address, traffic=traffic("tcp", HTTPS))


def _port(protocol: str | None, port: int) -> Ranges:
    return traffic("udp" if protocol == "UDP" else "tcp", port)
