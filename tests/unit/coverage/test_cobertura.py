"""Cobertura XML against the structure of http://cobertura.sourceforge.net/xml/coverage-04.dtd."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tap.coverage.cobertura import coverage_cobertura
from tap.coverage.model import Branch, Coverage, Item, Kind

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

pytestmark = pytest.mark.requirement("TST-4")

RATES = {"line-rate", "branch-rate"}
# Element -> its children in order, whether they repeat, and the attributes that it needs.
STRUCTURE: dict[str, tuple[list[str], bool, set[str]]] = {
    "coverage": (
        ["sources", "packages"],
        False,
        RATES
        | {"lines-covered", "lines-valid", "branches-covered", "branches-valid"}
        | {"complexity", "version", "timestamp"},
    ),
    "sources": (["source"], True, set()),
    "source": ([], False, set()),
    "packages": (["package"], True, set()),
    "package": (["classes"], False, RATES | {"name", "complexity"}),
    "classes": (["class"], True, set()),
    "class": (["methods", "lines"], False, RATES | {"name", "filename", "complexity"}),
    "methods": (["method"], True, set()),
    "lines": (["line"], True, set()),
    "line": (["conditions"], True, {"number", "hits", "branch"}),
    "conditions": (["condition"], True, set()),
    "condition": ([], False, {"number", "type", "coverage"}),
}


def branches(kind: Kind, line: int, name: str, **tests: tuple[str, ...]) -> list[Branch]:
    item = Item(
        kind=kind,
        module="modules/demo",
        file="modules/demo/main.tf",
        line=line,
        last_line=line,
        name=name,
        owner=name,
        branches=tuple(tests),
    )
    return [Branch(item=item, name=branch, tests=by) for branch, by in tests.items()]


COVERAGE = Coverage(
    branches=(
        *branches(Kind.RESOURCE, 1, "aws_lb.this", asserted=("a", "b")),
        *branches(Kind.CONDITION, 2, 'local.a: var.b == "<&>"', true=("a",), false=()),
        *branches(Kind.CONDITION, 2, "local.a: var.c", true=("b",), false=("a",)),
        *branches(Kind.OUTPUT, 3, "output.arn", asserted=()),
    )
)


def tree(coverage: Coverage) -> Element:
    text = coverage_cobertura(coverage, source="/src", version="1", timestamp=5)
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE coverage SYSTEM ')
    return ET.fromstring(text)  # noqa: S314 - our own


def test_the_structure_is_that_of_the_document_type() -> None:
    for element in tree(COVERAGE).iter():
        children, repeated, needed = STRUCTURE[element.tag]
        found = [child.tag for child in element]
        assert set(found) <= set(children) if repeated else found == children
        assert needed <= set(element.keys()), element.tag


def test_a_line_is_hit_by_tests_and_its_conditions_are_shares() -> None:
    lines = {line.get("number"): line for line in tree(COVERAGE).iter("line")}
    assert {number: line.get("hits") for number, line in lines.items()} == {
        "1": "2",
        "2": "2",
        "3": "0",
    }
    assert lines["2"].get("condition-coverage") == "75% (3/4)"
    assert [each.get("coverage") for each in lines["2"].iter("condition")] == ["50%", "100%"]
    assert lines["1"].get("branch") == "false"


def test_rates_are_of_lines_and_of_conditions() -> None:
    root = tree(COVERAGE)
    assert (root.get("lines-covered"), root.get("lines-valid")) == ("2", "3")
    assert (root.get("line-rate"), root.get("branch-rate")) == ("0.6667", "0.7500")


def test_what_is_impossible_is_left_out() -> None:
    (branch,) = branches(Kind.CONDITION, 1, "local.a: var.b", true=())
    excused = Branch(item=branch.item, name="true", excused="never")
    assert list(tree(Coverage(branches=(excused,))).iter("line")) == []
