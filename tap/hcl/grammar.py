"""Text to syntax tree, by the grammar of python-hcl2, with errors a person can use.

The grammar is built from its own file on first use (about 1.5 s); python-hcl2 keeps the result
beside it where it may write there, and then needs 0.1 s. Both imports are late for that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap.errors import HclError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lark import Token, Tree
    from lark.exceptions import UnexpectedInput

_FOUND_LENGTH = 20
_LINE_END = "the end of the line"
_NOT_CLOSED = "a string is not closed on its line"
_CLOSED_BY = {"LBRACE": "}", "LPAR": ")", "LSQB": "]", "INTERP_START": "}", "DIRECTIVE_START": "}"}
# What the parser would have taken, told by a token that only such a place allows.
_EXPECTED = {
    "DBLQUOTE": "a closing quote",
    "NAME": "an argument or a block",
    "EQ": "'='",
    "COMMA": "','",
    "RBRACE": "'}'",
    "RPAR": "')'",
    "RSQB": "']'",
    "NL_OR_COMMENT": _LINE_END,
}
_HINT = "correct the file; 'terraform fmt' shows where Terraform stops reading"


class Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rule or token of the grammar; comments and wrappers of one part are left out.

    Attributes:
        kind: The rule in lower case, or the token in upper case.
        start: Index of the first character.
        end: Index behind the last one.
        line: Line of the first character, from 1.
        column: Column of the first character, from 1.
        text: What a token consists of; empty for rules.
        children: The parts of a rule.
    """

    kind: str
    start: int
    end: int
    line: int
    column: int
    text: str = ""
    children: tuple[Node, ...] = ()

    def of(self, kind: str) -> Iterator[Node]:
        """Yield the parts of a kind."""
        return (child for child in self.children if child.kind == kind)

    def rules(self) -> Iterator[Node]:
        """Yield the parts that are rules, not tokens."""
        return (child for child in self.children if not child.text)

    def joined(self) -> str:
        """Return all tokens as one text, white space between them left out."""
        return self.text or "".join(child.joined() for child in self.children)


def syntax_tree(text: str, *, file: str, first_line: int = 1) -> Node:
    """Parse HCL.

    Args:
        text: The source, with the line ends it has in the file.
        file: The name for messages.
        first_line: The line of the file on which the text begins.

    Raises:
        HclError: It is not HCL. The message begins with ``file:line:column``.
        RecursionError: It nests too deeply.
    """
    from hcl2 import parses_to_tree  # noqa: PLC0415 - takes 0.1 s
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415 - likewise

    try:
        tree = parses_to_tree(text)
    except UnexpectedInput as error:
        line, column, message = _explained(text, error)
        raise HclError(f"{file}:{first_line + line - 1}:{column}: {message}", _HINT) from None
    for piece in _multi_line_strings([tree]):
        raise HclError(
            f"{file}:{first_line + (piece.line or 1) - 1}:{piece.column}: {_NOT_CLOSED}",
            "close the quote, or use a heredoc for text of several lines",
        )
    return _node(tree)


def _node(tree: Tree[Token]) -> Node:
    """Convert lark's tree."""
    parts: list[Node] = []
    for child in tree.children:
        if not isinstance(child, str):
            if child.data != "new_line_or_comment":
                parts.append(_node(child))
        else:
            start, end = child.start_pos or 0, child.end_pos or 0
            line, column = child.line or 1, child.column or 1
            parts.append(Node(str(child.type), start, end, line, column, str(child)))
    # While lark has no cache of the grammar its names are tokens, which nothing can write.
    kind = str(tree.data)
    if not parts:
        return Node(kind, 0, 0, 1, 1)
    first = parts[0]
    if kind == "expr_term" and len(parts) == 1:
        return first
    end = parts[-1].end
    return Node(kind, first.start, end, first.line, first.column, "", tuple(parts))


def _explained(text: str, error: UnexpectedInput) -> tuple[int, int, str]:
    """Return line, column and description of a syntax error."""
    stack = _stack(error)
    # A quote that is not closed makes the lines below it look like strings and the strings
    # like code: the first string that spans lines is where the mistake is.
    for piece in _multi_line_strings(stack):
        return piece.line or 1, piece.column or 1, _NOT_CLOSED
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    if at_end:
        for opening in reversed(stack):
            kind = getattr(opening, "type", "")
            if kind in _CLOSED_BY:
                message = (
                    f"expected '{_CLOSED_BY[kind]}' to close '{opening.strip()}', "
                    "found the end of the file"
                )
                return opening.line, opening.column, message
    if at_end:
        found = "the end of the file"
    else:
        found = _word(text, int(getattr(error, "pos_in_stream", 0)))
    if found.startswith("'<<"):
        found += " (a heredoc without its last line?)"
    if found == _LINE_END and any(getattr(part, "type", "") == "INTERP_START" for part in stack):
        found += " (inside ${...} of a quoted string; tap reads only one line there)"
    accepted = getattr(error, "accepts", None) or getattr(error, "allowed", None) or ()
    expected = _expected(set(accepted))
    return max(error.line, 1), max(error.column, 1), f"expected {expected}, found {found}"


def _expected(accepted: set[str]) -> str:
    if "INT_LITERAL" in accepted:
        return "a value"
    names = [text for token, text in _EXPECTED.items() if token in accepted]
    return " or ".join(names[:2]) or "something else"


def _word(text: str, position: int) -> str:
    """Return what stands at a position, cut at white space or a reasonable length."""
    words = text[position : position + _FOUND_LENGTH].partition("\n")[0].split()
    return f"'{words[0]}'" if words else _LINE_END


def _stack(error: UnexpectedInput) -> list[Any]:
    """Return the tokens and trees that the parser had taken in."""
    interactive = getattr(error, "interactive_parser", None)
    return list(interactive.parser_state.value_stack) if interactive else []


def _multi_line_strings(roots: Iterable[Any]) -> Iterator[Token]:
    """Yield the string pieces with a line end in them, in source order."""
    pending = list(roots)[::-1]
    while pending:
        node = pending.pop()
        children = getattr(node, "children", None)
        if children is not None:
            pending.extend(reversed(children))
        elif getattr(node, "type", "") == "STRING_CHARS" and "\n" in node:
            yield node
