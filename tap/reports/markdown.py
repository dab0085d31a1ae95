"""Pieces of Markdown for comments on pull requests and for documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The longest comment on a pull request that GitHub takes, in bytes of UTF-8.
COMMENT_LIMIT = 65_536


def size(text: str) -> int:
    """Return how many bytes a line takes, with its end."""
    return len(text.encode()) + 1


def code(text: str) -> str:
    """Return text as a code span, whatever it holds."""
    text = " ".join(text.split())
    fence = "`"
    while fence in text:
        fence += "`"
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def cell(text: str) -> str:
    """Return text for a cell of a table."""
    return text.replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; ``None.`` without rows."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else "None."


def prose(text: str) -> str:
    """Return prose for a cell: one line, nothing taken for HTML or a cell's end."""
    return one_line(text).replace("``", "`").replace("<", "&lt;").replace("|", "\\|")


def one_line(text: str) -> str:
    """Return text without line breaks and double spaces."""
    return " ".join(text.split())
