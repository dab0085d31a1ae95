"""The ends of a flow: interfaces, hosts at some address, the internet, services of AWS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tap.proofs.network.traffic import STRANGERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.proofs.network.facts import Subnet
    from tap.proofs.network.ranges import Ranges
    from tap.proofs.network.traffic import Clients

PlaceKind = Literal["inside", "internet", "service", "network"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One end of a flow.

    Attributes:
        label: What a person calls it.
        kind: ``inside`` a subnet; in the ``internet``; a ``service`` of AWS with a prefix list;
            some other ``network``.
        addresses: Where it may be. Once it is split, no rule that matters tells them apart.
        every: Whether all of the addresses are meant; else one of them, and which is not known.
        subnet: Where it is; None outside, and if that is not known.
        groups: The security groups it is in; None if they are not known.
        guarded: Whether security groups guard it: they do not guard a mere address.
        public: Whether it has a public IPv4 address; None if that is not known.
        clients: From which ports it begins a connection.
        lists: Prefix lists that it is in, of those whose content is not known.
    """

    label: str
    kind: PlaceKind
    addresses: Ranges
    every: bool = False
    subnet: Subnet | None = None
    groups: tuple[str, ...] | None = ()
    guarded: bool = False
    public: bool | None = False
    clients: Clients = STRANGERS
    lists: frozenset[str] = frozenset()

    def split(self, cuts: Sequence[int]) -> tuple[Place, ...]:
        """Return the place in parts that no rule tells apart.

        Args:
            cuts: Where the addresses of rules begin and end, ascending.
        """
        if self.lists:
            return (self,)
        pieces = self.addresses.pieces(cuts)
        if len(pieces) <= 1:
            return (self,)
        return tuple(replace(self, addresses=piece) for piece in pieces)

    def of(self, family: Ranges) -> Place | None:
        """Return the part of the place in one family of addresses; None if it has none."""
        found = self.addresses & family
        if found == self.addresses:
            return self
        return replace(self, addresses=found) if found else None
