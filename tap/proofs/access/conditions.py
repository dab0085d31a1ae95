"""Conditions of statements: met, not met, or not known.

Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap.proofs.access.globs import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap.proofs.access.model import Condition

Tri = bool | None
"""Yes, no, or None for not known."""

_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# Signs that a variable of their own name stands for.
_SIGNS = {"*", "?", "$"}
_SIGN_PLACES = {"*": "\ue000", "?": "\ue001"}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known of a request besides who, what and where.

    Attributes:
        values: By condition key in lower case; None where there is a value that is not known yet.
        open: Whether a key that is not in ``values`` may have any value or none. Otherwise the
            request has no such key.
    """

    values: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    open: bool = False

    def known(self, key: str) -> bool:
        """Tell whether it is known which values a key has, or that it has none."""
        name = key.lower()
        return self.values[name] is not None if name in self.values else not self.open

    def get(self, key: str) -> tuple[str, ...]:
        """Return the values of a known key; none if the request has no such key."""
        return self.values.get(key.lower()) or ()


def all_of(parts: Iterable[Tri]) -> Tri:
    """Return whether all parts hold."""
    found = set(parts)
    return False if False in found else (None if None in found else True)


def any_of(parts: Iterable[Tri]) -> Tri:
    """Return whether at least one part holds."""
    found = set(parts)
    return True if True in found else (None if None in found else False)


def negate(part: Tri) -> Tri:
    """Return the opposite; what is not known stays so."""
    return None if part is None else not part


def is_met(condition: Condition, context: Context, *, variables: bool = True) -> Tri:
    """Tell whether a request meets a condition.

    Args:
        condition: The condition.
        context: The request's context.
        variables: Whether ``${...}`` in it stands for values of the request.
    """
    if not context.known(condition.key):
        return None
    actual = context.get(condition.key)
    if condition.operator == "Null":
        return any((not actual) == (value.lower() == "true") for value in condition.values)
    positive = condition.operator.replace("Not", "")
    negated = positive != condition.operator
    if not actual:
        return _without_value(condition, negated=negated)
    compare = OPERATORS[positive]
    wanted = [_expanded(value, context, like=positive) if variables else value
              for value in condition.values]  # fmt: skip

    def fits(value: str) -> Tri:
        found = any_of(
            None if want is _UNKNOWN else want is not None and _safely(compare, want, value)
            for want in wanted
        )
        return negate(found) if negated else found

    each = [fits(value) for value in actual]
    every = condition.quantifier == "ForAllValues" or (negated and not condition.quantifier)
    return all_of(each) if every else any_of(each)


def expand(pattern: str, context: Context) -> tuple[str | None, bool]:
    """Put values of the request in place of the variables of a resource pattern.

    Returns:
        The pattern, None if a value is missing so that nothing can match; and whether all
        values are known. If not, the pattern has ``*`` in their places.
    """
    if "${" not in pattern:
        return pattern, True
    found = _expanded(pattern, context, like="StringLike")
    if found is _UNKNOWN:
        return _VARIABLE.sub("*", pattern), False
    return found, True


class _Unknown(str):
    """What has a value that is not known."""

    __slots__ = ()


_UNKNOWN = _Unknown("unknown")


def _without_value(condition: Condition, *, negated: bool) -> bool:
    if condition.quantifier:
        return condition.quantifier == "ForAllValues"
    return condition.if_exists or negated


def _expanded(text: str, context: Context, *, like: str) -> str | None:
    """Return a text with the values of its variables, ``_UNKNOWN``, or None if one is missing."""
    result = ""
    end = 0
    for found in _VARIABLE.finditer(text):
        name, _, default = (part.strip() for part in found[1].partition(","))
        if name in _SIGNS:
            # A question mark or star that is meant as such is out of reach of the patterns, so
            # that it can never match more than it says.
            value = _SIGN_PLACES.get(name, name) if "Like" in like or "Arn" in like else name
        elif not context.known(name):
            return _UNKNOWN
        elif len(values := context.get(name)) == 1:
            value = values[0]
        elif default:
            value = default.strip("'")
        else:
            return None
        result += text[end : found.start()] + value
        end = found.end()
    return result + text[end:]


def _safely(compare: Callable[[str, str], bool], want: str, value: str) -> bool:
    """Compare; what is no number, date or address equals nothing."""
    try:
        return compare(want, value)
    except ValueError:
        return False


def _like(pattern: str, value: str) -> bool:
    for sign, place in _SIGN_PLACES.items():
        value = value.replace(sign, place) if place in pattern else value
    return matches(pattern, value)


def _arn_like(pattern: str, value: str) -> bool:
    patterns, parts = pattern.split(":", _ARN_PARTS - 1), value.split(":", _ARN_PARTS - 1)
    return len(patterns) == len(parts) == _ARN_PARTS and all(map(_like, patterns, parts))


def _ip_address(network: str, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


def seconds_of(text: str) -> float:
    """Return a date, or seconds since 1970, as seconds.

    Raises:
        ValueError: It is neither.
    """
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _compared(
    convert: Callable[[str], float], compare: Callable[[float, float], bool]
) -> Callable[[str, str], bool]:
    return lambda want, value: compare(convert(value), convert(want))


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, want: bool(value == want),
    "LessThan": lambda value, want: bool(value < want),
    "LessThanEquals": lambda value, want: bool(value <= want),
    "GreaterThan": lambda value, want: bool(value > want),
    "GreaterThanEquals": lambda value, want: bool(value >= want),
}

_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    # "The ArnEquals and ArnLike operators behave identically", says the source above.
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "BinaryEquals": lambda want, value: want == value,
    "Bool": lambda want, value: want.lower() == value.lower(),
    "IpAddress": _ip_address,
    "StringEquals": lambda want, value: want == value,
    "StringEqualsIgnoreCase": lambda want, value: want.lower() == value.lower(),
    "StringLike": _like,
    **{f"Numeric{name}": _compared(float, order) for name, order in _ORDERS.items()},
    **{f"Date{name}": _compared(seconds_of, order) for name, order in _ORDERS.items()},
}

_NEGATED = {
    "ArnNotEquals", "ArnNotLike", "DateNotEquals", "NotIpAddress", "NumericNotEquals",
    "StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike",
}  # fmt: skip

OPERATORS: dict[str, Callable[[str, str], bool]] = {
    **_POSITIVE,
    **{name: _POSITIVE[name.replace("Not", "")] for name in _NEGATED},
    # Asks for the key and not for its value; decided before any comparison.
    "Null": lambda want, value: want == value,
}
"""By name: whether a wanted value fits an actual one, not yet negated."""
