"""Policy documents to typed policies; what IAM would refuse is refused here.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tap.errors import PolicyError
from tap.proofs.access.conditions import OPERATORS
from tap.proofs.access.model import (
    Condition,
    Effect,
    Element,
    Kind,
    Policy,
    Principals,
    Statement,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSIONS = ("2008-10-17", "2012-10-17")
_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal",
    "NotPrincipal", "Condition",
}  # fmt: skip
_PRINCIPAL_KEYS = {"AWS", "Service", "Federated", "CanonicalUser"}
_QUANTIFIERS = {"", "ForAllValues", "ForAnyValue"}
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
_OF_RESOURCES = {Kind.RESOURCE, Kind.TRUST}


def parse_policy(document: str | dict[str, Any], *, name: str, kind: Kind) -> Policy:
    """Read a policy document.

    Args:
        document: The JSON text, or what it stands for.
        name: How messages and answers name the policy.
        kind: Where it stands.

    Raises:
        PolicyError: IAM would not take it. The message says what is wrong in which statement.
    """
    try:
        content = json.loads(document) if isinstance(document, str) else document
        return _policy(content, name, kind)
    except (ValueError, RecursionError) as error:
        raise PolicyError(
            f"{kind} {name} is not usable: {error}",
            "correct the document; the grammar is in the IAM user guide, "
            "'Grammar of the IAM JSON policy language'",
        ) from None


def _policy(content: object, name: str, kind: Kind) -> Policy:
    fields = _object(content, "the document")
    _only(fields, _POLICY_KEYS, "the document")
    version = fields.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise ValueError(f"Version is {version!r}, not one of {', '.join(_VERSIONS)}")
    if "Statement" not in fields:
        raise ValueError("it has no Statement")
    found = fields["Statement"]
    statements = found if isinstance(found, list) else [found]
    return Policy(
        name=name,
        kind=kind,
        statements=tuple(
            _statement(item, number, kind) for number, item in enumerate(statements, start=1)
        ),
        variables=version != _VERSIONS[0],
    )


def _statement(item: object, number: int, kind: Kind) -> Statement:
    fields = _object(item, f"statement {number}")
    sid = fields.get("Sid")
    label = sid if isinstance(sid, str) and sid else str(number)
    where = f"statement {label}"
    _only(fields, _STATEMENT_KEYS, where)
    if fields.get("Effect") not in set(Effect):
        raise ValueError(f"{where}: Effect is {fields.get('Effect')!r}, not Allow or Deny")
    return Statement(
        label=label,
        effect=Effect(fields["Effect"]),
        actions=_actions(fields, where),
        resources=_resources(fields, where, kind),
        principals=_principals(fields, where, kind),
        conditions=tuple(_conditions(fields.get("Condition", {}), where)),
    )


def _actions(fields: dict[str, Any], where: str) -> Element:
    found = _element(fields, "Action", where)
    if found is None:
        raise ValueError(f"{where}: it has no Action")
    for pattern in found.patterns:
        if _ACTION.fullmatch(pattern) is None:
            raise ValueError(f"{where}: action {pattern!r} is not SERVICE:NAME")
    return found


def _resources(fields: dict[str, Any], where: str, kind: Kind) -> Element | None:
    found = _element(fields, "Resource", where)
    if kind is Kind.TRUST:
        if found is not None:
            raise ValueError(f"{where}: a trust policy has no Resource")
        return None
    if found is None:
        raise ValueError(f"{where}: it has no Resource")
    for pattern in found.patterns:
        if pattern != "*" and not pattern.startswith("arn:"):
            raise ValueError(f"{where}: resource {pattern!r} is neither an ARN nor *")
    return found


def _element(fields: dict[str, Any], name: str, where: str) -> Element | None:
    given = [key for key in (name, f"Not{name}") if key in fields]
    if len(given) > 1:
        raise ValueError(f"{where}: it has both {name} and Not{name}")
    if not given:
        return None
    patterns = _texts(fields[given[0]], f"{where}: {given[0]}")
    if not patterns:
        raise ValueError(f"{where}: {given[0]} is empty")
    return Element(patterns=patterns, negated=given[0] != name)


def _principals(fields: dict[str, Any], where: str, kind: Kind) -> Principals | None:
    given = [key for key in ("Principal", "NotPrincipal") if key in fields]
    if kind not in _OF_RESOURCES:
        if given:
            raise ValueError(f"{where}: {given[0]} is not allowed in a policy of an identity")
        return None
    if len(given) != 1:
        raise ValueError(f"{where}: it needs either Principal or NotPrincipal")
    negated = given[0] == "NotPrincipal"
    value = fields[given[0]]
    if value == "*":
        return Principals(aws=("*",), negated=negated)
    parts = _object(value, f"{where}: {given[0]}")
    _only(parts, _PRINCIPAL_KEYS, f"{where}: {given[0]}")
    names = {key: _texts(parts[key], f"{where}: {given[0]}.{key}") for key in parts}
    return Principals(
        aws=names.get("AWS", ()),
        services=names.get("Service", ()),
        others=(*names.get("Federated", ()), *names.get("CanonicalUser", ())),
        negated=negated,
    )


def _conditions(block: object, where: str) -> Iterable[Condition]:
    for written, keys in _object(block, f"{where}: Condition").items():
        quantifier, _, name = written.rpartition(":")
        operator = name.removesuffix("IfExists")
        if quantifier not in _QUANTIFIERS or operator not in OPERATORS:
            raise ValueError(f"{where}: unknown condition operator {written!r}")
        for key, values in _object(keys, f"{where}: {written}").items():
            yield Condition(
                operator=operator,
                key=key,
                values=_texts(values, f"{where}: {written} {key}", scalars=True),
                quantifier=quantifier,
                if_exists=operator != name,
            )


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {json.dumps(value)[:40]}, not an object")  # noqa: TRY004 - told as one error
    return value


def _only(fields: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise ValueError(f"{where} has the unknown element {unknown[0]!r}")


def _texts(value: object, where: str, *, scalars: bool = False) -> tuple[str, ...]:
    """Return one text or a list of them; with ``scalars`` also numbers and booleans."""
    items = value if isinstance(value, list) else [value]
    types = (str, bool, int, float) if scalars else (str,)
    if not all(isinstance(item, types) for item in items):
        raise ValueError(f"{where} is {json.dumps(value)[:40]}, not text")
    return tuple(item if isinstance(item, str) else json.dumps(item) for item in items)
