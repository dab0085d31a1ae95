"""Rules of what modules accept from whoever calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap.hcl.trees import expression_tree
from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.hcl.grammar import Node
    from tap.policy.finding import Fault
    from tap.policy.sources import SourceModule


@source_rule(
    "TF-14",
    Severity.LOW,
    "An attribute of a variable is never read",
    rationale="Whoever sets it believes that it does something.",
    remediation="Remove the attribute from the type, or use it.\n",
)
def unread_attribute(module: SourceModule) -> Iterator[Fault]:
    """Each attribute of an object is read, alone or with the object as a whole."""
    if not module.complete:
        return
    read = frozenset(replace(module.declared, variables={}).references())
    for variable in module.declared.variables.values():
        if not variable.type or variable.name not in module.read_variables:
            continue
        tree = expression_tree(variable.type, file=variable.file, cache=module.sources.cache)
        for path in _unread(tree, f"var.{variable.name}", read):
            yield module.fault(variable, f"{path} is never read", at="type")


def _unread(node: Node, path: str, read: frozenset[str]) -> Iterator[str]:
    """Yield the attributes below a path that nothing reads."""
    declared = dict(_attributes(node))
    if path in read or not declared:
        return
    for name, inner in declared.items():
        below = f"{path}.{name}"
        if any(item == below or item.startswith(f"{below}.") for item in read):
            yield from _unread(inner, below, read)
        else:
            yield below


def _attributes(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield name and type of the attributes of an object; of an optional one as well."""
    if node.kind == "expr_term":
        yield from _attributes(node.children[1])
    if node.kind != "function_call":
        return
    arguments = [each for part in node.of("arguments") for each in part.rules()]
    kind = node.children[0].joined()
    if kind == "optional":
        yield from _attributes(arguments[0])
    elif kind == "object":
        for element in arguments[0].of("object_elem"):
            yield element.children[0].joined(), element.children[-1]
