"""The functions of Terraform that policies are made with.

Source: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tap.proofs.access.values import UNKNOWN, Failure, StandIn, Unknown


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
    return result


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


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "coalesce": _coalesce,
    "compact": _compact,
    "concat": _concat,
    "formatlist": _formatlist,
    "join": lambda values: joined(values[0], values[1]),
    "jsonencode": _json,
    "length": _length,
    "merge": _merge,
    "nonsensitive": lambda values: values[0],
    "one": _one,
    "tostring": lambda values: _text(values[0]),
}
"""By name; none of the arguments is unknown as a whole."""
