"""What gets from one place, or set of places, to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.proofs.network.paths import steps
from tap.proofs.network.ranges import IMPOSSIBLE, Bounds
from tap.proofs.network.traffic import ALL, answered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.proofs.network.network import Network
    from tap.proofs.network.places import Place
    from tap.proofs.network.ranges import Ranges
    from tap.proofs.network.traffic import Clients


@dataclass(frozen=True, slots=True)
class Reach:
    """What gets through, with its answers.

    Attributes:
        some: What gets from something of the source to something of the destination, from at
            least one port that the client can be made to choose.
        every: What gets from everything of the source to everything of the destination, from
            all ports that it chooses by itself.
    """

    some: Bounds
    every: Bounds


NEVER = Reach(IMPOSSIBLE, IMPOSSIBLE)


def between(network: Network, source: Place, destination: Place) -> Reach | None:
    """Return what gets from one place to another; None if it is not by this way.

    Args:
        network: The facts.
        source: One place that no rule tells apart.
        destination: Likewise.
    """
    if not _admitted(network, source, destination):
        return NEVER
    there: Bounds | None = None
    back: dict[int, tuple[Bounds, Clients]] = {}
    for step in steps(network, source, destination):
        if step.kind == "elsewhere":
            return None
        if step.clients is not None:
            known = back.get(step.leg)
            back[step.leg] = (known[0] & step.admits if known else step.admits, step.clients)
        else:
            # Routes back let all answers pass, or none.
            there = step.admits if there is None else there & step.admits
            if not there.perhaps:
                return NEVER
    if there is None:
        there = Bounds(ALL, ALL)
    some, every = there, there
    for passing, clients in back.values():
        some &= _answered(passing, clients.possible, always=False)
        every &= _answered(passing, clients.needed, always=True)
    return Reach(some, every)


def _admitted(network: Network, source: Place, destination: Place) -> bool:
    """Tell whether security groups let anything pass, which is quick to see and mostly not so."""
    if not (source.guarded and destination.guarded):
        return True
    out = network.groups_admit(source, destination, egress=True).perhaps
    return out.meets(network.groups_admit(destination, source, egress=False).perhaps)


def _answered(passing: Bounds, ports: Ranges, *, always: bool) -> Bounds:
    return Bounds(
        answered(passing.surely, ports, always=always),
        answered(passing.perhaps, ports, always=always),
    )


def parts(
    network: Network, source: Place, destination: Place
) -> Iterator[tuple[tuple[Place, ...], tuple[Place, ...]]]:
    """Yield both places in parts that no rule tells apart, for IPv4 and for IPv6."""
    for here, there in zip(network.families(source), network.families(destination), strict=True):
        if here is not None and there is not None:
            yield network.parts(here, there), network.parts(there, here)


def reach(network: Network, source: Place, destination: Place) -> Reach | None:
    """Return what gets from one place to another; None if nothing goes there by this way.

    Args:
        network: The facts.
        source: Where it begins. Of an interface with one address that is not known nothing is
            certain but what holds for all of its subnet.
        destination: Where it ends, likewise.
    """
    # Two that have no family in common do not meet.
    found: list[Reach] | None = None
    for sources, destinations in parts(network, source, destination):
        rows = [
            _merged([between(network, one, two) for two in destinations], every=destination.every)
            for one in sources
        ]
        merged = _merged(rows, every=source.every)
        found = [*(found or []), *([merged] if merged is not None else [])]
    return NEVER if found is None else join(found)


def _merged(found: list[Reach | None], *, every: bool) -> Reach | None:
    """Return what holds for several addresses: for all of them, or for one that is not known."""
    known = [each for each in found if each is not None]
    return join(known) if every else _either(known)


def join(found: list[Reach]) -> Reach | None:
    """Return what holds for several that are all there."""
    if not found:
        return None
    some, every = found[0].some, found[0].every
    for each in found[1:]:
        some |= each.some
        every &= each.every
    return Reach(some, every)


def _either(found: list[Reach]) -> Reach | None:
    if not found:
        return None
    some, every = found[0].some, found[0].every
    for each in found[1:]:
        some, every = some.either(each.some), every.either(each.every)
    return Reach(some, every)
