from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tap.plan import Action, Counts, Plan, PlannedChange, Summary, summarize
from tap.plan.summary import format_path

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarize(Plan.decode((DATA / "plan_changes.json").read_bytes()))


def planned(summary: Summary, address: str) -> PlannedChange:
    return next(change for change in summary.changes if change.address == address)


def of_changes(*changes: dict[str, Any]) -> Summary:
    base = {"address": "a.b", "mode": "managed", "type": "a", "name": "b"}
    return summarize(
        Plan.decode(
            json.dumps(
                {
                    "format_version": "1.2",
                    "planned_values": {},
                    "configuration": {},
                    "resource_changes": [{**base, **change} for change in changes],
                }
            ).encode()
        )
    )


# The lines that Terraform 1.11.4 printed for the very plans of these files.
@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("initial", "Plan: 11 to add, 0 to change, 0 to destroy."),
        ("drift", "Plan: 0 to add, 1 to change, 0 to destroy."),
        ("changes", "Plan: 1 to import, 6 to add, 2 to change, 5 to destroy."),
    ],
)
def test_the_line_is_the_one_terraform_prints(name: str, line: str) -> None:
    assert summarize(Plan.decode((DATA / f"plan_{name}.json").read_bytes())).line == line


@pytest.mark.requirement("TAP-3")
def test_counts_are_kept_by_module(summary: Summary) -> None:
    assert summary.by_module() == {
        "": Counts(add=3, change=2, destroy=3, imports=1, replace=2, forget=1, read=1, move=1),
        'module.network["a"]': Counts(add=1, destroy=2, replace=1),
        'module.network["b"]': Counts(add=2),
    }


@pytest.mark.requirement("TAP-3")
def test_counts_are_kept_by_type(summary: Summary) -> None:
    by_type = summary.by_type()
    assert by_type["aws_subnet"] == Counts(add=2, destroy=2, replace=1)
    assert by_type["aws_ssm_parameter"] == Counts(change=1)


@pytest.mark.requirement("TAP-3")
def test_groups_add_up_to_the_total(summary: Summary) -> None:
    assert sum((group.counts for group in summary.groups), Counts()) == summary.total
    groups = {(group.module, group.type) for group in summary.groups}
    assert ('module.network["b"]', "aws_vpc") in groups
    assert ('module.network["a"]', "aws_vpc") not in groups


@pytest.mark.requirement("TAP-3")
def test_a_replacement_says_which_attribute_forces_it(summary: Summary) -> None:
    change = planned(summary, 'module.network["a"].aws_subnet.this["x"]')
    assert change.forced_by == ("cidr_block",)
    assert change.explanation == "an attribute changes that cannot be changed in place"
    assert change.destroys is True


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("address", "explanation"),
    [
        ("aws_cloudwatch_log_group.tainted", "it is tainted"),
        ("aws_cloudwatch_log_group.gone", "it is no longer in the configuration"),
        ('module.network["a"].aws_subnet.this["y"]', "its key is no longer in for_each"),
        ("data.aws_iam_policy_document.read", "its arguments are known only after apply"),
    ],
)
def test_a_change_says_why(summary: Summary, address: str, explanation: str) -> None:
    assert planned(summary, address).explanation == explanation


@pytest.mark.requirement("TAP-3")
def test_moved_and_imported_objects_are_listed_and_unchanged_ones_are_not(
    summary: Summary,
) -> None:
    moved = planned(summary, "aws_cloudwatch_log_group.new")
    assert (moved.action, moved.previous_address) == (
        Action.NO_OP,
        "aws_cloudwatch_log_group.old",
    )
    assert planned(summary, "aws_cloudwatch_log_group.adopted").imports is True
    assert "aws_cloudwatch_log_group.unchanged" not in {c.address for c in summary.changes}


@pytest.mark.requirement("TAP-3")
def test_attributes_are_listed_for_updates_only_where_they_tell_something(
    summary: Summary,
) -> None:
    assert planned(summary, "aws_cloudwatch_log_group.drifted").attributes == ("retention_in_days",)
    assert planned(summary, "aws_iam_policy.read").attributes == ()


