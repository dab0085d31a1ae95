"""What a variable makes of the value it is given: its type, with defaults of attributes.

Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tap.evaluation.expressions import value_of
from tap.evaluation.functions import group_of, number_of, text_of
from tap.evaluation.values import UNKNOWN, Attributes, Failure, Unknown, Value
from tap.hcl.trees import expression_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tap.hcl.grammar import Node

Conversion = Callable[[Value], Value]


class _Attribute(NamedTuple):
    convert: Conversion
    default: Value


@lru_cache(maxsize=1024)
def conversion(text: str, *, file: str, cache: Path | None = None) -> Conversion:
    """Return what gives a value a type.

    Args:
        text: The type as written, such as ``map(object({ port = optional(number, 443) }))``.
        file: For messages about the syntax.
        cache: A folder that keeps syntax trees; None to parse each time.

    Raises:
        HclError: It is no expression.
    """
    return _conversion(expression_tree(text, file=file, cache=cache))


def _conversion(node: Node) -> Conversion:
    if node.kind == "expr_term":
        return _conversion(node.children[1])
    if node.kind == "identifier":
        return _of_values(_SCALARS.get(node.joined(), _unchanged))
    name = node.children[0].joined()
    arguments = [each for part in node.of("arguments") for each in part.rules()]
    if name == "object":
        return _of_values(_object(arguments[0]))
    if name == "optional":
        return _conversion(arguments[0])
    if name in {"list", "map", "set"}:
        return _of_values(_COLLECTIONS[name](_conversion(arguments[0])))
    return _unchanged


def _of_values(convert: Conversion) -> Conversion:
    """Leave null alone, and what is not known."""

    def converted(value: Value) -> Value:
        left = value is None or isinstance(value, Unknown | Attributes)
        return value if left else convert(value)

    return converted


def _object(node: Node) -> Conversion:
    declared: dict[str, _Attribute] = {}
    for element in node.of("object_elem"):
        given = element.children[-1]
        default: Value = UNKNOWN
        if given.kind == "function_call" and given.children[0].joined() == "optional":
            _, *rest = [each for part in given.of("arguments") for each in part.rules()]
            default = value_of(rest[0], lambda _: UNKNOWN) if rest else None
        declared[element.children[0].joined()] = _Attribute(_conversion(given), default)

    def convert(value: Value) -> Value:
        if not isinstance(value, dict):
            raise Failure("not an object")
        found = {}
        for name, (inner, default) in declared.items():
            item = value.get(name, default)
            # A default takes the place of null as well.
            filled = item is None and not isinstance(default, Unknown)
            found[name] = inner(default if filled else item)
        return found

    return convert


def _list(inner: Conversion) -> Conversion:
    return lambda value: list(map(inner, _items(value)))


def _set(inner: Conversion) -> Conversion:
    return lambda value: group_of(list(map(inner, _items(value))))


def _map(inner: Conversion) -> Conversion:
    def convert(value: Value) -> Value:
        if not isinstance(value, dict):
            raise Failure("not a map")
        return {key: inner(item) for key, item in value.items()}

    return convert


def _items(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise Failure("not a list")
    return value


def _unchanged(value: Value) -> Value:
    return value


def _bool(value: Value) -> Value:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_SCALARS: dict[str, Conversion] = {"string": text_of, "bool": _bool, "number": number_of}
_COLLECTIONS: dict[str, Callable[[Conversion], Conversion]] = {
    "list": _list,
    "map": _map,
    "set": _set,
}
