"""Who reaches whom: every tier against every other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tap.proofs.network.reachability import reached
from tap.proofs.network.tiers import INTERNET, ports_in_use

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap.proofs.network.ranges import Ranges
    from tap.proofs.network.reach import Reach
    from tap.proofs.network.tiers import Tiers

Word = Literal["yes", "partly", "no", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What gets from one tier to another.

    Attributes:
        source: Name of the tier.
        destination: Likewise.
        reach: What gets through; None where one of the two is empty.
    """

    source: str
    destination: str
    reach: Reach | None

    def word(self, traffic: Ranges) -> Word:
        """Say whether some traffic gets through.

        ``yes`` is all of it, from everywhere to everywhere; ``partly`` is some of it, or from or to
        some of the members, or from some ports of clients.
        """
        if self.reach is None or not self.reach.some.perhaps.meets(traffic):
            return "no"
        if self.reach.every.surely >= traffic:
            return "yes"
        return "partly" if self.reach.some.surely.meets(traffic) else "unknown"


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All cells.

    Attributes:
        tiers: Names of the tiers, in order.
        traffic: The ports in use; a cell knows of all others as well.
        cells: By source and destination.
    """

    tiers: tuple[str, ...]
    traffic: tuple[Ranges, ...]
    cells: dict[tuple[str, str], Cell]


def matrix(tiers: Tiers, names: Sequence[str] = (), traffic: Iterable[Ranges] = ()) -> Matrix:
    """Ask everything.

    Args:
        tiers: The names of a network.
        names: Those to ask about; by default all of ``tiers.names``.
        traffic: What to ask about besides the ports in use, such as SSH.

    Raises:
        SettingsError: Nothing is called as one of the names.
    """
    chosen = tuple(names) or tiers.names
    outside = {name for name in chosen if all(each.kind != "inside" for each in tiers.places(name))}
    cells = {
        (source, destination): Cell(
            source=source, destination=destination, reach=reached(tiers, source, destination)
        )
        for source in chosen
        for destination in chosen
        # Services do not begin, and what is between two networks outside is not known here.
        if source not in outside or (source == INTERNET and destination not in outside)
    }
    used = dict.fromkeys([*ports_in_use(tiers.network.facts), *traffic])
    return Matrix(tiers=chosen, traffic=tuple(used), cells=cells)
