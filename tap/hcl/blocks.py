"""Expressions and blocks as they stand in a file.

Expressions keep their source text exactly as written; literals have their value beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

# Roots whose second step already names the whole thing, and roots with a type before the name.
_TYPED_ROOTS = frozenset({"data", "ephemeral", "action"})


class Expression(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The right side of an argument.

    Attributes:
        text: The source, from its first to its last character; comments inside are kept.
        first_line: Where it starts, from 1.
        last_line: Where it ends.
        value: What a literal stands for (strings unquoted); unset where it must be evaluated.
        references: What it refers to, sorted, each once, without indices and splats:
            ``aws_subnet.public["a"].id`` is ``aws_subnet.public.id``. Names that a ``for``
            or a ``dynamic`` block introduces are left out.
        items: The elements of a list, or the arguments of a function call.
        entries: The elements of an object whose keys are literal.
        function: The function that is called, such as ``jsonencode``; else empty.
    """

    text: str
    first_line: int
    last_line: int
    value: Any = msgspec.UNSET
    references: tuple[str, ...] = ()
    items: tuple[Expression, ...] = ()
    entries: dict[str, Expression] = {}
    function: str = ""

    @property
    def is_literal(self) -> bool:
        """Whether the value is known without evaluating anything."""
        return self.value is not msgspec.UNSET

    @property
    def string(self) -> str | None:
        """The value of a literal string; None for anything else."""
        return self.value if isinstance(self.value, str) else None

    def walk(self) -> Iterator[Expression]:
        """Yield this expression and all parts of lists, objects and function calls."""
        yield self
        for part in (*self.items, *self.entries.values()):
            yield from part.walk()


class Block(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A block as it stands in the file, nested blocks included."""

    type: str
    file: str
    first_line: int
    last_line: int
    labels: tuple[str, ...] = ()
    attributes: dict[str, Expression] = {}
    blocks: tuple[Block, ...] = ()

    def of_type(self, kind: str) -> tuple[Block, ...]:
        """Return the nested blocks of a type, ``dynamic`` ones by the type they make."""
        return tuple(
            block
            for block in self.blocks
            if block.type == kind or (block.type == "dynamic" and block.labels == (kind,))
        )

    def walk(self) -> Iterator[Block]:
        """Yield this block and all nested ones, outermost first."""
        yield self
        for block in self.blocks:
            yield from block.walk()

    def references(self) -> tuple[str, ...]:
        """Return everything that this block and nested ones refer to, sorted, each once."""
        return _union(
            expression for block in self.walk() for expression in block.attributes.values()
        )

    def text(self, name: str) -> str | None:
        """Return the value of an argument that is a literal string; None otherwise."""
        found = self.attributes.get(name)
        return found.string if found else None


def target(reference: str) -> str:
    """Return the declared thing that a reference leads to.

    ``var.a.b`` leads to ``var.a``, ``data.aws_region.this.name`` to ``data.aws_region.this``.
    """
    steps = reference.split(".")
    return ".".join(steps[: 3 if steps[0] in _TYPED_ROOTS else 2])


def _union(expressions: Iterator[Expression]) -> tuple[str, ...]:
    found: set[str] = set()
    for expression in expressions:
        found.update(expression.references)
    return tuple(sorted(found))
