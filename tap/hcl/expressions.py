"""Syntax tree to expressions: source text, literal values, references.

Texts are slices of the source by position, never written anew, so that a finding quotes what
stands in the file.
"""

from __future__ import annotations

import re
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from tap.errors import HclError
from tap.hcl import templates
from tap.hcl.blocks import Expression
from tap.hcl.grammar import syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.hcl.grammar import Node

NO_NAMES: frozenset[str] = frozenset()

_TRAVERSALS = frozenset(
    {"attr_splat_expr_term", "full_splat_expr_term", "get_attr_expr_term", "index_expr_term"}
)
_HEREDOCS = frozenset({"heredoc_template", "heredoc_template_trim"})
_BARE_KEYS = frozenset({"identifier", "keyword", "literal_value"})
_KEYWORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_SURROGATES = range(0xD800, 0xE000)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)


def references(
    text: str, *, file: str = "expression", first_line: int = 1, column: int = 1
) -> tuple[str, ...]:
    """Return what an expression refers to, in the form of ``Expression.references``.

    Args:
        text: The source of the expression.
        file: The name for messages.
        first_line: The line of the file on which it begins.
        column: The column at which it begins.

    Raises:
        HclError: The text is no expression.
    """
    # In parentheses, so that line ends mean nothing.
    wrapped = f"_ = (\n{' ' * (column - 1)}{text}\n)"
    try:
        tree = syntax_tree(wrapped, file=file, first_line=first_line - 1)
        return tuple(sorted(Source(wrapped, file).referred(tree, NO_NAMES)))
    except RecursionError:
        raise too_deep(file, first_line) from None


def template_references(
    template: str, *, file: str, first_line: int = 1, names: frozenset[str] = NO_NAMES
) -> set[str]:
    """Return what the interpolations and directives of a template refer to.

    Args:
        template: The text of a heredoc or JSON string, without its delimiters.
        file: The name for messages.
        first_line: The line on which the template begins.
        names: Names that are bound by a loop outside.

    Raises:
        HclError: An expression in it cannot be parsed.
    """
    found: set[str] = set()
    scopes = [names]
    for part in templates.parts(template):
        line = first_line + template.count("\n", 0, part.offset)
        column = part.offset - template.rfind("\n", 0, part.offset)
        if not part.closed:
            raise HclError(
                f"{file}:{line}:{column}: a template sequence is not closed",
                "close it with '}', or double the sign to write it as text: $${ or %%{",
            )
        if part.expression:
            referred = references(part.expression, file=file, first_line=line, column=column)
            found.update(name for name in referred if name.partition(".")[0] not in scopes[-1])
        if part.names:
            scopes.append(scopes[-1].union(part.names))
        elif part.closes and len(scopes) > 1:
            scopes.pop()
    return found


def too_deep(file: str, line: int) -> HclError:
    """Return the error for a file that exhausts Python's stack."""
    return HclError(
        f"{file}:{line}:1: expressions or blocks nest too deeply",
        "split them up, for instance into locals",
    )


def label(node: Node) -> str:
    """Return a block type or a label, unquoted."""
    text = node.joined()
    return unescaped(text[1:-1]) if node.kind == "string" else text


@dataclass(frozen=True)
class Source:
    """A text, whose positions its syntax tree refers to, and the name of its file."""

    text: str
    file: str

    def expression(self, node: Node, names: frozenset[str]) -> Expression:
        """Convert an expression; ``names`` are bound outside and are no references."""
        core = _core(node)
        items: tuple[Expression, ...] = ()
        entries: dict[str, Expression] = {}
        function = ""
        if core.kind == "tuple":
            items = self._expressions(core.rules(), names)
        elif core.kind == "function_call":
            steps = (part.joined() for part in core.children if part.kind != "arguments")
            function = "".join(steps).rstrip("()")
            arguments = next(core.of("arguments"), None)
            items = self._expressions(arguments.rules() if arguments else (), names)
        elif core.kind == "object":
            entries = self._entries(core, names)
        if core.kind in {"tuple", "function_call"}:
            referred = {name for item in items for name in item.references}
        else:
            referred = self.referred(core, names)
        text = self.text[node.start : node.end].rstrip()
        return Expression(
            text=text,
            first_line=node.line,
            last_line=node.line + text.count("\n"),
            value=_literal(core, items, entries),
            references=tuple(sorted(referred)),
            items=items,
            entries=entries,
            function=function,
        )

    def _expressions(self, nodes: Iterable[Node], names: frozenset[str]) -> tuple[Expression, ...]:
        return tuple(self.expression(node, names) for node in nodes)

    def _entries(self, core: Node, names: frozenset[str]) -> dict[str, Expression]:
        """Return the entries with literal keys; a repeated key keeps its last value."""
        return {
            key: self.expression(element.children[-1], names)
            for element in core.of("object_elem")
            if (key := _literal_key(element.children[0])) is not None
        }

    def referred(self, node: Node, names: frozenset[str]) -> set[str]:
        """Return the references below a node, without those to bound names."""
        if node.kind in _TRAVERSALS:
            return self._traversal(node, names)
        if node.kind in {"for_object_expr", "for_tuple_expr"}:
            return self._loop(node, names)
        if node.kind == "string":
            return self._string(node, names)
        if node.kind in _HEREDOCS:
            body, line = _heredoc_body(node.joined()), node.line + 1
            return template_references(body, file=self.file, first_line=line, names=names)
        found: set[str] = set()
        if node.kind == "object_elem_key" and _literal_key(node) is not None:
            return found
        for child in node.children:
            found |= self.referred(child, names)
        return found

    def _traversal(self, node: Node, names: frozenset[str]) -> set[str]:
        steps: list[str] = []
        found: set[str] = set()
        while node.kind in _TRAVERSALS:
            node, step = node.children
            steps[:0] = _attribute_names(step)
            found |= self.referred(step, names)
        if node.kind != "identifier":
            return found | self.referred(node, names)
        root = node.joined()
        if steps and root not in names:
            found.add(".".join([root, *steps]))
        return found

    def _loop(self, node: Node, names: frozenset[str]) -> set[str]:
        intro = next(node.of("for_intro"))
        bound = names.union(name.joined() for name in intro.of("identifier"))
        found = self.referred(intro, names)
        for child in node.children:
            if child is not intro:
                found |= self.referred(child, bound)
        return found

    def _string(self, node: Node, names: frozenset[str]) -> set[str]:
        found: set[str] = set()
        scopes = [names]
        for piece in (piece for part in node.rules() for piece in part.rules()):
            found |= self.referred(piece, scopes[-1])
            if piece.kind == "template_for_start":
                bound = (name.joined() for name in piece.of("identifier"))
                scopes.append(scopes[-1].union(bound))
            elif piece.kind == "template_endfor" and len(scopes) > 1:
                scopes.pop()
        return found


