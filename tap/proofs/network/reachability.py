"""Questions about a network, and answers with the path that shows them.

A load balancer ends connections and begins its own, so "the internet reaches the application
through it" is two questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.proofs.answer import Answer
from tap.proofs.network.ranges import NOTHING, Bounds
from tap.proofs.network.reach import Reach, between, join, parts, reach
from tap.proofs.network.traffic import describe_traffic
from tap.proofs.network.witness import Hop, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.proofs.network.network import Network
    from tap.proofs.network.places import Place
    from tap.proofs.network.ranges import Ranges
    from tap.proofs.network.tiers import Tiers


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whether traffic gets from one tier to another, and its answers back.

    Attributes:
        source: A name, as ``tiers`` has them.
        destination: Likewise.
        traffic: Protocol and ports of the destination.
    """

    source: str
    destination: str
    traffic: Ranges


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of a question.

    Attributes:
        answer: Whether what was asked holds.
        packet: The packet that shows it, in words.
        path: What it meets, as far as it gets; the last hop stops it, if anything does.
    """

    answer: Answer
    packet: str
    path: tuple[Hop, ...] = ()

    def lines(self) -> list[str]:
        """Return packet and path, one hop in each line."""
        return [self.packet, *map(str, self.path)]


def reached(tiers: Tiers, source: str, destination: str) -> Reach | None:
    """Return all that gets from one tier to another; None if one of them is empty.

    Raises:
        SettingsError: Nothing is called so.
    """
    if (source, destination) not in tiers.reaches:
        found = [
            reach(tiers.network, one, other)
            for one in tiers.places(source)
            for other in tiers.places(destination)
            if _are_apart(one, other)
        ]
        known = [each for each in found if each is not None]
        tiers.reaches[source, destination] = join(known)
    return tiers.reaches[source, destination]


def never(tiers: Tiers, question: Question) -> Finding:
    """Answer whether nothing that is asked about gets through.

    It is refuted by one packet that does, from a port that its sender is free to choose.

    Raises:
        SettingsError: Nothing is called as source or destination are.
    """
    found = reached(tiers, question.source, question.destination)
    asked = question.traffic
    if found is None or not found.some.perhaps.meets(asked):
        return _shown(tiers, question, Answer.PROVED, always=False)
    refuted = found.some.surely.meets(asked)
    answer = Answer.REFUTED if refuted else Answer.UNKNOWN
    return _shown(tiers, question, answer, always=False)


def always(tiers: Tiers, question: Question) -> Finding:
    """Answer whether everything that is asked about gets through.

    That is from everything of the source to everything of the destination, in each protocol and to
    each port, from all ports that a client may choose. One packet that does not refutes it; a tier
    that is empty does so, too.

    Raises:
        SettingsError: Nothing is called as source or destination are.
    """
    found = reached(tiers, question.source, question.destination)
    asked = question.traffic
    if found is None or not found.every.perhaps >= asked:
        return _shown(tiers, question, Answer.REFUTED, always=True)
    proved = found.every.surely >= asked
    answer = Answer.PROVED if proved else Answer.UNKNOWN
    return _shown(tiers, question, answer, always=True)


def _shown(tiers: Tiers, question: Question, answer: Answer, *, always: bool) -> Finding:
    """Find a packet that shows an answer, and follow it."""
    chosen: tuple[Place, Place, int] | None = None
    for one, other, found in _flows(tiers, question):
        deciding = _deciding(found, question.traffic, answer, always=always)
        if deciding:
            chosen = (one, other, deciding.first)
            break
    if chosen is None:
        return Finding(answer=answer, packet=_nothing(tiers, question))
    one, other, point = chosen
    path = tuple(follow(tiers.network, one, other, point, always=always))
    words = describe_traffic(type(question.traffic)(((point, point),)))
    return Finding(answer=answer, packet=f"{words} from {one.label} to {other.label}", path=path)


def _flows(tiers: Tiers, question: Question) -> Iterator[tuple[Place, Place, Reach]]:
    """Yield all pairs of places that no rule tells apart; those that things go between."""
    network: Network = tiers.network
    for source in tiers.places(question.source):
        for destination in tiers.places(question.destination):
            if not _are_apart(source, destination):
                continue
            for sources, destinations in parts(network, source, destination):
                for one in sources:
                    for other in destinations:
                        if (found := between(network, one, other)) is not None:
                            yield one, other, found


def _deciding(found: Reach, asked: Ranges, answer: Answer, *, always: bool) -> Ranges:
    """Return the traffic between two places that makes an answer what it is."""
    bounds: Bounds = found.every if always else found.some
    passes = (answer is Answer.PROVED) == always
    if answer is Answer.UNKNOWN:
        # Also what passes here for certain, where only the address is not known.
        return asked & ((bounds.perhaps - bounds.surely) or NOTHING)
    return asked & bounds.surely if passes else asked - bounds.perhaps


def _nothing(tiers: Tiers, question: Question) -> str:
    """Say why no packet shows an answer."""
    for name in (question.source, question.destination):
        if not tiers.places(name):
            return f"nothing is in {name}"
    return f"nothing of {question.source} goes to {question.destination} by this way"


def _are_apart(source: Place, destination: Place) -> bool:
    """Tell whether a flow between two places is possible: one thing does not talk to itself."""
    return (
        source is not destination or source.addresses.spans[0][0] != source.addresses.spans[-1][1]
    )
