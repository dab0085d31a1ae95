"""Questions about all requests of a kind: may somebody ever do this, may they always.

What the patterns of the policies cannot tell apart gets the same answer, so that one request of
every kind (``requests``) decides all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap.proofs.access.circumstances import circumstances
from tap.proofs.access.evaluation import Decision, Request, Verdict, Witness, decide
from tap.proofs.access.outsiders import OWN_RIGHTS
from tap.proofs.access.requests import Question, guard, requests
from tap.proofs.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.proofs.access.conditions import Tri
    from tap.proofs.access.facts import Facts

OUTSIDE = "policies of resources outside of the environment do not name the caller"
ASSUMPTIONS = (OUTSIDE, "nobody has given the caller a grant of a key")
_NO_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of a question.

    Attributes:
        request: The request that decided, for instance one that is allowed and must not be.
        decision: What comes of it, with the statements.
        values: The values of condition keys with which the request is allowed, where no value
            was given; no value is the key's absence.
        assumptions: What the answer relies on and the facts do not tell.
    """

    answer: Answer
    request: Request | None = None
    decision: Decision | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()


def never(facts: Facts, question: Question) -> Finding:
    """Answer whether no request of a class can be allowed, whatever else the request says.

    Args:
        facts: All that is known.
        question: The class; keys that its context does not hold may have any value.
    """
    doubt: Finding | None = None
    for request in requests(facts, question, is_open=True):
        found = _possible(facts, question, request)
        if found.answer is Answer.REFUTED:
            return found
        if found.answer is Answer.UNKNOWN:
            doubt = doubt or found
    return doubt or Finding(answer=Answer.PROVED, assumptions=ASSUMPTIONS)


def always(facts: Facts, question: Question) -> Finding:
    """Answer whether every request of a class is allowed.

    Args:
        facts: All that is known.
        question: The class; keys that its context does not hold are not in the request.
    """
    last: Finding | None = None
    assumed = () if all(_is_known(facts, each) for each in question.resources) else (OUTSIDE,)
    for request in requests(facts, question, is_open=False):
        decision = _decide(facts, question, request, delegates=None)
        if decision.verdict is Verdict.DENIED:
            return Finding(answer=Answer.REFUTED, request=request, decision=decision)
        if decision.verdict is Verdict.UNKNOWN:
            last = Finding(answer=Answer.UNKNOWN, request=request, decision=decision)
        elif last is None:
            last = Finding(
                answer=Answer.PROVED, request=request, decision=decision, assumptions=assumed
            )
    return last or Finding(answer=Answer.UNKNOWN)


def _possible(facts: Facts, question: Question, request: Request) -> Finding:
    """Answer whether one request can be allowed in some context: proved if it cannot."""
    decision = _decide(facts, question, request, delegates=True)
    if decision.verdict is Verdict.DENIED:
        return Finding(answer=Answer.PROVED)
    if decision.verdict is Verdict.ALLOWED:
        return _refuted(request, decision)
    # Whatever is open in statements that are, or may be, about the request.
    tried = circumstances(
        (condition for witness in decision.witnesses for condition in witness.open),
        request.context,
    )
    doubtful = not tried.complete or any(map(_varies, decision.witnesses))
    for context in tried.contexts:
        closed = replace(request, context=context)
        found = _decide(facts, question, closed, delegates=True)
        if found.verdict is Verdict.ALLOWED:
            tried_values = context.values.items() - request.context.values.items()
            return _refuted(closed, found, {key: value or () for key, value in tried_values})
        doubtful = doubtful or found.verdict is Verdict.UNKNOWN
    answer = Answer.UNKNOWN if doubtful else Answer.PROVED
    return Finding(answer=answer, request=request, decision=decision)


def _varies(witness: Witness) -> bool:
    """Tell whether a statement is about another resource in every context."""
    resources = witness.statement.resources if witness.statement else None
    return resources is not None and any("${" in pattern for pattern in resources.patterns)


def _refuted(
    request: Request, decision: Decision, values: Mapping[str, tuple[str, ...]] = _NO_VALUES
) -> Finding:
    return Finding(
        answer=Answer.REFUTED,
        request=request,
        decision=decision,
        values=values,
        assumptions=ASSUMPTIONS,
    )


def _decide(facts: Facts, question: Question, request: Request, *, delegates: Tri) -> Decision:
    role = question.role
    own = role.policies if role else ()
    return decide(
        request,
        (OWN_RIGHTS,) if question.outsider else own,
        boundary=role.boundary if role else None,
        guard=guard(facts, request, delegates=delegates),
    )


def _is_known(facts: Facts, pattern: str) -> bool:
    return any(pattern.startswith(resource.arn) for resource in facts.resources)
