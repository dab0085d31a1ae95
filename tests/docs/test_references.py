"""What the documents name is there: tests, files, and the headings that links lead to."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from tap.policy.registry import all_rules
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.requirement("DOC-1")


DOCUMENTS = sorted(
    file
    for pattern in ("*.md", "backend/*.md", "docs/**/*.md", "modules/*/*.md")
    for file in REPOSITORY.glob(pattern)
)
# Which columns name files and tests; paths are below the repository or its folder tests.
TABLES = {"requirements.md": (3, 4), "concepts/failure-cases.md": (5,)}

FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: +(\S+)", re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
# `path`, or `path::name`, or `path::name[case]`, or `path` (`name`, `name`)
NAMED = re.compile(
    r"`(?P<path>[\w.*{][^`\s:\[]*)(?:::(?P<name>\w+)(?:\[(?P<case>[^`]+)\])?)?`"
    r"(?: \((?P<names>`\w+`(?:, `\w+`)*)\))?"
)
FILE = re.compile(r"\w\.(?:hcl|json|md|py|tf|toml|yaml)$")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert [f"{link}: {problem}" for link, problem in broken_links(document)] == []


@pytest.mark.parametrize("name", TABLES)
def test_every_file_and_test_that_a_table_names_is_there(name: str) -> None:
    lines = (REPOSITORY / "docs" / name).read_text().splitlines()
    rows = [line.split("|") for line in lines if re.match(r"\| ([A-Z0-9]+-)?\d+ \|", line)]
    found = [each for row in rows for column in TABLES[name] for each in references(row[column])]

    assert {len(row) for row in rows} == {7}, "a cell holds a |"
    assert [problem for each in found for problem in missing(each)] == []
    assert sum(len(each.names) for each in found) >= len(rows)


def test_the_rows_of_the_failure_cases_are_numbered() -> None:
    text = (REPOSITORY / "docs" / "concepts" / "failure-cases.md").read_text()
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 40


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Secrets, and failures that pass", "secrets-and-failures-that-pass"),
        ("The folder `.tap`", "the-folder-tap"),
        ("tap.toml", "taptoml"),
        ("STK: composition and environments", "stk-composition-and-environments"),
        ("A [linked](x.md) __word__, a_name", "a-linked-word-a_name"),
        ("One -- two", "one----two"),
    ],
)
def test_a_heading_is_linked_as_github_does(heading: str, slug: str) -> None:
    assert slug_of(heading) == slug


def test_equal_headings_and_headings_in_code_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# One\n\n## Two\n\n```sh\n# Three\n```\n\n## Two\n")

    assert anchors(file) == {"one", "two", "two-1"}


def test_what_is_not_there_is_a_problem() -> None:
    this = "docs/test_references.py"
    assert missing(Reference("unit/test_none.py")) == ["unit/test_none.py: no such file"]
    assert missing(Reference(this, ("missing", "misses"))) == [f"{this}: no misses"]
    other = "unit/test_errors.py"
    assert missing(Reference(other, case="of none")) == [f"{other}: no case 'of none'"]
    assert missing(Reference("modules/{vpc,none}/main.tf")) == [
        "modules/none/main.tf: no such file"
    ]


def test_references_are_found_in_every_form() -> None:
    cell = "`a/b.py::c`, `d.py` (`e`, `f`), `g` in `h/`; `i/j.py::k[one-a two]`, `/l`, `m n/o`"

    assert list(references(cell)) == [
        Reference("a/b.py", ("c",)),
        Reference("a/d.py", ("e", "f")),
        Reference("h/"),
        Reference("i/j.py", ("k",), "one-a two"),
    ]


def broken_links(document: Path) -> Iterator[tuple[str, str]]:
    """Yield each link of a document that leads nowhere, and what is wrong with it."""
    text = CODE.sub("", FENCE.sub("", document.read_text()))
    for match in LINK.finditer(text):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or not target.is_relative_to(REPOSITORY):
            yield link, "no such file"
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
            yield link, "no such heading"


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return what can stand behind ``#`` in a link to a document."""
    found: dict[str, int] = {}
    for heading in HEADING.findall(FENCE.sub("", document.read_text())):
        slug = slug_of(heading)
        found[slug] = found.get(slug, -1) + 1
    return frozenset(
        slug if number == 0 else f"{slug}-{number}"
        for slug, last in found.items()
        for number in range(last + 1)
    )


def slug_of(heading: str) -> str:
    """Return the anchor of a heading.

    Source: https://docs.github.com/get-started/writing-on-github (section links)
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"(?<!\w)([*_]{1,2})(\S.*?\S|\S)\1(?!\w)", r"\2", text)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


@dataclass(frozen=True)
class Reference:
    """What a document names.

    Attributes:
        path: A file or folder, maybe with ``*`` or ``{a,b}``.
        names: Functions and classes that are defined in it.
        case: Which case of a parametrized test is meant.
    """

    path: str
    names: tuple[str, ...] = ()
    case: str = ""


def references(cell: str) -> Iterator[Reference]:
    """Yield what a cell names; a file without a folder is beside the one before it."""
    folder = PurePosixPath()
    for match in NAMED.finditer(cell):
        path = match["path"]
        if "/" in path:
            folder = PurePosixPath(path).parent
        elif FILE.search(path):
            path = str(folder / path)
        else:
            continue
        names = re.findall(r"\w+", match["name"] or match["names"] or "")
        yield Reference(path, tuple(names), match["case"] or "")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_how_many_rules_there_are_is_told_as_it_is(name: str) -> None:
    told = re.findall(r"\b([1-9]\d+) rules", (REPOSITORY / name).read_text())
    assert {int(count) for count in told} == {len(all_rules())}


def missing(reference: Reference) -> list[str]:
    """Return what a reference names and is not there."""
    problems = []
    for path in alternatives(reference.path):
        files = [file for base in ("", "tests/") for file in REPOSITORY.glob(base + path)]
        if not files:
            problems.append(f"{path}: no such file")
            continue
        if reference.names:
            defined = frozenset().union(*map(definitions, files))
            problems += [f"{path}: no {name}" for name in reference.names if name not in defined]
        if reference.case and not any(has_case(file, reference.case) for file in files):
            problems.append(f"{path}: no case {reference.case!r}")
    return problems


def alternatives(path: str) -> list[str]:
    """Return the paths that a path with ``{a,b}`` stands for."""
    parts = [part.split(",") for part in re.split(r"\{([^}]*)\}", path)]
    return ["".join(each) for each in product(*parts)]


@cache
def definitions(file: Path) -> frozenset[str]:
    """Return the functions and classes that a Python file defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return frozenset(node.name for node in parsed(file).body if isinstance(node, kinds))


def has_case(file: Path, case: str) -> bool:
    """Tell whether a file holds the text of a case, or the texts that pytest joins to it."""
    texts = {node.value for node in ast.walk(parsed(file)) if isinstance(node, ast.Constant)}
    return case in texts or set(case.split("-")) <= texts


@cache
def parsed(file: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(file.read_text())
