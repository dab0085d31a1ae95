"""The functions of Terraform that policies are made with.

Source: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tap.proofs.access.values import UNKNOWN, Complete, Failure, StandIn, Unknown


def joined(separator: str, parts: list[Any]) -> Any:  # noqa: ANN401 - any value, as below
    """Join the texts of values, as a template does.

    Raises:
        Failure: One is null.
    """
    texts = [_text(part) for part in parts]
    if any(isinstance(text, Unknown) for text in texts):
        return UNKNOWN
    joined = separator.join(texts)
    return StandIn(joined) if any(isinstance(text, StandIn) for text in texts) else joined


def _text(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if value is None:
        raise Failure("null in a template")
    return value if isinstance(value, str) else UNKNOWN


def _merge(values: list[Any]) -> Any:  # noqa: ANN401
    result: dict[Any, Any] = {}
    for each in values:
        if isinstance(each, Mapping):
            result.update(each)
        elif each is not None:
            raise Failure("merge")
    whole = all(each is None or isinstance(each, Complete) for each in values)
    return Complete(result) if whole else result


def _concat(values: list[Any]) -> Any:  # noqa: ANN401
    return [item for each in values for item in each]


def _compact(values: list[Any]) -> Any:  # noqa: ANN401
    (items,) = values
    unsure = any(isinstance(item, Unknown) for item in items)
    return UNKNOWN if unsure else [item for item in items if item not in (None, "")]


def _coalesce(values: list[Any]) -> Any:  # noqa: ANN401
    found = [each for each in values if each is not None and each != ""]
    if not found:
        raise Failure("coalesce")
    return UNKNOWN if isinstance(found[0], StandIn) else found[0]


def _one(values: list[Any]) -> Any:  # noqa: ANN401
    (items,) = values
    if not isinstance(items, list) or len(items) > 1:
        raise Failure("one")
    return items[0] if items else None


def _formatlist(values: list[Any]) -> Any:  # noqa: ANN401
    form, items = values[0], values[-1]
    if len(values) != 2 or form.count("%") != 1 or not isinstance(items, list):  # noqa: PLR2004
        return UNKNOWN
    before, found, after = form.partition("%s")
    return [joined("", [before, item, after]) for item in items] if found else UNKNOWN


def _json(values: list[Any]) -> Any:  # noqa: ANN401
    (value,) = values
    if _has_unknown(value):
        return UNKNOWN
    return StandIn(json.dumps(value))


def _has_unknown(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown, value))
    # A resource as a whole is not known.
    return not (value is None or isinstance(value, str | int | float))


def _length(values: list[Any]) -> Any:  # noqa: ANN401
    (value,) = values
    return len(value) if isinstance(value, list | Mapping) else UNKNOWN


def _toset(values: list[Any]) -> Any:  # noqa: ANN401
    (items,) = values
    if any(not isinstance(item, str) or isinstance(item, StandIn) for item in items):
        return UNKNOWN
    return sorted(set(items))


def _keys(values: list[Any]) -> Any:  # noqa: ANN401
    return sorted(values[0])


def _values(values: list[Any]) -> Any:  # noqa: ANN401
    return [value for _, value in sorted(values[0].items())]


def _setsubtract(values: list[Any]) -> Any:  # noqa: ANN401
    known = [_toset([each]) for each in values]
    if any(isinstance(each, Unknown) for each in known):
        return UNKNOWN
    return [item for item in known[0] if item not in known[1]]


def _split(values: list[Any]) -> Any:  # noqa: ANN401
    if any(isinstance(each, StandIn) for each in values):
        return UNKNOWN
    separator, text = values
    return text.split(separator)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "coalesce": _coalesce,
    "compact": _compact,
    "concat": _concat,
    "formatlist": _formatlist,
    "join": lambda values: joined(values[0], values[1]),
    "jsonencode": _json,
    "keys": _keys,
    "length": _length,
    "merge": _merge,
    "nonsensitive": lambda values: values[0],
    "one": _one,
    "setsubtract": _setsubtract,
    "split": _split,
    "tolist": lambda values: values[0],
    "toset": _toset,
    "tostring": lambda values: _text(values[0]),
    "values": _values,
}
"""By name; none of the arguments is unknown as a whole."""
