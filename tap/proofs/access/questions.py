"""Questions about all requests of a kind: may somebody ever do this, may they always.

Every pattern of actions and resources that takes part is run over all texts (``globs``); what they
cannot tell apart gets the same answer, so that one request of every kind decides all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap.proofs.access.circumstances import circumstances
from tap.proofs.access.conditions import Context
from tap.proofs.access.evaluation import (
    Decision,
    Guard,
    Request,
    Verdict,
    Witness,
    decide,
)
from tap.proofs.access.facts import ARNS, GUARDED_BY_POLICY
from tap.proofs.access.globs import examples, matches
from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.principals import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap.proofs.access.conditions import Tri
    from tap.proofs.access.facts import Facts, Resource, Role
    from tap.proofs.access.globs import Example

# What no session of a role that calls by itself has.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_NOT_OF_ROLES = ("aws:username", "aws:principalservicename")
OUTSIDE = "policies of resources outside of the environment do not name the caller"
ASSUMPTIONS = (OUTSIDE, "nobody has given the caller a grant of a key")


_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):")
_GUARDED_ACTIONS = tuple(f"{prefix}*" for prefix in GUARDED_BY_POLICY.values())


_NO_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class Answer(StrEnum):
    """Whether an intent holds."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Actions on resources, both as patterns."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A class of requests.

    Attributes:
        role: Who asks; None where a service does.
        service: Such as ``ec2.amazonaws.com``; empty where a role asks.
        actions: Patterns, such as ``iam:*``.
        resources: Patterns of ARNs.
        excepted: What is left out.
        context: Values of condition keys; None where there is one that is not known yet.
    """

    role: Role | None = None
    service: str = ""
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    excepted: tuple[Grant, ...] = ()
    context: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


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
    for request in _requests(facts, question, is_open=True):
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
    for request in _requests(facts, question, is_open=False):
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


def _requests(facts: Facts, question: Question, *, is_open: bool) -> Iterator[Request]:
    """Yield one request of every kind that belongs to a question."""
    policies = _policies(question, *facts.resources)
    granted = question.excepted
    written = [
        *question.actions,
        *(action for grant in granted for action in grant.actions),
        *(action for policy in policies for each in policy.statements
          for action in each.actions.patterns),
    ]  # fmt: skip
    spelled = {action.lower(): action for action in reversed(written)}
    actions = examples(_lowered(question.actions), (*spelled, *_GUARDED_ACTIONS))
    resources = examples(
        question.resources,
        [
            *_resource_patterns(policies),
            *(each for resource in facts.resources for each in resource.patterns),
            *(each for grant in granted for each in grant.resources),
            *(ARNS[kind] for kind in GUARDED_BY_POLICY),
        ],
    )
    for action in actions:
        for resource in resources:
            if not any(_is_granted(grant, action, resource) for grant in granted):
                found = _found(facts, resource.text)
                yield Request(
                    caller=_caller(facts, question),
                    action=spelled.get(action.text, action.text),
                    resource=resource.text,
                    context=_context(facts, question, found, is_open=is_open),
                )


def _is_granted(grant: Grant, action: Example, resource: Example) -> bool:
    return bool(
        action.taken & set(_lowered(grant.actions)) and resource.taken & set(grant.resources)
    )


def _lowered(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(str.lower, actions))


def _policies(question: Question, *resources: Resource | None) -> list[Policy]:
    """Return every policy that may take part."""
    found: list[Policy | None] = [each.policy for each in resources if each]
    if question.role:
        found += [*question.role.policies, question.role.boundary]
    return [policy for policy in found if policy]


def _resource_patterns(policies: Iterable[Policy]) -> Iterator[str]:
    for policy in policies:
        for statement in policy.statements:
            yield from statement.resources.patterns if statement.resources else ()


def _caller(facts: Facts, question: Question) -> Caller:
    if question.role is None:
        return Caller(service=question.service)
    return Caller(arn=question.role.arn, account=facts.account)


def _context(
    facts: Facts, question: Question, resource: Resource | None, *, is_open: bool
) -> Context:
    """Add what the caller and the resource say of themselves to the values that are given."""
    own: dict[str, tuple[str, ...] | None]
    if question.role:
        own = {
            **dict.fromkeys(_NOT_OF_ROLES, ()),
            "aws:principalaccount": (facts.account,),
            "aws:principalarn": (question.role.arn,),
            "aws:principalisawsservice": ("false",),
            "aws:principaltype": ("AssumedRole",),
            "kms:calleraccount": (facts.account,),
        }
    else:
        own = {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (question.service,),
        }
    if resource:
        own["aws:resourceaccount"] = (resource.account,)
    given = {key.lower(): values for key, values in question.context.items()}
    return Context(values={**own, **given}, open=is_open)


def _decide(facts: Facts, question: Question, request: Request, *, delegates: Tri) -> Decision:
    role = question.role
    return decide(
        request,
        role.policies if role else (),
        boundary=role.boundary if role else None,
        guard=_guard(facts, request, delegates=delegates),
    )


def _guard(facts: Facts, request: Request, *, delegates: Tri) -> Guard:
    resource = _found(facts, request.resource)
    required = any(
        request.action.lower().startswith(prefix) and matches(ARNS[kind], request.resource)
        for kind, prefix in GUARDED_BY_POLICY.items()
    )
    if resource is not None:
        return Guard(policy=resource.policy, account=resource.account, required=required)
    owner = _ACCOUNT_OF_ARN.match(request.resource)
    if delegates is None and owner and owner[1] != facts.account:
        policy = Policy(
            name=f"of {request.resource}",
            kind=Kind.RESOURCE,
            unknown=f"it belongs to account {owner[1]}",
        )
        return Guard(policy=policy, account=owner[1], required=required)
    return Guard(required=required, delegates=delegates)


def _is_known(facts: Facts, pattern: str) -> bool:
    return any(pattern.startswith(resource.arn) for resource in facts.resources)


def _found(facts: Facts, arn: str) -> Resource | None:
    return next(
        (
            resource
            for resource in facts.resources
            if any(matches(pattern, arn) for pattern in resource.patterns)
        ),
        None,
    )
