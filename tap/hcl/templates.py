"""Where the expressions of a template (heredoc or JSON string) begin and end.

The grammar takes a heredoc as one token. Its interpolations and directives are found here,
and their insides are given to the grammar.
Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#templates
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# The doubled signs stand for themselves; they come first so that they win.
_OPENING = re.compile(r"\$\$\{|%%\{|[$%]\{")
_STEP = re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|["{}]', re.DOTALL)
_FOR = re.compile(r"for\s+([\w-]+)(?:\s*,\s*([\w-]+))?\s+in\s+(.*)", re.DOTALL)


class Part(NamedTuple):
    """One interpolation or directive.

    Attributes:
        expression: The source of the expression inside; empty for ``else`` and the ends.
        names: The names that a ``for`` introduces for what follows.
        closes: Whether this ends a ``for``.
        offset: Index of the expression in the template.
        closed: Whether its closing brace was found.
    """

    expression: str
    names: tuple[str, ...]
    closes: bool
    offset: int
    closed: bool = True


def parts(template: str) -> Iterator[Part]:
    """Yield the interpolations and directives of a template in their order."""
    position = 0
    while found := _OPENING.search(template, position):
        position = found.end()
        if found.group() not in {"${", "%{"}:
            continue
        position = _end(template, found.end())
        closed = position <= len(template)
        inside = template[found.end() : position - 1].strip("~ \t\r\n")
        part = (
            Part(inside, (), closes=False, offset=0)
            if found.group() == "${"
            else _directive(inside)
        )
        offset = template.find(part.expression, found.end())
        yield part._replace(offset=offset, closed=closed)


def unescaped(template: str) -> str:
    """Return a template without sequences as the text it stands for."""
    return template.replace("$${", "${").replace("%%{", "%{")


def _directive(inside: str) -> Part:
    if loop := _FOR.fullmatch(inside):
        names = tuple(name for name in loop.group(1, 2) if name)
        return Part(loop.group(3), names, closes=False, offset=0)
    condition = inside.removeprefix("if").lstrip() if re.match(r"if\b", inside) else ""
    return Part(condition, (), closes=inside == "endfor", offset=0)


def _end(text: str, position: int) -> int:
    """Return the index behind the brace that closes what is open at a position."""
    open_ends = ["}"]
    while open_ends and (step := _STEP.search(text, position)):
        position = step.end()
        sign = step.group()
        if sign == open_ends[-1]:
            open_ends.pop()
        elif open_ends[-1] == '"':
            if sign in {"${", "%{"}:
                open_ends.append("}")
        elif sign == '"':
            open_ends.append('"')
        elif sign.endswith("{"):
            open_ends.append("}")
    return position if not open_ends else len(text) + 1
