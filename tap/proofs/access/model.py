"""Policies as typed values.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Effect(StrEnum):
    """What a statement that matches does."""

    ALLOW = "Allow"
    DENY = "Deny"


class Kind(StrEnum):
    """Where a policy stands, which decides what it may hold and what it is good for."""

    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    RESOURCE = "resource policy"
    TRUST = "trust policy"


@dataclass(frozen=True, kw_only=True)
class Element:
    """Patterns of actions or resources.

    Attributes:
        patterns: With ``*`` and ``?``, as they were written.
        negated: Whether it is the ``Not`` form: everything but these.
    """

    patterns: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Principals:
    """Who a statement of a resource or trust policy is about.

    Attributes:
        aws: ARNs, account ids, or ``*``.
        services: Such as ``lambda.amazonaws.com``.
        others: Federated and canonical users.
        negated: Whether it is ``NotPrincipal``: everybody but these.
    """

    aws: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One line of a ``Condition``: an operator, a key and the values one of which is wanted.

    Attributes:
        operator: Without quantifier and ``IfExists``, such as ``StringNotLike``.
        quantifier: ``ForAllValues``, ``ForAnyValue`` or empty.
        if_exists: Whether a missing key counts as met.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    if_exists: bool = False

    def __str__(self) -> str:
        """Write it in one line."""
        quantifier = f"{self.quantifier}:" if self.quantifier else ""
        ending = "IfExists" if self.if_exists else ""
        return f"{self.key} {quantifier}{self.operator}{ending} {' | '.join(self.values)}"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement.

    Attributes:
        label: Its Sid, or its number in the policy, from 1.
        resources: None in a trust policy, which is about its own role.
        principals: None in policies that belong to an identity.
    """

    label: str
    effect: Effect
    actions: Element
    resources: Element | None = None
    principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy, or the fact that there is one that cannot be read yet.

    Attributes:
        name: As a person finds it: a name, an address in the plan or an ARN.
        variables: Whether ``${...}`` stands for a value of the request (version 2012-10-17).
        unknown: Why its statements are not known; empty if they are.
    """

    name: str
    kind: Kind
    statements: tuple[Statement, ...] = ()
    variables: bool = True
    unknown: str = ""

    @cached_property
    def by_action(self) -> dict[str, tuple[Statement, ...]]:
        """Its statements about an action, for those that were looked for already."""
        return {}

    def __str__(self) -> str:
        """Name it with its kind."""
        return f"{self.kind} {self.name}"
