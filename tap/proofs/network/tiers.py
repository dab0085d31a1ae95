"""The names by which a person asks: tiers, single things, networks.

A name is the first of these that it fits:

- ``internet``: all public addresses outside of the VPCs, as far as they are reached through an
  internet gateway, a NAT gateway or an egress-only gateway;
- a kind of interface: ``alb``, ``nlb``, ``app`` (instances of Auto Scaling groups), ``db``,
  ``endpoints``, ``function``, ``instance``;
- a security group, by name or id: all interfaces that are in it;
- a tier of subnets, by their tag ``Tier``, or a subnet by name or id: any host in there, guarded by
  network ACLs and routes but by no security group of its own, and in none;
- a service with a prefix list, such as ``s3`` or ``dynamodb``;
- an interface by id, or all interfaces of an owner;
- an address or block: hosts of a subnet it is in, as above, or whatever is there outside.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tap.errors import SettingsError
from tap.proofs.network.addresses import EVERYWHERE, IPV4, PUBLIC, network
from tap.proofs.network.places import Place
from tap.proofs.network.ranges import Ranges
from tap.proofs.network.traffic import HOSTS, MANAGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.proofs.network.facts import Facts, Interface, PrefixList, Subnet
    from tap.proofs.network.network import Network
    from tap.proofs.network.reach import Reach

INTERNET = "internet"
# What AWS runs, so that nobody else chooses its ports.
_MANAGED = {"alb", "nlb", "db", "endpoints", "function"}
_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class Tiers:
    """The names that can be asked about in a network.

    Args:
        network: The facts.
        aliases: Further names for these.

    Attributes:
        reaches: What gets from one name to another, as far as it was worked out.
    """

    def __init__(self, network: Network, aliases: Mapping[str, str] = _NO_ALIASES) -> None:
        self.network = network
        self.aliases = aliases
        self._found: dict[str, tuple[Place, ...]] = {}
        self.reaches: dict[tuple[str, str], Reach | None] = {}
        facts = network.facts
        self._kinds = dict.fromkeys(item.kind for item in facts.interfaces)
        self._subnet_tiers = dict.fromkeys(item.tier for item in facts.subnets if item.tier)
        self._services = {
            item.name.rpartition(".")[2]: item for item in facts.prefix_lists if item.service
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All tiers: the internet, kinds of interfaces, tiers of subnets, services, aliases."""
        found = [INTERNET, *sorted(self._kinds), *sorted(self._subnet_tiers)]
        return (*found, *sorted(self._services), *sorted(self.aliases))

    def places(self, name: str) -> tuple[Place, ...]:
        """Return what is meant by a name; nothing, if it is a security group that nothing is in.

        Raises:
            SettingsError: Nothing is called so.
        """
        if name not in self._found:
            found = self._places(self.aliases.get(name, name))
            if found is None:
                raise SettingsError(
                    f"nothing in the network is called {name!r}",
                    f"name one of {', '.join(self.names)}, or a security group, a subnet, an "
                    "interface or a block of addresses",
                )
            self._found[name] = found
        return self._found[name]

    def _places(self, name: str) -> tuple[Place, ...] | None:
        facts = self.network.facts
        groups = {item.id for item in facts.groups if name in {item.id, item.name}}
        subnets = [item for item in facts.subnets if name in {item.tier, item.name, item.id}]
        found: tuple[Place, ...] | None
        if name == INTERNET:
            found = tuple(self._internet())
        elif name in self._kinds:
            found = self._hosts(item for item in facts.interfaces if item.kind == name)
        elif groups:
            found = self._members(groups)
        elif subnets:
            found = tuple(_anybody(item, item.addresses) for item in subnets)
        elif name in self._services:
            found = self._service(self._services[name], name)
        else:
            found = self._single(name)
        return found

    def _single(self, name: str) -> tuple[Place, ...] | None:
        facts = self.network.facts
        owned = [item for item in facts.interfaces if name in {item.id, item.owner}]
        if owned:
            return self._hosts(owned)
        try:
            return tuple(self._block(name, network(name)))
        except ValueError:
            return None

    def _internet(self) -> Iterable[Place]:
        public = PUBLIC - self.network.inside
        yield Place(INTERNET, "internet", public, every=True)
        for item in self.network.facts.prefix_lists:
            # What is in there is a part of the internet that only this list names.
            if item.service and item.addresses is None:
                label = f"{INTERNET}, addresses of {item.name or item.id}"
                addresses = public & IPV4
                yield Place(label, "internet", addresses, every=True, lists=frozenset({item.id}))

    def _service(self, item: PrefixList, name: str) -> tuple[Place, ...]:
        lists = frozenset[str]() if item.addresses is not None else frozenset({item.id})
        return (Place(name, "service", item.within & IPV4, every=True, lists=lists),)

    def _members(self, groups: set[str]) -> tuple[Place, ...]:
        return self._hosts(
            item
            for item in self.network.facts.interfaces
            if item.groups is not None and groups & set(item.groups)
        )

    def _hosts(self, interfaces: Iterable[Interface]) -> tuple[Place, ...]:
        """Return interfaces as places; those that are alike are one."""
        found: dict[object, Place] = {}
        for item in interfaces:
            subnet = self.network.subnets.get(item.subnet or "")
            addresses = item.addresses
            if addresses is None:
                addresses = subnet.addresses if subnet and subnet.addresses else EVERYWHERE
                addresses &= EVERYWHERE if item.ipv6 else IPV4
            key = (
                item.subnet,
                item.groups,
                addresses,
                item.public,
                item.guarded,
                item.kind in _MANAGED,
            )
            if key not in found:
                label = f"{item.owner} in {subnet.name or subnet.id}" if subnet else item.owner
                found[key] = Place(
                    label, "inside", addresses,
                    subnet=subnet, groups=item.groups, guarded=item.guarded, public=item.public,
                    clients=MANAGED if item.kind in _MANAGED else HOSTS,
                )  # fmt: skip
        return tuple(found.values())

    def _block(self, name: str, block: Ranges) -> Iterable[Place]:
        rest = block
        for subnet in self.network.facts.subnets:
            if subnet.addresses and (here := subnet.addresses & block):
                yield _anybody(subnet, here)
                rest -= here
        for part in (rest & PUBLIC, rest - PUBLIC):
            if part:
                yield Place(name, "network", part, every=True)


def _anybody(subnet: Subnet, addresses: Ranges | None) -> Place:
    """Return any host in a subnet; whether one has a public address is not said."""
    return Place(
        subnet.name or subnet.id, "inside", addresses or EVERYWHERE,
        every=addresses is not None, subnet=subnet, public=True, clients=HOSTS,
    )  # fmt: skip


def ports_in_use(facts: Facts) -> tuple[Ranges, ...]:
    """Return the traffic that something waits for or a security group names, each once, in order.

    Args:
        facts: What is there. Rules for everything, or for a range of ports, name no port.
    """
    found = {span for item in facts.listeners for span in item.traffic.spans}
    found |= {
        span
        for group in facts.groups
        for rule in group.rules
        for span in (rule.traffic.spans if rule.traffic else ())
        if span[0] == span[1]
    }
    return tuple(Ranges((span,)) for span in sorted(found))
