"""The commands in the documents, with who runs them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(
    r"(?:^ *<!-- (?P<word>run by|not run): (?P<text>[^\n]+?) -->\n)?"
    r"^(?P<indent> *)```(?:sh|bash|console)\n(?P<body>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block of shell commands.

    Attributes:
        document: Path below the repository.
        line: Of its first command, counted from 1.
        section: The heading above it.
        commands: One for each command, without comments, continued lines joined.
        run_by: The test that runs it, such as ``tests/a.py::test_b``; else empty.
        not_run: Why no test runs it; else empty.
    """

    document: str
    line: int
    section: str
    commands: tuple[str, ...]
    run_by: str = ""
    not_run: str = ""

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.document}:{self.line}"


def blocks_of(text: str, document: str) -> list[Block]:
    """Return the blocks of shell commands in Markdown."""
    found = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start("body")]
        headings = _HEADING.findall(_FENCED.sub("", text[: match.start()]))
        who = {"run by": "run_by", "not run": "not_run"}
        found.append(
            Block(
                document=document,
                line=before.count("\n") + 1,
                section=headings[-1] if headings else "",
                commands=_commands(match["body"]),
                **({who[match["word"]]: match["text"]} if match["word"] else {}),
            )
        )
    return found


@cache
def all_blocks() -> tuple[Block, ...]:
    """Return the blocks of all documents a person reads."""
    return tuple(
        block for file in _documents() for block in blocks_of(file.read_text(), _name(file))
    )


def commands(document: str, section: str) -> list[str]:
    """Return the commands in a section of a document, one after another."""
    found = [
        command
        for block in all_blocks()
        if (block.document, block.section) == (document, section)
        for command in block.commands
    ]
    assert found, f"{document} has no commands under {section}"
    return found


def _documents() -> list[Path]:
    patterns = ("*.md", "backend/*.md", "docs/**/*.md", "modules/*/*.md")
    return sorted(file for pattern in patterns for file in REPOSITORY.glob(pattern))


def _name(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


def _commands(body: str) -> tuple[str, ...]:
    """Return the commands of a block; a command ends where its quotes are closed."""
    joined = re.sub(r"\\\n\s*", "", body)
    found: list[str] = []
    for line in joined.splitlines():
        text = re.sub(r"\s+#\s.*$", "", line).strip()
        if found and found[-1].count("'") % 2:
            found[-1] += f"\n{text}"
        elif text and not text.startswith("#"):
            found.append(text)
    return tuple(found)
