from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.coverage.model import Item, Kind
from tap.coverage.survey import survey
from tap.hcl import load_module
from tap.hcl.trees import expression_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tap.coverage.survey import Survey

pytestmark = pytest.mark.requirement("TST-4")


def listed(demo: Survey, kind: Kind) -> list[tuple[str, int, str]]:
    return [
        (item.file.removeprefix("modules/demo/"), item.line, item.name)
        for item in demo.items
        if item.kind == kind
    ]


def test_resources_outputs_and_variables_are_found_with_their_lines(demo: Survey) -> None:
    assert listed(demo, Kind.RESOURCE) == [
        ("main.tf", 6, "terraform_data.this"),
        ("main.tf", 10, "terraform_data.each"),
        ("main.tf", 15, "terraform_data.extra"),
    ]
    assert listed(demo, Kind.OUTPUT) == [
        ("outputs.tf", 1, "output.bytes"),
        ("outputs.tf", 5, "output.unread"),
    ]
    assert listed(demo, Kind.VARIABLE) == [
        ("variables.tf", 1, "var.size"),
        ("variables.tf", 15, "var.names"),
    ]


def test_every_checked_condition_has_two_branches(demo: Survey) -> None:
    assert listed(demo, Kind.VALIDATION) == [
        ("main.tf", 20, "terraform_data.extra: length(var.names) < 3"),
        ("variables.tf", 4, 'var.size: contains(["small", "large"], var.size)'),
        ("variables.tf", 9, "var.size: length(var.size) == 5"),
    ]
    assert {item.branches for item in demo.items if item.kind == Kind.VALIDATION} == {
        ("passed", "tripped")
    }


def test_choices_filters_and_gates_are_conditions_on_the_line_where_they_stand(
    demo: Survey,
) -> None:
    found = {
        (item.line, item.name, item.branches) for item in demo.items if item.kind == Kind.CONDITION
    }
    assert found == {
        (2, 'local.wanted: value != "no"', ("kept", "left out")),
        (3, 'local.bytes: var.size == "large"', ("true", "false")),
        (11, "terraform_data.each: local.wanted", ("some", "none")),
        (12, 'terraform_data.each: each.value == "big"', ("true", "false")),
        (12, 'terraform_data.each: var.size == "large"', ("true", "false")),
        (16, 'terraform_data.extra: var.size == "large"', ("true", "false")),
    }


def test_what_is_the_same_for_every_input_is_no_gate(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'locals {\n  tiers = ["a", "b"]\n}\n\n'
        'resource "terraform_data" "this" {\n  for_each = toset(local.tiers)\n}\n'
    )
    found = survey(load_module(tmp_path), name="modules/fixed")
    assert [item.kind for item in found.items] == [Kind.RESOURCE]


def test_lines_of_a_condition_within_an_expression_of_several_lines(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "a" {}\n\nlocals {\n  it = merge(\n    {},\n    var.a == 1 ?\n'
        "    {} : {},\n  )\n}\n"
    )
    found: list[Item] = [
        item
        for item in survey(load_module(tmp_path), name="m").items
        if item.kind == Kind.CONDITION
    ]
    assert [(item.line, item.name) for item in found] == [(6, "local.it: var.a == 1")]


def test_probes_leave_an_expression_that_can_be_read(demo: Survey) -> None:
    each = demo.bodies["terraform_data.each"].attributes["input"]
    assert each.text.count("coverage.p") == 2
    expression_tree(each.text, file="probed")
    assert (
        "coverage.p"
        not in demo.module.resources["terraform_data.each"].body.attributes["input"].text
    )
