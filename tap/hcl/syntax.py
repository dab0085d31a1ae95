"""Text to blocks, by way of the syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import HclError
from tap.hcl.blocks import Block, Expression
from tap.hcl.expressions import NO_NAMES, Source, label, too_deep
from tap.hcl.grammar import syntax_tree

if TYPE_CHECKING:
    from tap.hcl.grammar import Node

# Their operands look like references but name attributes or provider configurations.
_NOT_REFERRING = frozenset({"ignore_changes", "provider", "providers"})


def parse(text: str, *, file: str) -> Block:
    """Parse a file into a block without type that holds its top-level arguments and blocks.

    Raises:
        HclError: It is not HCL, gives an argument twice, or nests too deeply.
    """
    source = Source(text, file)
    try:
        body = next(syntax_tree(text, file=file).of("body"))
        return Block(
            type="",
            file=file,
            first_line=1,
            last_line=max(text.count("\n"), 1),
            attributes=_attributes(source, body, NO_NAMES),
            blocks=_blocks(source, body, NO_NAMES),
        )
    except RecursionError:
        raise too_deep(file, 1) from None


def _attributes(
    source: Source, body: Node, names: frozenset[str], kind: str = ""
) -> dict[str, Expression]:
    """Convert the arguments of a body; ``names`` are bound by dynamic blocks around it.

    Raises:
        HclError: One is given twice.
    """
    attributes: dict[str, Expression] = {}
    for node in body.of("attribute"):
        name = node.children[0].joined()
        if name in attributes:
            raise HclError(
                f"{source.file}:{node.line}:{node.column}: argument '{name}' is given "
                f"twice, first on line {attributes[name].first_line}",
                "remove one of the two",
            )
        expression = source.expression(node.children[-1], names)
        if name in _NOT_REFERRING or kind == "required_providers":
            expression = msgspec.structs.replace(expression, references=())
        attributes[name] = expression
    return attributes


def _blocks(source: Source, body: Node, names: frozenset[str]) -> tuple[Block, ...]:
    return tuple(_block(source, node, names) for node in body.of("block"))


def _block(source: Source, node: Node, names: frozenset[str]) -> Block:
    kind, *labels = (label(part) for part in node.rules() if part.kind != "body")
    body = next(node.of("body"))
    attributes = _attributes(source, body, names, kind)
    inside = names
    if kind == "dynamic" and labels:
        # Its own arguments are evaluated outside of the loop that it is.
        iterator = attributes.get("iterator")
        inside = names | {iterator.text if iterator else labels[0]}
    return Block(
        type=kind,
        file=source.file,
        first_line=node.line,
        last_line=node.line + source.text.count("\n", node.start, node.end),
        labels=tuple(labels),
        attributes=attributes,
        blocks=_blocks(source, body, inside),
    )
