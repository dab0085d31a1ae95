"""Terraform expressions, worked out as far as they can be before the apply.

What cannot be worked out is ``Unknown``, and so is what is made of it, so that a result is right or
none.

Source: https://developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tap.evaluation.functions import call, joined
from tap.evaluation.values import (
    UNKNOWN,
    Attributes,
    Failure,
    Group,
    StandIn,
    Unknown,
    Value,
    either,
    is_plain,
    is_text,
    made_of,
    same,
)
from tap.hcl.expressions import unescaped
from tap.hcl.trees import expression_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.hcl.grammar import Node


Lookup = Callable[[str], Value]
"""Root name, such as ``var`` or ``aws_kms_key`` -> what its attributes are taken from."""

_LITERALS: dict[str, Value] = {"true": True, "false": False, "null": None}
_SIGNS = {"DBLQUOTE", "LBRACE", "RBRACE", "LSQB", "RSQB", "COMMA", "COLON", "QMARK"}


def _quotient(left: float, right: float) -> float:
    """Divide; whole numbers stay so, because Terraform has numbers of one kind only."""
    result = left / right
    return int(result) if result.is_integer() else result


def _remainder(left: float, right: float) -> float:
    """Return what is left of a division, with the sign of the first number."""
    result = math.fmod(left, right)
    return int(result) if result.is_integer() else result


_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
}


def evaluate(text: str, lookup: Lookup, *, file: str, cache: Path | None = None) -> Value:
    """Work out an expression.

    Args:
        text: Its source.
        lookup: What names stand for.
        file: For messages about the syntax.
        cache: A folder that keeps syntax trees; None to parse each time.

    Raises:
        HclError: It is no expression.
        Failure: Terraform would refuse it.
    """
    return value_of(expression_tree(text, file=file, cache=cache), lookup)


def attribute(value: Value, key: Value) -> Value:
    """Return an attribute or element.

    Raises:
        Failure: There is none.
    """
    if isinstance(value, Unknown):
        return value
    if isinstance(key, Unknown | StandIn):
        return made_of(value, complete=False)
    if isinstance(value, Attributes):
        return value.get(key)
    if isinstance(value, dict) and str(key) in value:
        return value[str(key)]
    if isinstance(value, list) and not isinstance(value, Group):
        with_number = int(key) if is_text(key) and key.isdecimal() else key
        if isinstance(with_number, int) and 0 <= with_number < len(value):
            return value[with_number]
    raise Failure(str(key))


def with_scope(names: Mapping[str, Value], lookup: Lookup) -> Lookup:
    """Return a lookup that knows some more names."""
    return lambda name: names[name] if name in names else lookup(name)


def pairs(value: Value) -> list[tuple[Value, Value]] | None:
    """Return what a loop goes over, with keys, in Terraform's order; None if it is not known."""
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, Group):
        return [(item, item) for item in value]
    return list(enumerate(value)) if isinstance(value, list) else None


def value_of(node: Node, lookup: Lookup) -> Value:
    """Work out a part of an expression, as :func:`evaluate` does a whole one."""
    evaluator = _EVALUATORS.get(node.kind)
    return evaluator(node, lookup) if evaluator else UNKNOWN


def _identifier(node: Node, lookup: Lookup) -> Value:
    return lookup(node.joined())


def _parentheses(node: Node, lookup: Lookup) -> Value:
    return value_of(node.children[1], lookup)


def _number(node: Node, lookup: Lookup) -> Value:  # noqa: ARG001
    return json.loads(node.joined())


def _literal(node: Node, lookup: Lookup) -> Value:  # noqa: ARG001
    return _LITERALS[node.joined()]


def _string(node: Node, lookup: Lookup) -> Value:
    parts: list[Value] = []
    for part in (piece for each in node.of("string_part") for piece in each.children):
        if part.kind == "interpolation":
            parts.append(value_of(part.children[1], lookup))
        elif part.kind in {"STRING_CHARS", "ESCAPED_INTERPOLATION"}:
            parts.append(unescaped(part.text))
        else:
            return UNKNOWN
    # Nothing but one interpolation keeps the type of its value.
    return parts[0] if len(parts) == 1 else joined("", parts)


def _get_attribute(node: Node, lookup: Lookup) -> Value:
    return attribute(value_of(node.children[0], lookup), node.children[1].children[-1].joined())


def _index(node: Node, lookup: Lookup) -> Value:
    step = node.children[1]
    key = (
        step.children[1].text if step.kind == "short_index" else value_of(step.children[1], lookup)
    )
    return attribute(value_of(node.children[0], lookup), key)


def _splat(node: Node, lookup: Lookup) -> Value:
    values = value_of(node.children[0], lookup)
    if isinstance(values, Unknown):
        return values
    if values is None:
        return []
    result = list(values) if isinstance(values, list) else [values]
    for step in node.children[1].rules():
        if step.kind == "get_attr":
            name: Value = step.children[-1].joined()
        elif step.kind == "braces_index":
            name = value_of(step.children[1], lookup)
        else:
            return made_of(*result, complete=False)
        result = [attribute(each, name) for each in result]
    return result


def _tuple(node: Node, lookup: Lookup) -> Value:
    return [value_of(each, lookup) for each in node.children if each.kind not in _SIGNS]


