"""The way of a packet, and of its answer, as steps that each let some traffic pass.

A path is made of generators that end at the first step that lets nothing pass. Where a path
leaves the facts, by a transit gateway for instance, a step lets everything perhaps pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tap.proofs.network.addresses import EVERYWHERE, IPV4, PUBLIC, describe
from tap.proofs.network.network import DOUBTFUL, PASSING
from tap.proofs.network.places import Place
from tap.proofs.network.ranges import IMPOSSIBLE, Bounds
from tap.proofs.network.traffic import MANAGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.proofs.network.facts import NatGateway, Subnet
    from tap.proofs.network.network import Found, Network
    from tap.proofs.network.traffic import Clients

StepKind = Literal["group", "acl", "route", "gateway", "elsewhere"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One thing that a packet has to pass.

    Attributes:
        kind: ``elsewhere`` is no obstacle: what is asked about does not go this way at all.
        admits: What passes.
        leg: 0 on the way to the destination; the answers come back on the legs 1 and, behind a
            NAT gateway, which chooses ports of its own, 2.
        at: The place whose groups, or the place in the subnet whose ACL or routes these are.
        other: The other end, as this step sees it.
        egress: The direction of the rules, for groups and ACLs.
        text: What it says, for routes and gateways.
        clients: On the way back, whose ports the answers go to.
    """

    kind: StepKind
    admits: Bounds
    leg: int
    at: Place
    other: Place
    egress: bool = False
    text: str = ""
    clients: Clients | None = None


def steps(network: Network, source: Place, destination: Place) -> Iterator[Step]:
    """Yield all that is between two places."""
    if source.kind == "inside" and destination.kind == "inside":
        yield from _within(network, source, destination)
    elif source.kind == "inside":
        yield from _outwards(network, source, destination)
    elif destination.kind == "inside":
        yield from _inwards(network, source, destination)
    else:
        text = "neither end is in a subnet that is known"
        yield Step("gateway", IMPOSSIBLE, 0, source, destination, text=text)


def _within(network: Network, source: Place, destination: Place) -> Iterator[Step]:
    """From one subnet into another, or within one."""
    here, there = source.subnet, destination.subnet
    yield from _groups(network, source, destination, egress=True)
    if here is None or there is None:
        lost = source if here is None else destination
        text = f"in which subnet {lost.label} is, is not known"
        yield Step("gateway", DOUBTFUL, 0, source, destination, text=text)
        yield from _groups(network, destination, source, egress=False)
        return
    # Network ACLs and routes are looked at where packets leave or enter a subnet.
    if here is not there:
        yield _acl(network, source, destination, leg=0, egress=True)
        yield _joined(network, source, destination, leg=0)
        yield _acl(network, destination, source, leg=0, egress=False)
    yield from _groups(network, destination, source, egress=False)
    if here is not there:
        own = source.clients
        yield _acl(network, destination, source, leg=1, egress=True, clients=own)
        yield _joined(network, destination, source, leg=1)
        yield _acl(network, source, destination, leg=1, egress=False, clients=own)


def _outwards(network: Network, source: Place, destination: Place) -> Iterator[Step]:
    """From a subnet to the internet, to a service, or to a network that is not known."""
    subnet = source.subnet
    yield from _groups(network, source, destination, egress=True)
    if subnet is None:
        text = f"in which subnet {source.label} is, is not known"
        yield Step("gateway", DOUBTFUL, 0, source, destination, text=text)
        return
    yield _acl(network, source, destination, leg=0, egress=True)
    found = network.route(subnet, destination)
    step = _leaving(network, source, destination, found)
    yield step
    if step.kind == "elsewhere":
        return
    target = found.target
    if target is not None and target.kind == "nat" and target.id in network.nat_gateways:
        gateway = network.nat_gateways[target.id]
        yield from _translated(network, gateway, source, destination)
    else:
        own = source.clients
        yield _acl(network, source, destination, leg=1, egress=False, clients=own)


