"""``.tf.json`` files to the same blocks as ``.tf`` files.

JSON says neither where a value stands nor, without a provider's schema, whether an object is a
block. So every part has the lines of the whole file, and only the blocks of the Terraform
language itself are blocks here; those of a resource type appear as arguments.
Source: https://developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap.errors import HclError
from tap.hcl import templates
from tap.hcl.blocks import Block, Expression
from tap.hcl.expressions import references, template_references, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOP_LABELS = {
    "check": 1,
    "data": 2,
    "ephemeral": 2,
    "module": 1,
    "output": 1,
    "provider": 1,
    "resource": 2,
    "variable": 1,
}
_NESTED_LABELS = {
    "assert": 0,
    "backend": 1,
    "cloud": 0,
    "connection": 0,
    "dynamic": 1,
    "lifecycle": 0,
    "postcondition": 0,
    "precondition": 0,
    "provisioner": 1,
    "required_providers": 0,
    "validation": 0,
}
# Strings in these arguments are source, not templates.
_BARE = frozenset(
    {"depends_on", "from", "ignore_changes", "provider", "providers", "replace_triggered_by", "to"}
)
_NOT_REFERRING = frozenset({"ignore_changes", "provider", "providers"})
_COMMENT = "//"


def parse_json(text: str, *, file: str) -> Block:
    """Parse a file into a block without type that holds its top-level blocks.

    Raises:
        HclError: It is not JSON, not an object, or holds a template that cannot be parsed.
    """
    try:
        content = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise HclError(
            f"{file}:1:1: not a Terraform configuration in JSON: {error}",
            "the file must hold one JSON object whose keys are block types",
        ) from None
    reader = _Reader(file, max(text.count("\n"), 1))
    try:
        blocks = tuple(
            block
            for kind, value in content.items()
            if kind != _COMMENT
            for block in reader.blocks(kind, value, _TOP_LABELS.get(kind, 0))
        )
    except RecursionError:
        raise too_deep(file, 1) from None
    return Block(type="", file=file, first_line=1, last_line=reader.last_line, blocks=blocks)


class _Reader(msgspec.Struct, frozen=True):
    """Makes parts that lie in one file."""

    file: str
    last_line: int

    def blocks(
        self, kind: str, value: object, depth: int, labels: tuple[str, ...] = ()
    ) -> Iterator[Block]:
        """Yield the blocks below a key; each of ``depth`` levels of keys is a label."""
        if isinstance(value, list):
            for item in value:
                yield from self.blocks(kind, item, depth, labels)
        elif not isinstance(value, dict):
            raise HclError(
                f"{self.file}:1:1: {'.'.join([kind, *labels])} must be an object, "
                f"got {msgspec.json.encode(value).decode()[:20]}",
                "see https://developer.hashicorp.com/terraform/language/syntax/json",
            )
        elif depth:
            for label, inner in value.items():
                if label != _COMMENT:
                    yield from self.blocks(kind, inner, depth - 1, (*labels, label))
        else:
            yield self.block(kind, labels, value)

    def block(self, kind: str, labels: tuple[str, ...], value: dict[str, Any]) -> Block:
        """Make one block of an object."""
        nested = {} if kind in {"locals", "required_providers"} else dict(_NESTED_LABELS)
        if kind == "check":
            nested["data"] = 2
        if kind == "dynamic":
            nested["content"] = 0
        attributes: dict[str, Expression] = {}
        blocks: list[Block] = []
        for name, inner in value.items():
            if name in nested and isinstance(inner, dict | list):
                blocks.extend(self.blocks(name, inner, nested[name]))
            elif name != _COMMENT:
                bare = name in _BARE or (kind == "variable" and name == "type")
                expression = self.expression(inner, bare=bare)
                if name in _NOT_REFERRING or kind == "required_providers":
                    expression = msgspec.structs.replace(expression, references=())
                attributes[name] = expression
        return Block(
            type=kind,
            file=self.file,
            first_line=1,
            last_line=self.last_line,
            labels=labels,
            attributes=attributes,
            blocks=tuple(blocks),
        )

    def expression(self, value: object, *, bare: bool) -> Expression:
        """Make an expression; ``bare`` strings are source, others are templates."""
        items: tuple[Expression, ...] = ()
        entries: dict[str, Expression] = {}
        text = msgspec.json.encode(value).decode()
        known: Any = value
        found: set[str] = set()
        if isinstance(value, str):
            text, known, found = self.string(value, bare=bare)
        elif isinstance(value, list):
            items = tuple(self.expression(item, bare=bare) for item in value)
            known = [item.value for item in items]
        elif isinstance(value, dict):
            entries = {key: self.expression(item, bare=bare) for key, item in value.items()}
            known = {key: entry.value for key, entry in entries.items()}
        for part in (*items, *entries.values()):
            found.update(part.references)
            if not part.is_literal:
                known = msgspec.UNSET
        return Expression(
            text=text,
            first_line=1,
            last_line=self.last_line,
            value=known,
            references=tuple(sorted(found)),
            items=items,
            entries=entries,
        )

    def string(self, value: str, *, bare: bool) -> tuple[str, Any, set[str]]:
        """Return source, literal value (or unset) and references of a string."""
        if bare:
            return value, msgspec.UNSET, set(references(value, file=self.file))
        found = template_references(value, file=self.file)
        parts = list(templates.parts(value))
        text = msgspec.json.encode(value).decode()
        if not parts:
            return text, templates.unescaped(value), set()
        if len(parts) == 1 and value == "${" + parts[0].expression + "}":
            text = parts[0].expression
        return text, msgspec.UNSET, found
