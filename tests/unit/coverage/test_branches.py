from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.coverage.branches import branches_taken
from tap.coverage.survey import survey
from tap.evaluation import UNKNOWN, World
from tap.hcl import load_module
from tap.plan import Change, Configuration, Plan, ResourceChange
from tap.plan.model import StateValues, VariableValue

if TYPE_CHECKING:
    from pathlib import Path

    from tap.coverage.survey import Survey

pytestmark = pytest.mark.requirement("TST-4")


def taken(
    demo: Survey, keys: tuple[str, ...] = (), *, block: str = "each", **variables: Any
) -> dict[str, set[str]]:
    """Return the branches by the source of their condition, of all that the module has."""
    plan = Plan(
        format_version="1.2",
        planned_values=StateValues(),
        configuration=Configuration(),
        variables={name: VariableValue(value=value) for name, value in variables.items()},
        resource_changes=tuple(
            ResourceChange(
                address=f'terraform_data.{block}["{key}"]',
                mode="managed",
                type="terraform_data",
                name=block,
                index=key,
                change=Change(actions=("create",), after={}),
            )
            for key in keys
        ),
    )
    scope = World(plan, lambda address: None if address else demo.module).scope("")
    assert scope
    found: dict[str, set[str]] = {}
    for name, branches in branches_taken(demo, scope, plan.resource_changes).items():
        item = demo.probes[name].item
        found.setdefault(f"{item.line} {item.name}", set()).update(branches)
    return found


def test_only_the_branch_that_was_taken_is_seen(demo: Survey) -> None:
    assert taken(demo, size="small", names={}) == {
        '3 local.bytes: var.size == "large"': {"false"},
        "11 terraform_data.each: local.wanted": {"none"},
        '16 terraform_data.extra: var.size == "large"': {"false"},
    }


def test_what_a_loop_keeps_and_leaves_out_is_seen_for_each_element(demo: Survey) -> None:
    found = taken(demo, size="large", names={"a": "no", "b": "yes"})
    assert found['2 local.wanted: value != "no"'] == {"kept", "left out"}
    assert found["11 terraform_data.each: local.wanted"] == {"some"}


def test_a_condition_is_worked_out_in_every_instance(demo: Survey) -> None:
    found = taken(demo, ("a", "b"), size="small", names={"a": "big", "b": "tiny"})
    assert found['12 terraform_data.each: each.value == "big"'] == {"true", "false"}


def test_a_condition_in_a_branch_that_is_not_taken_is_not_seen(demo: Survey) -> None:
    found = taken(demo, ("a",), size="small", names={"a": "tiny"})
    assert '12 terraform_data.each: var.size == "large"' not in found


def test_what_cannot_be_worked_out_is_unknown_and_so_is_what_hangs_on_it(demo: Survey) -> None:
    found = taken(demo, ("a",), size="small", names={"a": UNKNOWN})
    assert found['12 terraform_data.each: each.value == "big"'] == {"unknown"}
    # The size is known, but not whether Terraform asks for it.
    assert found['12 terraform_data.each: var.size == "large"'] == {"unknown"}


EVERYTHING = """\
variable "on" {}

variable "items" {}

locals {
  refused = var.items["none"] ? 1 : 2
}

module "called" {
  source = "./called"
  size   = var.on ? 1 : 0
}

resource "terraform_data" "many" {
  for_each = { a = 1 }

  provisioner "local-exec" {
    command = each.key == "a" ? "x" : "y"
  }

  dynamic "plain" {
    for_each = var.items

    content {
      first = plain.key == "a" ? 1 : 2
    }
  }

  dynamic "named" {
    for_each = var.items
    iterator = each_item

    content {
      second = each_item.value == 1 ? 1 : 2
    }
  }
}
"""


@pytest.fixture
def everything(tmp_path: Path) -> Survey:
    (tmp_path / "everything").mkdir()
    (tmp_path / "everything" / "main.tf").write_text(EVERYTHING)
    return survey(load_module(tmp_path / "everything"), name="modules/everything")


@pytest.mark.parametrize(
    ("on", "branch"),
    [(True, "true"), ("true", "true"), ("false", "false"), ("no truth value", "unknown")],
)
def test_an_argument_of_a_module_call_is_worked_out(
    everything: Survey, *, on: Any, branch: str
) -> None:
    found = taken(everything, on=on, items={})
    assert found["11 module.called: var.on"] == {branch}


def test_the_content_of_a_dynamic_block_is_worked_out_for_each_element(everything: Survey) -> None:
    found = taken(everything, ("a",), block="many", on=True, items={"a": 1, "b": 2})
    assert found['18 terraform_data.many: each.key == "a"'] == {"true"}
    assert found['25 terraform_data.many: plain.key == "a"'] == {"true", "false"}
    assert found["34 terraform_data.many: each_item.value == 1"] == {"true", "false"}


def test_what_repeats_over_an_unknown_collection_is_not_seen(everything: Survey) -> None:
    found = taken(everything, ("a",), block="many", on=True, items=UNKNOWN)
    assert '25 terraform_data.many: plain.key == "a"' not in found


def test_what_terraform_would_refuse_is_not_seen(everything: Survey) -> None:
    found = taken(everything, on=True, items={})
    assert '6 local.refused: var.items["none"]' not in found


def test_in_an_instance_that_is_destroyed_nothing_is_known_of_its_key(everything: Survey) -> None:
    found = taken(everything, ("gone",), block="many", on=True, items={"a": 1})
    assert found['18 terraform_data.many: each.key == "a"'] == {"unknown"}
    assert found['25 terraform_data.many: plain.key == "a"'] == {"true"}


def test_a_resource_that_the_module_does_not_declare_is_passed_over(everything: Survey) -> None:
    assert taken(everything, ("a",), block="unheard", on=True, items={}) == taken(
        everything, on=True, items={}
    )
