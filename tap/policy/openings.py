"""What security groups let in and out, by whichever of the provider's resources it is written."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

from tap.policy.links import Link
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource
    from tap.policy.values import Values

GROUPS = ("aws_security_group", "aws_default_security_group")
RULES = (
    "aws_security_group_rule",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
)
EVERY_PORT = range(65536)

_ALL_PROTOCOLS = ("-1", "all")
_NO_PORTS = range(0)
# Names and numbers: https://www.iana.org/assignments/protocol-numbers
_TCP = ("tcp", "6")
_UDP = ("udp", "17")


@dataclass(frozen=True)
class Opening:
    """One rule of a security group.

    Attributes:
        values: The resource, or the block in a group.
        is_ingress: Whether it lets in.
        protocol: Name of the argument with the protocol.
        networks: Names of the arguments with CIDR blocks.
        peers: Name of the argument with other groups.
    """

    values: Values
    is_ingress: bool
    protocol: str
    networks: tuple[str, ...]
    peers: str

    @property
    def address(self) -> str:
        """The address of the resource it is written in."""
        return self.values.resource.address

    def ports(self, *, udp: bool = False) -> range:
        """Return the ports it opens for TCP, or for UDP."""
        protocol = (self.values.text(self.protocol) or "").lower()
        if protocol in _ALL_PROTOCOLS:
            return EVERY_PORT
        first, last = self.values.number("from_port"), self.values.number("to_port")
        if protocol not in (_UDP if udp else _TCP) or first is None or last is None:
            return _NO_PORTS
        return range(int(first), int(last) + 1)

    def anywhere(self) -> Iterator[str]:
        """Yield the names of the arguments that hold all addresses of the internet."""
        for name in self.networks:
            if any(map(_is_everything, self._texts(name))):
                yield name

    def has_networks(self) -> bool:
        """Tell whether it is for addresses, and not for groups alone."""
        return any(self.values.is_set(name) for name in (*self.networks, *self._prefix_lists))

    def group(self) -> Resource | None:
        """Return the group it is a rule of; None if that is not in the plan."""
        resource = self.values.resource
        if resource.type in GROUPS:
            return resource
        return resource.target("security_group_id", *GROUPS)

    def may_name(self, group: Resource) -> bool:
        """Tell whether it names a group as its other end."""
        link = self._link(self.peers)
        if not link.certain and (group.address in link.addresses or not link.addresses):
            raise UnknownValueError(
                group.address, f"whether {self.address} is for it", "is known only after apply"
            )
        return group.address in link.addresses

    def is_rule_of(self, group: Resource) -> bool:
        """Tell whether it is a rule of a group, as far as is known."""
        return group.address in self.owners.addresses

    def may_reach(self, group: Resource) -> bool:
        """Tell whether it is for a group, or for addresses that its members may have."""
        return self.has_networks() or self.is_for_itself(group) or self.may_name(group)

    def is_for_itself(self, group: Resource) -> bool:
        """Tell whether it is a rule of a group that lets its members reach each other."""
        itself = self.protocol == "protocol" and self.values.flag("self")
        return itself and self.is_rule_of(group)

    @property
    def owners(self) -> Link:
        """The group it is a rule of, or those it may be a rule of."""
        resource = self.values.resource
        if resource.type in GROUPS:
            return Link(frozenset({resource.address}))
        return resource.planned.links.of(resource, ("security_group_id",))

    def fault(self, message: str, *, at: str = "") -> Fault:
        """Return a fault of this rule."""
        return self.values.fault(message, at=at)

    @property
    def _prefix_lists(self) -> tuple[str, ...]:
        return ("prefix_list_ids",) if self.protocol == "protocol" else ("prefix_list_id",)

    def _link(self, name: str) -> Link:
        resource = self.values.resource
        return resource.planned.links.of(resource, (*self.values.path, name))

    def _texts(self, name: str) -> Iterator[str]:
        if name in {"cidr_ipv4", "cidr_ipv6"}:
            yield self.values.text(name) or ""
        else:
            yield from self.values.each(name)


class Openings:
    """The rules of every security group of a plan."""

    def __init__(self, planned: Planned) -> None:
        self._certain: dict[str, list[Opening]] = {}
        self._possible: dict[str, list[Opening]] = {}
        self._anybody: list[Opening] = []
        for rule in planned.resources(*RULES):
            self._add(rule)
        for group in planned.resources(*GROUPS):
            # What AWS reports of a group repeats the rules that are resources of their own.
            if group.address not in self._certain or _writes_rules(group):
                self._certain.setdefault(group.address, []).extend(_inside(group))

    def of(
        self, group: Resource, test: Callable[[Opening], bool], *, ingress: bool
    ) -> Iterator[Opening]:
        """Yield the rules of a group that pass a test.

        At the end it raises :class:`UnknownValueError` if a further rule passes that may belong
        to the group, which only an apply will tell.
        """
        for opening in self._certain.get(group.address, ()):
            if opening.is_ingress is ingress and test(opening):
                yield opening
        for opening in (*self._possible.get(group.address, ()), *self._anybody):
            if opening.is_ingress is ingress and test(opening):
                raise UnknownValueError(
                    group.address,
                    f"whether {opening.address} is a rule of it",
                    "is known only after apply",
                )

    def _add(self, rule: Resource) -> None:
        for opening in written(rule):
            link = opening.owners
            if not link.certain and not link.addresses:
                self._anybody.append(opening)
            for address in link.addresses:
                table = self._certain if link.certain else self._possible
                table.setdefault(address, []).append(opening)


def written(resource: Resource) -> Iterator[Opening]:
    """Yield the rules that a resource makes, which is a rule or a group."""
    match resource.type:
        case "aws_vpc_security_group_ingress_rule" | "aws_vpc_security_group_egress_rule":
            yield Opening(
                resource,
                resource.type == "aws_vpc_security_group_ingress_rule",
                "ip_protocol",
                ("cidr_ipv4", "cidr_ipv6"),
                "referenced_security_group_id",
            )
        case "aws_security_group_rule":
            yield Opening(
                resource,
                resource.text("type") == "ingress",
                "protocol",
                ("cidr_blocks", "ipv6_cidr_blocks"),
                "source_security_group_id",
            )
        case _:
            inside = list(_inside(resource))
            # What AWS reports of a group repeats the rules that are resources of their own.
            if inside and (_writes_rules(resource) or not _has_rules(resource)):
                yield from inside


def openings(planned: Planned) -> Openings:
    """Return the rules of every security group of a plan, collected once."""
    return planned.once(Openings)


def groups_of(user: Resource, *path: str) -> tuple[Resource, ...]:
    """Return the planned security groups that a resource or a block in it is in."""
    *steps, name = path
    values: Values | None = user
    for step in steps:
        values = values.block(step) if values else None
    return values.targets(name, *GROUPS) if values else ()


def _inside(group: Resource) -> Iterator[Opening]:
    for name in ("ingress", "egress"):
        # Not given and not known before apply is the same to Terraform.
        if group.is_unknown(name) and not group.is_set(name):
            continue
        for block in group.blocks(name):
            yield Opening(
                block,
                name == "ingress",
                "protocol",
                ("cidr_blocks", "ipv6_cidr_blocks"),
                "security_groups",
            )


def _writes_rules(group: Resource) -> bool:
    expressions = group.configuration.expressions if group.configuration else {}
    return bool({"ingress", "egress"} & expressions.keys())


def _has_rules(group: Resource) -> bool:
    places = [(kind, "security_group_id") for kind in RULES]
    return any(group.planned.users_at(group, places))


def _is_everything(network: str) -> bool:
    try:
        return ip_network(network, strict=False).prefixlen == 0
    except ValueError:
        return False
