"""A network as facts: what is there, named by its id, or by its address in a plan.

The builders of this model (``from_plan``, ``from_live``) decide nothing but what is there. What
they cannot know is said so: None in place of a value, ``certain=False`` where it is not known
whether a thing is there at all. Nothing of it is guessed later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tap.proofs.network.addresses import EVERYWHERE, PUBLIC

if TYPE_CHECKING:
    from tap.proofs.network.ranges import Ranges

TargetKind = Literal[
    "local", "internet", "egress-only", "nat", "endpoint", "peering", "blackhole", "other"
]
InterfaceKind = Literal["alb", "nlb", "app", "db", "endpoints", "function", "instance"]


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """A VPC; ``blocks`` are None while they are not known."""

    id: str
    blocks: tuple[Ranges, ...] | None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet.

    Attributes:
        addresses: Its blocks; None while they are not known.
        table: The route table it uses; None if that is not known.
        acl: Its network ACL; None if that is not known.
        tier: What it is for, by its tag ``Tier``.
    """

    id: str
    vpc: str
    addresses: Ranges | None
    table: str | None
    acl: str | None
    tier: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a route leads; ``id`` is empty where the kind says it all."""

    kind: TargetKind
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route to a block or to a prefix list.

    Attributes:
        addresses: The block; None if it is a prefix list, or not known.
        prefix_list: The list; empty if it is a block, or not known.
        target: None if it is not known.
        certain: Whether it is surely there.
    """

    target: Target | None
    addresses: Ranges | None = None
    prefix_list: str = ""
    certain: bool = True


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """A route table without its local routes, which every VPC has."""

    id: str
    vpc: str
    routes: tuple[Route, ...] = ()
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class AclRule:
    """A rule of a network ACL.

    Attributes:
        number: Lower ones are looked at first; None if it is not known.
        addresses: Of the other end; None if they are not known.
        traffic: None if it is not known.
        certain: Whether it is surely there.
    """

    number: int | None
    egress: bool
    allow: bool
    addresses: Ranges | None
    traffic: Ranges | None
    certain: bool = True
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Acl:
    """A network ACL; what no rule takes is denied."""

    id: str
    vpc: str
    rules: tuple[AclRule, ...] = ()
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    """A rule of a security group, which allows.

    Attributes:
        addresses: Of the other end; None if it is told by one of the next two, or not known.
        group: The security group of the other end.
        prefix_list: The prefix list of the other end.
        traffic: None if it is not known.
        certain: Whether it is surely there.
    """

    egress: bool
    traffic: Ranges | None
    addresses: Ranges | None = None
    group: str = ""
    prefix_list: str = ""
    certain: bool = True
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class SecurityGroup:
    """A security group; what no rule takes is denied, and answers always pass."""

    id: str
    vpc: str
    name: str = ""
    rules: tuple[GroupRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Interface:
    """A network interface, or what will be any number of them in one subnet.

    Attributes:
        kind: What it belongs to.
        owner: The load balancer, group of instances, database, endpoint or function.
        subnet: None if it is not known.
        groups: Its security groups; None if they are not known.
        addresses: Its private addresses; None if these are any of the subnet.
        public: Whether it has a public IPv4 address; None if that is not known.
        ipv6: Whether it has an IPv6 address as well, where ``addresses`` does not say so.
        guarded: Whether security groups guard it; not so of some network load balancers.
    """

    id: str
    kind: InterfaceKind
    owner: str
    subnet: str | None
    groups: tuple[str, ...] | None
    addresses: Ranges | None = None
    public: bool | None = False
    ipv6: bool = False
    guarded: bool = True


@dataclass(frozen=True, kw_only=True)
class NatGateway:
    """A NAT gateway; ``public`` is false of one that only joins private networks."""

    id: str
    subnet: str | None
    public: bool = True


@dataclass(frozen=True, kw_only=True)
class PrefixList:
    """A prefix list.

    Attributes:
        name: Such as ``com.amazonaws.eu-west-1.s3``.
        addresses: What is in it; None if that is not known.
        service: Whether AWS keeps it for a service, so that all in it are public addresses.
    """

    id: str
    name: str = ""
    addresses: Ranges | None = None
    service: bool = False

    @property
    def within(self) -> Ranges:
        """The addresses that can be in it at most."""
        if self.addresses is not None:
            return self.addresses
        return PUBLIC if self.service else EVERYWHERE


@dataclass(frozen=True, kw_only=True)
class Peering:
    """A peering of two VPCs; ``active`` is None if that is not known."""

    id: str
    vpcs: tuple[str, str]
    active: bool | None = True


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Traffic that something waits for: a port of a listener, a target group, a database."""

    owner: str
    traffic: Ranges


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that decides which packets get where.

    Attributes:
        internet_gateways: Id -> the VPC it is attached to; empty if it is to none.
        egress_only_gateways: Likewise.
    """

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    tables: tuple[RouteTable, ...] = ()
    acls: tuple[Acl, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    peerings: tuple[Peering, ...] = ()
    listeners: tuple[Listener, ...] = ()
    internet_gateways: dict[str, str] = field(default_factory=dict)
    egress_only_gateways: dict[str, str] = field(default_factory=dict)
