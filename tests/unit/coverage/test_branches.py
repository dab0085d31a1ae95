from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.coverage.branches import branches_taken
from tap.evaluation import UNKNOWN, World
from tap.plan import Change, Configuration, Plan, ResourceChange
from tap.plan.model import StateValues, VariableValue

if TYPE_CHECKING:
    from tap.coverage.survey import Survey

pytestmark = pytest.mark.requirement("TST-4")


def taken(demo: Survey, keys: tuple[str, ...] = (), **variables: Any) -> dict[str, set[str]]:
    """Return the branches by the source of their condition, of all that the module has."""
    plan = Plan(
        format_version="1.2",
        planned_values=StateValues(),
        configuration=Configuration(),
        variables={name: VariableValue(value=value) for name, value in variables.items()},
        resource_changes=tuple(
            ResourceChange(
                address=f'terraform_data.each["{key}"]',
                mode="managed",
                type="terraform_data",
                name="each",
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