def _core(node: Node) -> Node:
    """Return what stands in parentheses, if anything does."""
    while node.kind == "expr_term":
        node = node.children[1]
    return node


def _attribute_names(step: Node) -> list[str]:
    """Return the names of a ``get_attr``, or of all of them behind a splat."""
    if step.kind == "get_attr":
        return [step.children[-1].joined()]
    if step.kind in {"attr_splat", "full_splat"}:
        return [name for inner in step.rules() for name in _attribute_names(inner)]
    return []


def _literal_key(node: Node) -> str | None:
    """Return an object key that needs no evaluation; a bare name stands for itself."""
    key = node.children[0]
    # A traversal without parentheses is a provider's name: aws.replica = aws.other.
    if key.kind in _BARE_KEYS or key.kind in _TRAVERSALS:
        return key.joined()
    value = _scalar(key)
    return None if value is UNSET else str(value)


def _literal(core: Node, items: tuple[Expression, ...], entries: dict[str, Expression]) -> Any:  # noqa: ANN401 - any JSON value
    if core.kind == "tuple":
        known = all(item.is_literal for item in items)
        return [item.value for item in items] if known else UNSET
    if core.kind == "object":
        known = all(_literal_key(element.children[0]) in entries for element in core.rules())
        known = known and all(entry.is_literal for entry in entries.values())
        return {key: entry.value for key, entry in entries.items()} if known else UNSET
    if core.kind in _HEREDOCS:
        return _heredoc_value(core.joined())
    return _scalar(core)


def _scalar(core: Node) -> Any:  # noqa: ANN401 - any JSON scalar
    if core.kind in {"int_lit", "float_lit"}:
        return _number(core.joined())
    if core.kind == "literal_value":
        return _KEYWORDS[core.joined()]
    if core.kind == "unary_op" and core.children[0].kind == "MINUS":
        value = _scalar(_core(core.children[1]))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return -value if is_number else UNSET
    if core.kind == "string" and not any(any(part.rules()) for part in core.rules()):
        return unescaped(core.joined()[1:-1])
    return UNSET


def _number(text: str) -> Any:  # noqa: ANN401 - a number or unset
    try:
        return float(text) if re.search("[.eE]", text) else int(text)
    except ValueError:
        # Python refuses to convert more than some thousand digits.
        return UNSET


def unescaped(text: str) -> str:
    """Return the text that stands between the quotes of a string without templates."""

    def replaced(found: re.Match[str]) -> str:
        code = int(found.group(1) or found.group(2) or "0", 16)
        if code > sys.maxunicode or code in _SURROGATES:
            return found.group()
        return chr(code) if code else _ESCAPES.get(found.group(3), found.group())

    return templates.unescaped(_ESCAPE.sub(replaced, text))


def _heredoc_value(token: str) -> Any:  # noqa: ANN401 - text or unset
    """Return the text of a heredoc without templates; ``<<-`` takes the common indent off."""
    body = _heredoc_body(token)
    if any(templates.parts(body)):
        return UNSET
    return templates.unescaped(textwrap.dedent(body) if token.startswith("<<-") else body)


def _heredoc_body(token: str) -> str:
    """Return the lines between the two markers."""
    lines = token.partition("\n")[2]
    return lines[: lines.rstrip().rfind("\n") + 1]