def _translated(
    network: Network, gateway: NatGateway, source: Place, destination: Place
) -> Iterator[Step]:
    """From a NAT gateway to the internet, with the answers as far as the source."""
    subnet = network.subnets.get(gateway.subnet or "")
    if subnet is None:
        text = f"in which subnet the NAT gateway {gateway.id} is, is not known"
        yield Step("gateway", DOUBTFUL, 0, source, destination, text=text)
        return
    middle = Place(
        f"NAT gateway {gateway.id}", "inside", subnet.addresses or EVERYWHERE,
        subnet=subnet, public=gateway.public,
    )  # fmt: skip
    if subnet is not source.subnet:
        yield _acl(network, middle, source, leg=0, egress=False)
    yield _acl(network, middle, destination, leg=0, egress=True)
    found = network.route(subnet, destination)
    if found.target is not None and found.target.kind not in {"internet", "endpoint"}:
        text = f"the subnet of {middle.label} has no internet gateway: {_says(network, found)}"
        admits = DOUBTFUL if found.target.kind == "other" else IMPOSSIBLE
        yield Step("route", admits, 0, middle, destination, text=text)
    else:
        yield _leaving(network, middle, destination, found)
    yield _acl(network, middle, destination, leg=1, egress=False, clients=MANAGED)
    # In the subnet of the source it would have no internet gateway: its route leads to itself.
    yield _acl(network, middle, source, leg=2, egress=True, clients=source.clients)
    yield _joined(network, middle, source, leg=2)
    # The address of the internet is kept, only the own one is translated.
    yield _acl(network, source, destination, leg=2, egress=False, clients=source.clients)


def _inwards(network: Network, source: Place, destination: Place) -> Iterator[Step]:
    """From the internet, or a network that is not known, into a subnet."""
    subnet = destination.subnet
    if source.kind == "service":
        text = f"{source.label} answers and does not begin"
        yield Step("gateway", IMPOSSIBLE, 0, source, destination, text=text)
        return
    if subnet is None:
        text = f"in which subnet {destination.label} is, is not known"
        yield Step("gateway", DOUBTFUL, 0, source, destination, text=text)
    elif source.addresses <= PUBLIC:
        yield _arriving(network, source, destination, subnet)
        yield _acl(network, destination, source, leg=0, egress=False)
    else:
        text = "how it comes into the VPC is not known"
        yield Step("gateway", DOUBTFUL, 0, source, destination, text=text)
        yield _acl(network, destination, source, leg=0, egress=False)
    yield from _groups(network, destination, source, egress=False)
    if subnet is not None:
        yield _answering(network, destination, source, network.route(subnet, source))
        yield _acl(network, destination, source, leg=1, egress=True, clients=source.clients)


def _arriving(network: Network, source: Place, destination: Place, subnet: Subnet) -> Step:
    gateways = [key for key, vpc in network.facts.internet_gateways.items() if vpc == subnet.vpc]
    if not gateways:
        admits, text = IMPOSSIBLE, f"no internet gateway is attached to {subnet.vpc}"
    elif source.addresses <= IPV4:
        admits, text = _public(destination, f"internet gateway {gateways[0]}")
    else:
        admits, text = PASSING, f"internet gateway {gateways[0]}"
    return Step("gateway", admits, 0, destination, source, text=text)


def _public(place: Place, gateway: str) -> tuple[Bounds, str]:
    """Return whether a gateway knows a public IPv4 address of a place."""
    if place.public is None:
        return DOUBTFUL, f"whether {place.label} has a public address is not known"
    if not place.public:
        return IMPOSSIBLE, f"{place.label} has no public address"
    return PASSING, f"{gateway}, public address of {place.label}"


def _leaving(network: Network, source: Place, destination: Place, found: Found) -> Step:
    """Follow the route from a subnet to something that is in none."""
    if found.clear and found.target is not None and found.target.kind == "endpoint":
        # The internet is not reached that way, and nothing keeps it from being reached.
        kind: StepKind = "elsewhere" if destination.kind == "internet" else "route"
        return Step(kind, PASSING, 0, source, destination, text=_says(network, found))
    admits, why = _followed(network, source, destination, found)
    text = f"{_says(network, found)}{f': {why}' if why else ''}"
    return Step("route", admits, 0, source, destination, text=text)


def _followed(
    network: Network, source: Place, destination: Place, found: Found
) -> tuple[Bounds, str]:
    """Return what a route to the outside lets pass, and why."""
    kind, identity = (found.target.kind, found.target.id) if found.target else ("", "")
    result = DOUBTFUL, "what is behind it is not known"
    if not found.clear:
        result = DOUBTFUL, "where it leads is known only after apply"
    elif found.local:
        result = IMPOSSIBLE, "in no subnet that is known"
    elif kind in {"", "blackhole"}:
        result = IMPOSSIBLE, ""
    elif kind == "internet":
        result = _to_internet(network, source, destination, identity)
    elif kind == "egress-only":
        result = _to_egress_only(network, source, destination, identity)
    elif kind == "nat":
        result = _to_nat(network, destination, identity)
    return result