@pytest.mark.requirement("TAP-3")
def test_changed_outputs_are_listed(summary: Summary) -> None:
    assert summary.outputs == {
        "gone": Action.DELETE,
        "policy_arn": Action.CREATE,
        "stage": Action.UPDATE,
        "token": Action.UPDATE,
    }


@pytest.mark.requirement("TAP-3")
def test_outputs_that_stay_are_not_listed() -> None:
    plan = Plan.decode((DATA / "plan_drift.json").read_bytes())
    assert sorted(plan.output_changes) == ["gone", "stage", "token"]
    assert summarize(plan).outputs == {}


@pytest.mark.requirement("TAP-3")
def test_groups_are_sorted_and_changes_keep_the_order_of_terraform() -> None:
    summary = of_changes(
        {"change": {"actions": ["create"]}, "type": "z"},
        {"change": {"actions": ["create"]}, "type": "b", "module_address": "module.x"},
        {"change": {"actions": ["create"]}, "type": "m"},
    )
    assert [group.type for group in summary.groups] == ["m", "z", "b"]
    assert list(summary.by_type()) == ["b", "m", "z"]
    assert [change.type for change in summary.changes] == ["z", "b", "m"]


@pytest.mark.requirement("TAP-3")
def test_a_replacement_that_forgets_is_an_add_without_a_destroy() -> None:
    summary = of_changes({"change": {"actions": ["create", "forget"]}})
    assert summary.line == "Plan: 1 to add, 0 to change, 0 to destroy."


@pytest.mark.requirement("TAP-3")
@pytest.mark.requirement("TAP-5")
@pytest.mark.parametrize(
    ("actions", "values", "protected"),
    [
        (["delete"], {"deletion_protection": True}, True),
        (["delete", "create"], {"enable_deletion_protection": True}, True),
        (["delete"], {"deletion_protection_enabled": True}, True),
        (["delete"], {"deletion_protection": False}, False),
        (["update"], {"deletion_protection": True}, False),
        (["create", "forget"], {"deletion_protection": True}, False),
    ],
)
def test_what_would_end_in_spite_of_its_protection_is_marked(
    actions: list[str],
    values: dict[str, bool],
    protected: bool,  # noqa: FBT001 - a parameter
) -> None:
    found = of_changes({"change": {"actions": actions, "before": values, "after": values}})
    assert [change.protected for change in found.changes] == [protected]


def test_a_deposed_leftover_counts_as_destroyed_and_a_data_source_that_ends_does_not() -> None:
    summary = of_changes(
        {"change": {"actions": ["delete"]}, "deposed": "12ab"},
        {"change": {"actions": ["delete"]}, "mode": "data"},
    )
    assert summary.total == Counts(destroy=1)


@pytest.mark.requirement("STK-8")
def test_a_plan_without_changes_is_empty_and_one_with_a_changed_output_is_not() -> None:
    assert of_changes({"change": {"actions": ["no-op"]}}).empty is True
    plan = Plan.decode((DATA / "plan_changes.json").read_bytes())
    outputs_only = summarize(msgspec.structs.replace(plan, resource_changes=()))
    assert outputs_only.changes == ()
    assert outputs_only.empty is False


@pytest.mark.requirement("TAP-3")
def test_a_summary_can_be_written_as_json(summary: Summary) -> None:
    again = json.loads(msgspec.json.encode(summary))
    assert again["total"]["add"] == 6
    assert again["changes"][0]["action"] == "read"


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("cidr_block",), "cidr_block"),
        (("rule", 0, "tags", "a b"), 'rule[0].tags["a b"]'),
        (("tags", 'say "x"\\'), 'tags["say \\"x\\"\\\\"]'),
    ],
)
def test_attribute_paths_are_written_as_in_hcl(path: tuple[str | int, ...], text: str) -> None:
    assert format_path(path) == text
