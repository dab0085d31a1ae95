"""Pieces of Markdown for comments on pull requests and for documents."""

from __future__ import annotations

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
