"""Terraform expressions, worked out as far as they can be before the apply.

Only what policies are made of: templates, objects, lists, loops, conditionals and a few functions.
Everything else is ``UNKNOWN``, and so is what is made of it, so that a result is right or none.

Source: https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap.hcl.grammar import syntax_tree
from tap.proofs.access.functions import FUNCTIONS, joined
from tap.proofs.access.values import UNKNOWN, Attributes, Complete, Failure, StandIn, Unknown

if TYPE_CHECKING:
    from tap.hcl.grammar import Node


Lookup = Callable[[str], Any]
"""Root name, such as ``var`` or ``aws_kms_key`` -> what its attributes are taken from."""

_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_SIGNS = {"DBLQUOTE", "LBRACE", "RBRACE", "LSQB", "RSQB", "COMMA", "COLON", "QMARK"}


def evaluate(text: str, lookup: Lookup, *, file: str) -> Any:  # noqa: ANN401 - any value, as below
    """Work out an expression.

    Args:
        text: Its source.
        lookup: What names stand for.
        file: For messages about the syntax.

    Raises:
        HclError: It is no expression.
        Failure: Terraform would refuse it.
    """
    return _value(_parsed(text, file), lookup)


@lru_cache(maxsize=1024)
def _parsed(text: str, file: str) -> Node:
    tree = syntax_tree(f"_ = (\n{text}\n)", file=file)
    return tree.children[0].children[0].children[-1]


def attribute(value: Any, key: Any) -> Any:  # noqa: ANN401
    """Return an attribute or element; an optional attribute that is not written is unknown."""
    if isinstance(value, Unknown) or isinstance(key, Unknown | StandIn):
        return UNKNOWN
    if isinstance(value, Attributes):
        return value.get(key)
    if isinstance(value, Complete) and key not in value:
        raise Failure(str(key))
    if isinstance(value, Mapping):
        return value.get(key, UNKNOWN)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    raise Failure(str(key))


def _value(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    evaluator = _EVALUATORS.get(node.kind)
    return evaluator(node, lookup) if evaluator else UNKNOWN


def _identifier(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    return lookup(node.joined())


def _parentheses(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    return _value(node.children[1], lookup)


def _number(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401, ARG001
    return json.loads(node.joined())


def _literal(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401, ARG001
    return _LITERALS[node.joined()]


def _string(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    parts: list[Any] = []
    for part in (piece for each in node.of("string_part") for piece in each.children):
        if part.kind == "STRING_CHARS":
            if "\\" in part.text:
                return UNKNOWN
            parts.append(part.text)
        elif part.kind == "interpolation":
            parts.append(_value(part.children[1], lookup))
        else:
            return UNKNOWN
    # Nothing but one interpolation keeps the type of its value.
    return parts[0] if len(parts) == 1 else joined("", parts)


def _get_attribute(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    return attribute(_value(node.children[0], lookup), node.children[1].children[-1].joined())


def _index(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    key = _value(node.children[1].children[1], lookup)
    return attribute(_value(node.children[0], lookup), key)


def _splat(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    values = _value(node.children[0], lookup)
    if isinstance(values, Unknown):
        return UNKNOWN
    if values is None:
        return []
    result = list(values) if isinstance(values, list) else [values]
    for step in node.children[1].rules():
        if step.kind == "get_attr":
            name = step.children[-1].joined()
            result = [attribute(each, name) for each in result]
        else:
            return UNKNOWN
    return result


def _tuple(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    return [_value(each, lookup) for each in node.children if each.kind not in _SIGNS]


def _object(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    found = Complete()
    for element in node.of("object_elem"):
        key = element.children[0].children[0]
        name = key.joined() if key.kind in {"identifier", "keyword"} else _value(key, lookup)
        if not isinstance(name, str) or isinstance(name, StandIn):
            return UNKNOWN
        found[name] = _value(element.children[-1], lookup)
    return found


def _conditional(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    condition, then, otherwise = (each for each in node.children if each.kind not in _SIGNS)
    chosen = _value(condition, lookup)
    if not isinstance(chosen, bool):
        return UNKNOWN
    return _value(then if chosen else otherwise, lookup)


def _comparison(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    term = node.children[1]
    operator = term.children[0].joined().strip()
    left, right = _value(node.children[0], lookup), _value(term.children[1], lookup)
    if any(isinstance(each, Unknown | StandIn) for each in (left, right)):
        return UNKNOWN
    if operator in {"==", "!="}:
        # What is inside may not be known.
        if left is not None and right is not None and not _are_scalars(left, right):
            return UNKNOWN
        return (left == right) == (operator == "==")
    if operator in {"&&", "||"} and isinstance(left, bool) and isinstance(right, bool):
        return (left and right) if operator == "&&" else (left or right)
    if operator in {">", "<"} and isinstance(left, int) and isinstance(right, int):
        return left > right if operator == ">" else left < right
    return UNKNOWN


def _are_scalars(*values: Any) -> bool:  # noqa: ANN401
    return all(isinstance(each, str | int | float) for each in values)


def _negation(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    value = _value(node.children[1], lookup)
    is_not = node.children[0].kind == "NOT" and isinstance(value, bool)
    return not value if is_not else UNKNOWN


def _loop(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    """Work out ``[for ...]`` or ``{for ...}``, without grouping."""
    if any(child.kind == "ELLIPSIS" for child in node.children):
        return UNKNOWN
    intro = next(node.of("for_intro"))
    names = [each.joined() for each in intro.children if each.kind == "identifier"]
    over = list(intro.rules())[-1]
    if over.kind == "identifier":
        *names, _ = names
    source = _value(over, lookup)
    if not isinstance(source, Mapping | list):
        return UNKNOWN
    pairs = list(source.items()) if isinstance(source, Mapping) else list(enumerate(source))
    body = [each for each in node.rules() if each.kind not in {"for_intro", "for_cond"}]
    condition = next(node.of("for_cond"), None)
    results: list[tuple[Any, ...]] = []
    for key, value in pairs:
        bound = dict(zip(names, (key, value) if len(names) > 1 else (value,), strict=True))

        def inner(name: str, bound: dict[str, Any] = bound) -> Any:  # noqa: ANN401
            return bound[name] if name in bound else lookup(name)

        wanted = _value(condition.children[-1], inner) if condition else True
        if not isinstance(wanted, bool):
            return UNKNOWN
        if wanted:
            results.append(tuple(_value(each, inner) for each in body))
    if node.kind == "for_tuple_expr":
        return [value for (value,) in results]
    if any(not isinstance(key, str) or isinstance(key, StandIn) for key, _ in results):
        return UNKNOWN
    return Complete(results)


def _call(node: Node, lookup: Lookup) -> Any:  # noqa: ANN401
    name = node.children[0].joined()
    arguments = next(node.of("arguments"), None)
    given = list(arguments.rules()) if arguments else []
    if name == "try":
        for each in given:
            try:
                return _value(each, lookup)
            except Failure:
                continue
        raise Failure(name)
    if name not in FUNCTIONS:
        return UNKNOWN
    values = [_value(each, lookup) for each in given]
    if arguments is not None and any(each.kind == "ELLIPSIS" for each in arguments.children):
        if not isinstance(values[-1], list):
            return UNKNOWN
        values = [*values[:-1], *values[-1]]
    if any(isinstance(each, Unknown | Attributes) for each in values):
        return UNKNOWN
    try:
        return FUNCTIONS[name](values)
    except (AttributeError, IndexError, TypeError, ValueError):
        # Arguments of other types than the function is known for here.
        return UNKNOWN


_EVALUATORS: dict[str, Callable[[Node, Lookup], Any]] = {
    "attr_splat_expr_term": _splat,
    "binary_op": _comparison,
    "conditional": _conditional,
    "expr_term": _parentheses,
    "for_object_expr": _loop,
    "for_tuple_expr": _loop,
    "full_splat_expr_term": _splat,
    "function_call": _call,
    "get_attr_expr_term": _get_attribute,
    "identifier": _identifier,
    "index_expr_term": _index,
    "int_lit": _number,
    "literal_value": _literal,
    "object": _object,
    "string": _string,
    "tuple": _tuple,
    "unary_op": _negation,
}
