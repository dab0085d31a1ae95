"""The functions of Terraform that configurations choose and join values with.

Source: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import ipaddress
import json
import math
from typing import TYPE_CHECKING

from tap.evaluation.values import (
    UNKNOWN,
    Attributes,
    Failure,
    Group,
    StandIn,
    Unknown,
    Value,
    is_plain,
    is_text,
    made_of,
    same,
    trace,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def call(name: str, values: list[Value]) -> Value:
    """Return what a function makes of its arguments.

    Raises:
        Failure: Terraform would refuse it.
    """
    unknown = any(isinstance(each, Unknown | Attributes) for each in values)
    function = FUNCTIONS.get(name)
    plain_only = name in _PLAIN
    if function is None or unknown or (plain_only and not is_plain(*values)):
        return made_of(*values, complete=name in _WHOLE) if values else UNKNOWN
    try:
        return function(*values)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # Arguments of other types than the function is known for here.
        return made_of(*values, complete=False)


def joined(separator: str, parts: list[Value]) -> Value:
    """Join the texts of values, as a template does.

    Raises:
        Failure: One is null.
    """
    texts = [text_of(part) for part in parts]
    if not all(isinstance(text, str) for text in [*texts, separator]):
        return made_of(*texts)
    joined = separator.join(texts)
    if is_plain(*texts, separator):
        return joined
    return StandIn(joined, trace([*texts, separator]).addresses)


def text_of(value: Value) -> Value:
    """Return a value as a template writes it.

    Raises:
        Failure: It is null.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if value is None:
        raise Failure("null in a template")
    return value if isinstance(value, str) else made_of(value)


def number_of(value: Value) -> Value:
    """Return a value as a number.

    Raises:
        Failure: It is text that is none.
    """
    if not is_text(value):
        return value
    try:
        number = float(value)
    except ValueError:
        raise Failure(value) from None
    return int(number) if number.is_integer() else number


def group_of(items: list[Value]) -> Value:
    """Return a set: every element once, in Terraform's order where they are known."""
    found: list[Value] = []
    for item in items:
        if not any(item is other or same(item, other) for other in found):
            found.append(item)
    known = is_plain(*found) and all(map(is_text, found))
    return Group(sorted(found) if known else found)


def _merge(*values: Value) -> Value:
    result: dict[str, Value] = {}
    for each in values:
        if isinstance(each, dict):
            result.update(each)
        elif each is not None:
            raise Failure("merge")
    return result


def _concat(*values: Value) -> Value:
    if any(each is None or is_text(each) for each in values):
        raise Failure("concat")
    return [item for each in values for item in _items(each)]


def _compact(items: Value) -> Value:
    items = _items(items)
    unsure = any(isinstance(item, Unknown) for item in items)
    return made_of(items) if unsure else [item for item in items if item not in (None, "")]


def _coalesce(*values: Value) -> Value:
    for each in values:
        # What is chosen later is neither null nor empty.
        if each is not None and each != "":
            return each
    raise Failure("coalesce")


def _one(items: Value) -> Value:
    if not isinstance(items, list) or len(items) > 1:
        raise Failure("one")
    return items[0] if items else None


def _formatlist(form: Value, *values: Value) -> Value:
    items = values[-1]
    if len(values) != 1 or not is_text(form) or not isinstance(items, list):
        return made_of(form, *values)
    return [_format(form, item) for item in items]


def _format(form: Value, *values: Value) -> Value:
    pieces = form.split("%s")
    if "%" in "".join(pieces) or len(pieces) != len(values) + 1:
        return made_of(*values)
    parts = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        parts += [value, piece]
    return joined("", parts)


def _json(value: Value) -> Value:
    if _has_unknown(value):
        return made_of(value)
    return StandIn(json.dumps(value), trace(value).addresses)


def _has_unknown(value: Value) -> bool:
    if isinstance(value, dict):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    # A resource as a whole is not known.
    return not (value is None or isinstance(value, str | int | float))


def _length(value: Value) -> Value:
    if isinstance(value, Group) and not is_plain(*value):
        return UNKNOWN
    return len(value) if is_text(value) or isinstance(value, list | dict) else UNKNOWN


def _lookup(table: Value, key: Value, *default: Value) -> Value:
    if not is_text(key) or not isinstance(table, dict):
        return made_of(table, *default, complete=False)
    if key not in table and not default:
        raise Failure(key)
    return table[key] if key in table else default[0]


def _contains(items: Value, wanted: Value) -> Value:
    if any(item is wanted or (is_plain(item, wanted) and same(item, wanted)) for item in items):
        return True
    return False if is_plain(items, wanted) else UNKNOWN