def _to_internet(
    network: Network, source: Place, destination: Place, gateway: str
) -> tuple[Bounds, str]:
    vpc = source.subnet.vpc if source.subnet else ""
    if network.facts.internet_gateways.get(gateway) != vpc:
        return IMPOSSIBLE, f"it is not attached to {vpc}"
    if not destination.addresses <= PUBLIC:
        return IMPOSSIBLE, "the address is not public"
    if destination.addresses.meets(IPV4):
        return _public(source, "by the")
    return PASSING, ""


def _to_egress_only(
    network: Network, source: Place, destination: Place, gateway: str
) -> tuple[Bounds, str]:
    vpc = source.subnet.vpc if source.subnet else ""
    if network.facts.egress_only_gateways.get(gateway) != vpc:
        return IMPOSSIBLE, f"it is not attached to {vpc}"
    if destination.addresses.meets(IPV4):
        return IMPOSSIBLE, "it is for IPv6 only"
    return PASSING, ""


def _to_nat(network: Network, destination: Place, gateway: str) -> tuple[Bounds, str]:
    found = network.nat_gateways.get(gateway)
    if found is None:
        return DOUBTFUL, "this NAT gateway is not known"
    if not destination.addresses.meets(IPV4):
        return DOUBTFUL, "what it does with IPv6 is not known"
    return (PASSING, "") if found.public else (IMPOSSIBLE, "it is private")


def _answering(network: Network, source: Place, destination: Place, found: Found) -> Step:
    """Follow the route back to what has come from outside of the VPC.

    A subnet that does not lead to the gateway is not reached through it, not even by what needs
    no answer: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
    """
    kind = found.target.kind if found.target else ""
    if kind in {"egress-only", "nat"}:
        text = f"{_says(network, found)}: answers do not go back the way the question came"
        return Step("route", IMPOSSIBLE, 0, source, destination, text=text)
    return _leaving(network, source, destination, found)


def _joined(network: Network, source: Place, destination: Place, *, leg: int) -> Step:
    """Follow the route from one subnet to another."""
    here, there = source.subnet, destination.subnet
    found = network.route(here, destination)
    kind = found.target.kind if found.target else ""
    admits, why = DOUBTFUL, "where it leads is known only after apply"
    if here is None or there is None or (found.clear and kind == "other"):
        why = "what is behind it is not known"
    elif found.clear and found.local:
        same = here.vpc == there.vpc
        admits, why = (PASSING, "") if same else (IMPOSSIBLE, f"{there.id} is in another VPC")
    elif found.clear and found.target is not None and kind == "peering":
        admits, why = _peered(network, found.target.id, here, there)
    elif found.clear:
        admits, why = IMPOSSIBLE, ""
    text = f"{_says(network, found)}{f': {why}' if why else ''}"
    return Step("route", admits, leg, source, destination, text=text)


def _peered(network: Network, identity: str, here: Subnet, there: Subnet) -> tuple[Bounds, str]:
    found = network.peerings.get(identity)
    if found is None:
        return DOUBTFUL, "this peering is not known"
    if {here.vpc, there.vpc} != set(found.vpcs):
        return IMPOSSIBLE, f"it joins {' and '.join(found.vpcs)}"
    if found.active is None:
        return DOUBTFUL, "whether it is accepted is not known"
    return (PASSING, "") if found.active else (IMPOSSIBLE, "it is not active")


def _says(network: Network, found: Found) -> str:
    """Return a route in words."""
    if found.local:
        return "local"
    if found.route is None or (found.clear and found.target is None):
        return "no route" if found.clear else "routes that are known only after apply"
    route, target = found.route, found.route.target
    listed = network.prefix_list(route.prefix_list)
    to = describe(route.addresses) if route.addresses else (listed.name or listed.id)
    if target is None:
        return f"{to} to something that is known only after apply"
    return f"{to} to {' '.join(filter(None, (target.kind, target.id)))}"


def _groups(network: Network, place: Place, other: Place, *, egress: bool) -> Iterator[Step]:
    if place.guarded:
        admits = network.groups_admit(place, other, egress=egress)
        yield Step("group", admits, 0, place, other, egress)


def _acl(
    network: Network,
    place: Place,
    other: Place,
    *,
    leg: int,
    egress: bool,
    clients: Clients | None = None,
) -> Step:
    admits = network.acl_admits(place.subnet, other, egress=egress)
    return Step("acl", admits, leg, place, other, egress, clients=clients)
