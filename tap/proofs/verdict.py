"""All intents of an environment, and whatever else gets from one tier to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.errors import PolicyError, SettingsError
from tap.proofs.access.intents import judge_one
from tap.proofs.answer import Answer
from tap.proofs.intents import Flow, Intents, Line
from tap.proofs.network.matrix import Matrix, matrix
from tap.proofs.network.reachability import Question, always, never
from tap.proofs.network.traffic import describe_traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.errors import TapError
    from tap.proofs.access.facts import Facts as AccessFacts
    from tap.proofs.network.tiers import Tiers


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What came of one intent.

    Attributes:
        line: The intent.
        answer: Whether it holds.
        reasons: What shows it: the packet and its path, or the request and the statements.
    """

    line: Line
    answer: Answer
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unexpected:
    """Something that gets from one tier to another and that no line expects.

    Attributes:
        source: Name of the tier.
        destination: Likewise.
        traffic: Protocols and ports, such as ``tcp/22``.
        certain: Whether it surely gets through; else that is not known.
        reasons: A packet that shows it, and its path.
    """

    source: str
    destination: str
    traffic: str
    certain: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of all questions about an environment.

    Attributes:
        subject: What was asked about, such as ``the plan of prod``.
        proofs: One for each intent that is a question, in the order of the file.
        unexpected: What the matrix shows and no line expects.
        matrix: Every tier against every other.
    """

    subject: str
    proofs: tuple[Proof, ...]
    unexpected: tuple[Unexpected, ...]
    matrix: Matrix

    @property
    def broken(self) -> tuple[Proof, ...]:
        """Intents that do not hold, or of which it is not known."""
        return tuple(each for each in self.proofs if each.answer is not Answer.PROVED)

    @property
    def holds(self) -> bool:
        """Whether every intent is proved and nothing unexpected can get through."""
        return not self.broken and not self.unexpected


def prove(
    subject: str, intents: Intents, *, tiers: Tiers, access: AccessFacts | PolicyError
) -> Verdict:
    """Answer every intent, and look for what none of them expects.

    An intent that names what is not there is not known to hold.

    Args:
        subject: What is asked about.
        intents: What is meant to hold.
        tiers: The network.
        access: Who may do what, or why that cannot be read.
    """
    found = matrix(tiers)
    proofs = [
        _answered(line, intents, tiers, access)
        for line in intents.lines
        if not (isinstance(line.asked, Flow) and line.asked.effect == "may")
    ]
    return Verdict(
        subject=subject,
        proofs=tuple(proofs),
        unexpected=tuple(_unexpected(intents, tiers, found)),
        matrix=found,
    )


def _answered(
    line: Line, intents: Intents, tiers: Tiers, access: AccessFacts | PolicyError
) -> Proof:
    try:
        if isinstance(line.asked, Flow):
            return _of_flow(line, line.asked, tiers)
        if isinstance(access, PolicyError):
            return _unknown(line, access)
        judged = judge_one(line.asked, intents.access, access, intents.names)
    except (PolicyError, SettingsError) as error:
        return _unknown(line, error)
    return Proof(line=line, answer=judged.answer, reasons=tuple(judged.lines()))


def _unknown(line: Line, error: TapError) -> Proof:
    return Proof(line=line, answer=Answer.UNKNOWN, reasons=(error.message, error.hint))


def _of_flow(line: Line, flow: Flow, tiers: Tiers) -> Proof:
    asked = Question(source=flow.source, destination=flow.destination, traffic=flow.traffic)
    finding = (always if flow.effect == "allow" else never)(tiers, asked)
    return Proof(line=line, answer=finding.answer, reasons=tuple(finding.lines()))


def _unexpected(intents: Intents, tiers: Tiers, found: Matrix) -> Iterator[Unexpected]:
    for (source, destination), cell in found.cells.items():
        if cell.reach is None:
            continue
        left = cell.reach.some.perhaps - intents.expected(source, destination)
        if not left:
            continue
        finding = never(tiers, Question(source=source, destination=destination, traffic=left))
        yield Unexpected(
            source=source,
            destination=destination,
            traffic=describe_traffic(left),
            certain=finding.answer is Answer.REFUTED,
            reasons=tuple(finding.lines()),
        )
