"""What the documents name exists: tests, files and headings."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TEST_FILE = re.compile(r"`([\w/.-]+\.py)(?:::(test_\w+))?`(?: \(((?:`test_\w+`(?:, )?)+)\))?")


def documents() -> list[Path]:
    """Return every document of the project."""
    found = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    return sorted([*found, *(REPOSITORY / "modules").glob("*/README.md")])


def prose(document: Path) -> str:
    """Return a document without its code blocks."""
    return _FENCE.sub("", document.read_text())


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return what the headings of a document are linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    texts = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    kept = [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts]
    return frozenset(kept)


@cache
def functions(file: Path) -> frozenset[str]:
    """Return the names of the functions in a file."""
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def named_tests(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each test file that a text names, with the tests it names in it."""
    for path, single, several in _TEST_FILE.findall(text):
        if "test_" in path:
            yield path, {single} - {""} | set(re.findall(r"test_\w+", several))


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.name))
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(document)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target)
        ):
            broken.append(link)
    assert broken == []


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize("name", ["docs/requirements.md", "docs/concepts/failure-cases.md"])
def test_every_test_that_is_named_exists(name: str) -> None:
    folders = [REPOSITORY / "tests", REPOSITORY / "tests" / "integration", REPOSITORY]
    found = list(named_tests((REPOSITORY / name).read_text()))
    missing = []
    for path, tests in found:
        file = next((folder / path for folder in folders if (folder / path).is_file()), None)
        if file is None:
            missing.append(path)
        else:
            missing += [f"{path}::{test}" for test in sorted(tests - functions(file))]
    assert missing == []
    assert found
