"""Values of Terraform, as far as they are known before the apply.

What is not known keeps what it is made of: ``aws_kms_key.this["data"].arn`` has no value yet, but
whoever is given it is known to name that key. This is followed through expressions as long as
nothing but the value itself can change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value = Any
"""Text, number, truth value, None, list, mapping, or one of the classes here."""

_NOTHING: frozenset[str] = frozenset()


class Trace(NamedTuple):
    """What a value is made of.

    Attributes:
        addresses: Of resources.
        complete: Whether it is made of all of these and of no others.
    """

    addresses: frozenset[str] = _NOTHING
    complete: bool = True


_UNTRACED = Trace(complete=False)


class Unknown:
    """A value that cannot be worked out.

    Args:
        trace: What it is made of, as far as that can be told.
    """

    def __init__(self, trace: Trace = _UNTRACED) -> None:
        self.trace = trace


class StandIn(str):
    """Text in which an address stands for what AWS will choose: good in templates only.

    Args:
        text: The text.
        addresses: Of the resources that it is made of.
    """

    __slots__ = ("addresses",)

    addresses: frozenset[str]

    def __new__(cls, text: str, addresses: frozenset[str] = _NOTHING) -> Self:
        """Make the text."""
        made = super().__new__(cls, text)
        made.addresses = addresses
        return made


class Failure(Exception):  # noqa: N818 - what "try" catches
    """An expression that Terraform refuses too, such as an attribute of null."""


class Attributes:
    """Something whose attributes are worked out when they are asked for, and nothing else.

    Args:
        get: Name of an attribute -> its value.
        trace: What it is made of as a whole.
    """

    def __init__(self, get: Callable[[Any], Value], trace: Trace = _UNTRACED) -> None:
        self.get = get
        self.trace = trace


class Group(list[Any]):
    """A set: its elements have no numbers."""


UNKNOWN: Final = Unknown()


def trace(value: Value) -> Trace:
    """Return what a value is made of."""
    if isinstance(value, Unknown | Attributes):
        return value.trace
    if isinstance(value, StandIn):
        return Trace(value.addresses)
    if isinstance(value, dict):
        return _all(map(trace, value.values()))
    if isinstance(value, list):
        return _all(map(trace, value))
    return Trace()


def made_of(*values: Value, complete: bool = True) -> Unknown:
    """Return what takes the place of a value that is made of others.

    Args:
        values: The others.
        complete: Whether nothing but them decides on it, and each of them is part of it.
    """
    found = _all(map(trace, values))
    found = Trace(found.addresses, found.complete and complete)
    return UNKNOWN if found == UNKNOWN.trace else Unknown(found)


def either(values: Iterable[Value]) -> Value:
    """Return what is one of several values, of which nobody knows which; one at least."""
    first, *others = values
    if all(other is first or (is_plain(first, other) and other == first) for other in others):
        return first
    same = all(trace(other) == trace(first) for other in others)
    return made_of(first, *others, complete=same)


def is_plain(*values: Value) -> bool:
    """Tell whether all that is in some values is known and may be compared."""
    return all(
        is_plain(*value.values())
        if isinstance(value, dict)
        else is_plain(*value)
        if isinstance(value, list)
        else not isinstance(value, Unknown | StandIn | Attributes)
        for value in values
    )


def is_text(value: Value) -> bool:
    """Tell whether a value is known text."""
    return isinstance(value, str) and not isinstance(value, StandIn)


def same(left: Mapping[str, Any] | Value, right: Value) -> bool:
    """Compare plain values the way Terraform does: of different types they differ."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _all(traces: Iterable[Trace]) -> Trace:
    traces = tuple(traces)
    return Trace(
        _NOTHING.union(*(each.addresses for each in traces)), all(each.complete for each in traces)
    )