def _flatten(items: Value) -> Value:
    found: list[Value] = []
    for item in _items(items):
        inner = _flatten(item) if isinstance(item, list) else item
        if isinstance(inner, Unknown):
            # It may be a list that would be taken apart.
            return made_of(items)
        found += inner if isinstance(inner, list) else [inner]
    return found


def _keys(table: Value) -> Value:
    return sorted(table.keys())


def _values(table: Value) -> Value:
    return [table[key] for key in _keys(table)]


def _element(items: Value, number: Value) -> Value:
    return _items(items)[number % len(items)]


def _set(items: Value) -> Value:
    return None if items is None else group_of(_items(items))


def _all_true(items: Value, *, wanted: bool) -> Value:
    """``alltrue`` for true, and ``anytrue`` for false, which is its opposite."""
    if any(item is not wanted and isinstance(item, bool) for item in items):
        return not wanted
    return wanted if all(item is wanted for item in items) else UNKNOWN


def _zipmap(keys: Value, values: Value) -> Value:
    # Which keys there are is not known while one of them is chosen later.
    known = all(map(is_text, keys))
    return dict(zip(keys, values, strict=True)) if known else made_of(values, complete=False)


def _replace(text: Value, old: Value, new: Value) -> Value:
    # Between slashes it is a pattern, of another dialect than Python's.
    is_pattern = len(old) > 1 and old.startswith("/") and old.endswith("/")
    return UNKNOWN if is_pattern else text.replace(old, new)


def _items(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _cidrsubnet(block: str, more_bits: int, number: int) -> str:
    whole = ipaddress.ip_network(block, strict=False)
    length = whole.prefixlen + more_bits
    if length > whole.max_prefixlen or not 0 <= number < 2**more_bits:
        raise Failure("cidrsubnet")
    first = whole.network_address + (number << (whole.max_prefixlen - length))
    return f"{first}/{length}"


# These ask what a value is; of what is chosen later that is not known.
_PLAIN: dict[str, Callable[..., Value]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cidrsubnet": _cidrsubnet,
    "endswith": lambda text, end: text.endswith(end),
    "floor": math.floor,
    "jsondecode": json.loads,
    "lower": lambda text: text.lower(),
    "max": lambda *numbers: max(numbers),
    "min": lambda *numbers: min(numbers),
    "pow": lambda base, exponent: base**exponent,
    "range": lambda *limits: list(range(*limits)),
    "replace": _replace,
    "setintersection": lambda first, *more: group_of(
        [item for item in first if all(item in each for each in more)]
    ),
    "setsubtract": lambda first, second: group_of([item for item in first if item not in second]),
    "sort": lambda items: sorted(_items(items)),
    "split": lambda separator, text: text.split(separator),
    "startswith": lambda text, start: text.startswith(start),
    "strcontains": lambda text, part: part in text,
    "sum": lambda items: sum(_items(items)),
    "tobool": lambda value: {"true": True, "false": False}[text_of(value)],
    "tonumber": number_of,
    "trimprefix": lambda text, start: text.removeprefix(start),
    "trimspace": lambda text: text.strip(),
    "trimsuffix": lambda text, end: text.removesuffix(end),
    "upper": lambda text: text.upper(),
}

FUNCTIONS: dict[str, Callable[..., Value]] = {
    **_PLAIN,
    "alltrue": lambda items: _all_true(items, wanted=True),
    "anytrue": lambda items: _all_true(items, wanted=False),
    "coalesce": _coalesce,
    "compact": _compact,
    "concat": _concat,
    "contains": _contains,
    "distinct": lambda items: list(group_of(items)) if is_plain(items) else made_of(items),
    "element": _element,
    "flatten": _flatten,
    "format": _format,
    "formatlist": _formatlist,
    "join": joined,
    "jsonencode": _json,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "merge": _merge,
    "nonsensitive": lambda value: value,
    "one": _one,
    "reverse": lambda items: _items(items)[::-1],
    "sensitive": lambda value: value,
    "setunion": lambda *groups: group_of([item for each in groups for item in each]),
    "slice": lambda items, first, last: _items(items)[first:last],
    "tolist": lambda items: None if items is None else list(_items(items)),
    "tomap": lambda table: table,
    "toset": _set,
    "tostring": lambda value: None if value is None else text_of(value),
    "values": _values,
    "zipmap": _zipmap,
}
"""By name; none of the arguments is unknown as a whole."""

# Whatever is in the arguments is in the result, and nothing else.
_WHOLE = frozenset(
    {
        *("base64encode", "compact", "concat", "distinct", "flatten", "format", "formatlist"),
        *("indent", "join", "jsondecode", "jsonencode", "lower", "md5", "nonsensitive"),
        *("replace", "reverse", "sensitive", "setunion", "sha256", "split", "tolist", "tomap"),
        *("toset", "tostring", "trimprefix", "trimspace", "trimsuffix", "upper", "urlencode"),
        "yamlencode",
    }
)
