"""One request: allowed, denied, or not known, and which statements decide that.

Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from tap.proofs.access.conditions import (
    Context,
    Tri,
    all_of,
    any_of,
    expand,
    is_met,
    negate,
)
from tap.proofs.access.globs import matches
from tap.proofs.access.model import Effect
from tap.proofs.access.principals import Caller, Reach, reaches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap.proofs.access.model import Condition, Element, Policy, Statement


class Verdict(StrEnum):
    """What comes of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The policy of the resource that is accessed.

    Attributes:
        policy: None if the resource carries none.
        account: Its owner; empty if that is the caller's account.
        required: Whether it must allow too, as those of keys and roles must.
        delegates: With ``required`` and without a known policy: whether it leaves the decision
            to the policies of its account.
    """

    policy: Policy | None = None
    account: str = ""
    required: bool = False
    delegates: Tri = False


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: who does what on what, under which circumstances."""

    caller: Caller
    action: str
    resource: str
    context: Context = field(default_factory=Context)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A statement that matters for a request, or a policy of which nothing is known.

    Attributes:
        statement: None where the policy's statements are not known.
        open: Conditions of which it is not known whether they are met.
    """

    policy: Policy
    statement: Statement | None = None
    open: tuple[Condition, ...] = ()

    @property
    def effect(self) -> str:
        """What it does; ``unknown`` for a policy that is not known."""
        return self.statement.effect.value if self.statement else "unknown"

    def __str__(self) -> str:
        """Say in one line where it stands and what it depends on."""
        if self.statement is None:
            return f"{self.policy} is not known: {self.policy.unknown}"
        text = f"{self.effect} by statement {self.statement.label} of {self.policy}"
        return text + (f" if {' and '.join(map(str, self.open))}" if self.open else "")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer to a request.

    Attributes:
        witnesses: The statements that decided, denials first. Empty for an implicit denial: no
            statement allows it.
        limited: Whether only the permissions boundary stands in the way.
    """

    verdict: Verdict
    witnesses: tuple[Witness, ...] = ()
    limited: bool = False


@dataclass(frozen=True, kw_only=True)
class _Match:
    witness: Witness
    holds: Tri
    reach: Reach = Reach.DIRECT


def decide(
    request: Request,
    policies: Sequence[Policy],
    *,
    boundary: Policy | None = None,
    guard: Guard | None = None,
) -> Decision:
    """Decide a request.

    Args:
        request: What is asked.
        policies: All policies of the caller; none for a service of AWS.
        boundary: The caller's permissions boundary.
        guard: About the resource; by default one that carries no policy and needs none.
    """
    guard = guard or Guard()
    own = [match for policy in policies for match in _matching(policy, request)]
    within = list(_matching(boundary, request)) if boundary else []
    bounded = boundary is not None
    attached = list(_matching(guard.policy, request, bounded=bounded)) if guard.policy else []

    denied = any_of(match.holds for match in own + within + attached if _may(match, Effect.DENY))
    identity = _allows(own)
    limit = _allows(within) if bounded else True
    granted = _combined(request.caller, guard, identity, limit, attached)
    verdict = all_of((granted, negate(denied)))
    return Decision(
        verdict={True: Verdict.ALLOWED, False: Verdict.DENIED, None: Verdict.UNKNOWN}[verdict],
        witnesses=_deciding(verdict, denied, [*own, *attached, *within]),
        limited=verdict is False and denied is False and limit is False and identity is True,
    )


def _combined(
    caller: Caller, guard: Guard, identity: Tri, limit: Tri, attached: list[_Match]
) -> Tri:
    """Put together what the caller's policies and the resource's own policy allow."""
    by_iam = all_of((identity, limit))
    direct, to_role, to_account = (
        any_of(m.holds for m in attached if _may(m, Effect.ALLOW) and m.reach is reach)
        for reach in Reach
    )
    if guard.required and guard.policy is None:
        to_account = guard.delegates
    if guard.account not in {"", caller.account} and not caller.service:
        return all_of((by_iam, any_of((direct, to_role, to_account))))
    by_resource = any_of((direct, all_of((to_role, limit))))
    if guard.required:
        by_iam = all_of((by_iam, to_account))
    return any_of((by_resource, by_iam))


def _allows(matching: list[_Match]) -> Tri:
    return any_of(match.holds for match in matching if _may(match, Effect.ALLOW))


def _may(match: _Match, effect: Effect) -> bool:
    """Tell whether a match has an effect; a policy that is not known may have either."""
    return match.witness.statement is None or match.witness.statement.effect is effect


def _deciding(verdict: Tri, denied: Tri, matching: list[_Match]) -> tuple[Witness, ...]:
    def chosen(effect: Effect, holds: set[Tri]) -> Iterator[Witness]:
        return (m.witness for m in matching if _may(m, effect) and m.holds in holds)

    if denied is True:
        return tuple(chosen(Effect.DENY, {True}))
    if verdict is True:
        return tuple(chosen(Effect.ALLOW, {True}))
    if verdict is False:
        return ()
    allows = list(chosen(Effect.ALLOW, {None, True}))
    denies = [witness for witness in chosen(Effect.DENY, {None}) if witness not in allows]
    return (*denies, *allows)


def _matching(policy: Policy, request: Request, *, bounded: bool = False) -> Iterable[_Match]:
    """Yield the statements that are, or may be, about a request."""
    if policy.unknown:
        witness = Witness(policy=policy)
        # In every way in which it could grant.
        return [_Match(witness=witness, holds=None, reach=reach) for reach in Reach]
    # First what rules most statements out.
    if request.action not in policy.by_action:
        policy.by_action[request.action] = tuple(
            each for each in policy.statements if takes(each.actions, request.action)
        )
    found = (
        _match(policy, each, request, bounded=bounded) for each in policy.by_action[request.action]
    )
    return [match for match in found if match.holds is not False]


def _match(policy: Policy, statement: Statement, request: Request, *, bounded: bool) -> _Match:
    witness = Witness(policy=policy, statement=statement)
    reach, named = reaches(statement, request.caller, bounded=bounded)
    place = all_of((named, _takes_resource(policy, statement, request)))
    if place is False:
        return _Match(witness=witness, holds=False)
    results = [
        (condition, is_met(condition, request.context, variables=policy.variables))
        for condition in statement.conditions
    ]
    undecided = tuple(condition for condition, met in results if met is None)
    return _Match(
        witness=replace(witness, open=undecided),
        holds=all_of((place, *(met for _, met in results))),
        reach=reach,
    )


@lru_cache(maxsize=65536)
def takes(element: Element, text: str) -> bool:
    """Tell whether patterns of actions take one; upper and lower case do not differ."""
    name = text.lower()
    found = any(matches(pattern.lower(), name) for pattern in element.patterns)
    return found != element.negated


def _takes_resource(policy: Policy, statement: Statement, request: Request) -> Tri:
    element = statement.resources
    if element is None:
        return True
    results: list[Tri] = []
    for pattern in element.patterns:
        expanded, known = expand(pattern, request.context) if policy.variables else (pattern, True)
        fits = expanded is not None and matches(expanded, request.resource)
        results.append(fits if known or not fits else None)
    found = any_of(results)
    return negate(found) if element.negated else found
