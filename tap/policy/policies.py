"""IAM policies in JSON as typed statements.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class MalformedPolicyError(Exception):
    """A document is no policy."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; what may be a text or a list is always a tuple.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        principals: By kind, such as ``AWS`` or ``Service``; ``{"*": ("*",)}`` for anybody.
        conditions: By operator, then by key.
    """

    sid: str = ""
    effect: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def allows(self) -> bool:
        """Whether it grants something."""
        return self.effect == "Allow"

    @property
    def is_for_anybody(self) -> bool:
        """Whether it names every principal, under whatever conditions."""
        return any("*" in self.principals.get(kind, ()) for kind in ("*", "AWS"))


def statements(document: Any) -> tuple[Statement, ...]:  # noqa: ANN401 - free-form JSON
    """Return the statements of a policy.

    Args:
        document: The policy, decoded; None for none.

    Raises:
        MalformedPolicyError: It is no policy.
    """
    if document is None:
        return ()
    if not isinstance(document, dict):
        raise MalformedPolicyError("it is no object")
    found = document.get("Statement", [])
    return tuple(map(_statement, found if isinstance(found, list) else [found]))


def _statement(given: Any) -> Statement:  # noqa: ANN401 - free-form JSON
    if not isinstance(given, dict):
        raise MalformedPolicyError("a statement is no object")
    return Statement(
        sid=str(given.get("Sid") or ""),
        effect=str(given.get("Effect") or ""),
        actions=_texts(given.get("Action")),
        not_actions=_texts(given.get("NotAction")),
        resources=_texts(given.get("Resource")),
        not_resources=_texts(given.get("NotResource")),
        principals=_principals(given.get("Principal")),
        not_principals=_principals(given.get("NotPrincipal")),
        conditions={operator: _table(keys) for operator, keys in _pairs(given.get("Condition"))},
    )


def _principals(given: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - free-form JSON
    return {"*": ("*",)} if given == "*" else _table(given)


def _table(given: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - free-form JSON
    return {key: _texts(value) for key, value in _pairs(given)}


def _pairs(given: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - free-form JSON
    if given is None:
        return []
    if not isinstance(given, dict):
        raise MalformedPolicyError("principals and conditions are objects")
    return list(given.items())


def _texts(given: Any) -> tuple[str, ...]:  # noqa: ANN401 - free-form JSON
    if given is None:
        return ()
    return tuple(map(str, given if isinstance(given, list) else [given]))


# Keys by which a statement for anybody is bound to one account, organisation, network or resource.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_NARROWING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "kms:calleraccount",
    }
)


def is_narrowed(statement: Statement) -> bool:
    """Tell whether a statement's conditions leave out those of other accounts."""
    return any(
        key.lower() in _NARROWING and "*" not in values
        for operator, keys in statement.conditions.items()
        if "Not" not in operator and not operator.endswith("IfExists")
        for key, values in keys.items()
    )
