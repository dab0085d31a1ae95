"""Classes of requests, and one request of every kind that belongs to a class.

Every pattern of actions and resources that takes part is run over all texts (``globs``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap.proofs.access.conditions import Context, expand
from tap.proofs.access.evaluation import Guard, Request, takes
from tap.proofs.access.facts import GUARDED_BY_POLICY
from tap.proofs.access.globs import examples, matches
from tap.proofs.access.model import Effect, Kind, Policy
from tap.proofs.access.principals import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap.proofs.access.conditions import Tri
    from tap.proofs.access.facts import Facts, Resource, Role
    from tap.proofs.access.globs import Example
    from tap.proofs.access.model import Statement

# What no session of a role that calls by itself has.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_NOT_OF_ROLES = ("aws:username", "aws:principalservicename")
_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):")
_GUARDED_ACTIONS = tuple(f"{prefix}*" for prefix in GUARDED_BY_POLICY.values())


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
        outsider: Who asks from another account; only what the environment has is asked of.
        actions: Patterns, such as ``iam:*``.
        resources: Patterns of ARNs.
        excepted: What is left out.
        context: Values of condition keys; None where there is one that is not known yet.
    """

    role: Role | None = None
    service: str = ""
    outsider: Caller | None = None
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    excepted: tuple[Grant, ...] = ()
    context: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


def requests(facts: Facts, question: Question, *, is_open: bool) -> Iterator[Request]:
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
    used = [each for policy in policies for each in policy.statements if _is_used(each, actions)]
    if is_open and not any(map(_allows, used)) and not any(each.unknown for each in policies):
        # Whatever the resource, nothing allows any of these actions.
        return
    resources = examples(
        question.resources,
        [
            *_resource_patterns(used, _context(facts, question, None, is_open=is_open)),
            *(each for resource in facts.resources for each in resource.patterns),
            *(each for grant in granted for each in grant.resources),
            *(facts.all_of(kind) for kind in GUARDED_BY_POLICY),
        ],
    )
    caller = _caller(facts, question)
    given = [(set(_lowered(grant.actions)), set(grant.resources)) for grant in granted]
    for resource in resources:
        found = facts.at(resource.text)
        if question.outsider and found is None:
            continue
        context = _context(facts, question, found, is_open=is_open)
        left_out = [names for names, patterns in given if not patterns.isdisjoint(resource.taken)]
        for action in actions:
            if all(map(action.taken.isdisjoint, left_out)):
                yield Request(
                    caller=caller,
                    action=spelled.get(action.text, action.text),
                    resource=resource.text,
                    context=context,
                )


def _allows(statement: Statement) -> bool:
    return statement.effect is Effect.ALLOW


def _is_used(statement: Statement, actions: Iterable[Example]) -> bool:
    """Tell whether a statement is about any of the actions."""
    return any(takes(statement.actions, action.text) for action in actions)


def _lowered(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(str.lower, actions))


def _policies(question: Question, *resources: Resource | None) -> list[Policy]:
    """Return every policy that may take part."""
    found: list[Policy | None] = [each.policy for each in resources if each]
    if question.role:
        found += [*question.role.policies, question.role.boundary]
    return [policy for policy in found if policy]


def _resource_patterns(statements: Iterable[Statement], context: Context) -> Iterator[str]:
    """Yield the patterns of resources, with variables as they are and with their values."""
    for statement in statements:
        for pattern in statement.resources.patterns if statement.resources else ():
            yield pattern
            expanded, _ = expand(pattern, context)
            yield from () if expanded in {None, pattern} else (str(expanded),)


def _caller(facts: Facts, question: Question) -> Caller:
    if question.outsider:
        return question.outsider
    if question.role is None:
        return Caller(service=question.service)
    return Caller(arn=question.role.arn, account=facts.account)


def _context(
    facts: Facts, question: Question, resource: Resource | None, *, is_open: bool
) -> Context:
    """Add what the caller and the resource say of themselves to the values that are given."""
    own: dict[str, tuple[str, ...] | None]
    if question.outsider:
        own = {
            "aws:principalaccount": (question.outsider.account,),
            "aws:principalarn": (question.outsider.arn,),
            "aws:principalisawsservice": ("false",),
            "kms:calleraccount": (question.outsider.account,),
        }
    elif question.role:
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


def guard(facts: Facts, request: Request, *, delegates: Tri) -> Guard:
    """Return what the resource of a request has to say to it.

    Args:
        facts: All that is known.
        request: What is asked.
        delegates: Whether keys and roles that are not known leave access to the policies of
            their account.
    """
    resource = facts.at(request.resource)
    required = any(
        request.action.lower().startswith(prefix) and matches(facts.all_of(kind), request.resource)
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
