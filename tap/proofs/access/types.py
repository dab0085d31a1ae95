"""Optional attributes of variables, which Terraform fills in.

Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tap.hcl.grammar import syntax_tree
from tap.proofs.access.values import UNKNOWN, Complete

if TYPE_CHECKING:
    from tap.hcl.grammar import Node

Evaluate = Callable[[str], Any]
"""Text of an expression -> its value."""


def conformed(value: Any, constraint: str, evaluate: Evaluate, *, file: str) -> Any:  # noqa: ANN401 - any value, as below
    """Return a value with the attributes that its caller may leave out.

    Args:
        value: What the caller gives.
        constraint: The type as written; empty for any.
        evaluate: Works out the defaults of attributes.
        file: For messages about the syntax.

    Raises:
        HclError: The type is no expression.
    """
    return _filled(value, _parsed(constraint, file), evaluate) if constraint else value


@lru_cache(maxsize=1024)
def _parsed(constraint: str, file: str) -> Node:
    tree = syntax_tree(f"_ = (\n{constraint}\n)", file=file)
    return next(iter(tree.children[0].children[0].children[-1].rules()))


def _filled(value: Any, kind: Node, evaluate: Evaluate) -> Any:  # noqa: ANN401
    if kind.kind != "function_call":
        return value
    name = kind.children[0].joined()
    given = list(next(kind.of("arguments")).rules())
    if name == "object" and isinstance(value, Mapping):
        return _object(value, given[0], evaluate)
    if name in {"list", "set"} and isinstance(value, list):
        return [_filled(item, given[0], evaluate) for item in value]
    if name == "map" and isinstance(value, Mapping):
        filled = {key: _filled(item, given[0], evaluate) for key, item in value.items()}
        return Complete(filled) if isinstance(value, Complete) else filled
    return value


def _object(value: Mapping[Any, Any], kind: Node, evaluate: Evaluate) -> Any:  # noqa: ANN401
    found = Complete()
    for element in kind.of("object_elem"):
        name, part = element.children[0].children[0].joined(), element.children[-1]
        default: Any = UNKNOWN
        if part.kind == "function_call" and part.children[0].joined() == "optional":
            part, *rest = next(part.of("arguments")).rules()
            default = evaluate(rest[0].joined()) if rest else None
        given = value.get(name, default)
        # A default takes the place of null as well.
        if given is None and name in value:
            given = default if default is not UNKNOWN else None
        found[name] = _filled(given, part, evaluate)
    return found
