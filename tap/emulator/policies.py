"""Decide whether policy statements allow a request, conditions included.

moto 5.2.5 knows one condition operator and takes an unmet condition for a denial. This is the
part of the evaluation logic that resource policies need.

Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Statement = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a policy is asked about.

    Attributes:
        action: Such as ``s3:PutObject``.
        resource: The ARN it works on.
        principals: All names of the caller: its ARN, its role's, its account's id and root.
        context: Values of condition keys, by the key in lower case; a missing one is not known.
    """

    action: str
    resource: str
    principals: frozenset[str] = frozenset()
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def decide(statements: Iterable[Statement], call: Call) -> bool | None:
    """Return whether the statements allow a call; None if none of them is about it.

    A denial beats every permission.
    """
    effects = {statement["Effect"] for statement in statements if _concerns(statement, call)}
    if "Deny" in effects:
        return False
    return True if effects else None


def _concerns(statement: Statement, call: Call) -> bool:
    return (
        _element(statement, "Action", call.action, ignore_case=True)
        and _element(statement, "Resource", call.resource)
        and _principal(statement, call.principals)
        and all(
            _condition(operator, key, _texts(wanted), call.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _element(statement: Statement, name: str, value: str, *, ignore_case: bool = False) -> bool:
    if f"Not{name}" in statement:
        return not _element({name: statement[f"Not{name}"]}, name, value, ignore_case=ignore_case)
    patterns = _texts(statement.get(name, "*"))
    if ignore_case:
        return any(_like(pattern.lower(), value.lower()) for pattern in patterns)
    return any(_like(pattern, value) for pattern in patterns)


def _principal(statement: Statement, principals: frozenset[str]) -> bool:
    if "NotPrincipal" in statement:
        return not _principal({"Principal": statement["NotPrincipal"]}, principals)
    wanted = statement.get("Principal", "*")
    # Services and federated users never call the emulator by themselves.
    names = set(_texts(wanted.get("AWS", []) if isinstance(wanted, dict) else wanted))
    return "*" in names or bool(names & principals)


def _condition(
    operator: str, key: str, wanted: tuple[str, ...], context: Mapping[str, tuple[str, ...]]
) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    actual = context.get(key.lower())
    if name == "Null":
        return (actual is None) == (wanted[0].lower() == "true")
    positive = name.replace("Not", "")
    matches = _OPERATORS[positive]
    negated = positive != name
    if actual is None:
        return if_exists or negated or quantifier == "ForAllValues"
    results = [any(matches(want, value) for want in wanted) != negated for value in actual]
    return all(results) if quantifier == "ForAllValues" or negated else any(results)


def _texts(value: object) -> tuple[str, ...]:
    """Return one value or a list of them as strings, as JSON writes them."""
    values = value if isinstance(value, list) else [value]
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def _like(pattern: str, value: str) -> bool:
    # A bracket means itself in a policy, and a set of characters to fnmatch.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _arn_like(pattern: str, value: str) -> bool:
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) and all(map(_like, patterns, values))


def _ip_address(network: str, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


def _compared(
    convert: Callable[[str], Any], compare: Callable[[Any, Any], bool]
) -> Callable[[str, str], bool]:
    return lambda want, value: compare(convert(value), convert(want))


def _date(text: str) -> float:
    if re.fullmatch(r"\d+", text):
        return float(text)
    return datetime.fromisoformat(text).timestamp()


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, want: bool(value == want),
    "LessThan": lambda value, want: bool(value < want),
    "LessThanEquals": lambda value, want: bool(value <= want),
    "GreaterThan": lambda value, want: bool(value > want),
    "GreaterThanEquals": lambda value, want: bool(value >= want),
}

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda want, value: want.lower() == value.lower(),
    "IpAddress": _ip_address,
    "StringEquals": lambda want, value: want == value,
    "StringEqualsIgnoreCase": lambda want, value: want.lower() == value.lower(),
    "StringLike": _like,
    **{f"Numeric{name}": _compared(float, compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _compared(_date, compare) for name, compare in _COMPARISONS.items()},
}
"""By operator, without ``Not``: whether a wanted value fits an actual one."""