def _object(node: Node, lookup: Lookup) -> Value:
    found: dict[str, Value] = {}
    for element in node.of("object_elem"):
        key = element.children[0].children[0]
        name = key.joined() if key.kind in {"identifier", "keyword"} else value_of(key, lookup)
        value = value_of(element.children[-1], lookup)
        if isinstance(name, StandIn) or not isinstance(name, str | int):
            return made_of(*found.values(), value, complete=False)
        found[str(name)] = value
    return found


def _conditional(node: Node, lookup: Lookup) -> Value:
    condition, then, otherwise = (each for each in node.children if each.kind not in _SIGNS)
    chosen = value_of(condition, lookup)
    if isinstance(chosen, bool):
        return value_of(then if chosen else otherwise, lookup)
    branches = []
    for branch in (then, otherwise):
        try:
            branches.append(value_of(branch, lookup))
        except Failure:
            # The branch that Terraform does not take may be one that it would refuse.
            branches.append(UNKNOWN)
    return either(branches)


def _operation(node: Node, lookup: Lookup) -> Value:
    term = node.children[1]
    sign = term.children[0].joined().strip()
    left, right = value_of(node.children[0], lookup), value_of(term.children[1], lookup)
    if sign in {"==", "!="}:
        equal = _are_equal(left, right)
        return UNKNOWN if equal is None else equal == (sign == "==")
    if sign in {"&&", "||"}:
        decides = sign == "||"
        if decides in (left, right):
            return decides
        return not decides if isinstance(left, bool) and isinstance(right, bool) else UNKNOWN
    if sign in {"/", "%"} and right == 0:
        raise Failure("division by zero")
    if sign in _NUMERIC and _is_number(left) and _is_number(right):
        return _NUMERIC[sign](left, right)
    return UNKNOWN


def _are_equal(left: Value, right: Value) -> bool | None:
    """Tell whether two values are the same; None where that is not known."""
    if isinstance(left, StandIn) and isinstance(right, StandIn) and left == right:
        return True
    if None in (left, right):
        other = right if left is None else left
        # What is chosen later is something.
        return None if isinstance(other, Unknown) else other is None
    return same(left, right) if is_plain(left, right) else None


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sign(node: Node, lookup: Lookup) -> Value:
    value = value_of(node.children[1], lookup)
    if node.children[0].kind == "NOT":
        return not value if isinstance(value, bool) else UNKNOWN
    return -value if _is_number(value) else UNKNOWN


def _loop(node: Node, lookup: Lookup) -> Value:
    """Work out ``[for ...]`` or ``{for ...}``."""
    intro = next(node.of("for_intro"))
    names = [each.joined() for each in intro.children if each.kind == "identifier"]
    over = list(intro.rules())[-1]
    if over.kind == "identifier":
        *names, _ = names
    source = value_of(over, lookup)
    body = [each for each in node.rules() if each.kind not in {"for_intro", "for_cond"}]
    condition = next(node.of("for_cond"), None)
    found = pairs(source)
    if found is None:
        whole = made_of(source)
        inner = with_scope(dict.fromkeys(names, whole), lookup)
        once = [value_of(each, inner) for each in body[-1:]]
        return made_of(whole, *once, complete=condition is None)
    results: list[tuple[Value, ...]] = []
    for pair in found:
        inner = with_scope(dict(zip(names, pair[-len(names) :], strict=True)), lookup)
        wanted = value_of(condition.children[-1], inner) if condition else True
        if not isinstance(wanted, bool):
            return made_of(source, *(value for *_, value in results), complete=False)
        if wanted:
            results.append(tuple(value_of(each, inner) for each in body))
    if node.kind == "for_tuple_expr":
        return [value for (value,) in results]
    return _keyed(results, grouped=any(child.kind == "ELLIPSIS" for child in node.children))


def _keyed(results: list[tuple[Value, ...]], *, grouped: bool) -> Value:
    """Return keys and values as one object; ``grouped`` as after an ellipsis."""
    found: dict[str, Value] = {}
    for key, value in results:
        if isinstance(key, StandIn) or not isinstance(key, str | int):
            return made_of(*(each for _, each in results), complete=False)
        if grouped:
            found.setdefault(str(key), []).append(value)
        elif str(key) in found:
            raise Failure(f"{key} twice")
        else:
            found[str(key)] = value
    return found


def _call(node: Node, lookup: Lookup) -> Value:
    name = node.children[0].joined()
    arguments = next(node.of("arguments"), None)
    given = list(arguments.rules()) if arguments else []
    if name in {"try", "can"}:
        return _tried(given, lookup, can=name == "can")
    values = [value_of(each, lookup) for each in given]
    if arguments and any(each.kind == "ELLIPSIS" for each in arguments.children):
        *values, rest = values
        if not isinstance(rest, list):
            return made_of(*values, rest, complete=False)
        values += rest
    return call(name, values)


def _tried(given: list[Node], lookup: Lookup, *, can: bool) -> Value:
    for each in given:
        try:
            value = value_of(each, lookup)
        except Failure:
            continue
        if isinstance(value, Unknown):
            # It may still turn out to be refused.
            return UNKNOWN if can else value
        return True if can else value
    if can:
        return False
    raise Failure("try")


_EVALUATORS: dict[str, Callable[[Node, Lookup], Value]] = {
    "attr_splat_expr_term": _splat,
    "binary_op": _operation,
    "conditional": _conditional,
    "expr_term": _parentheses,
    "float_lit": _number,
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
    "unary_op": _sign,
}
