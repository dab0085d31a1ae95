"""What plans recorded from Terraform 1.11 do, for a person and for a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tap.plan import Plan, Summary, summarize
from tap.reports.summary import summary_json, summary_text

DATA = Path(__file__).parents[1] / "data"

pytestmark = pytest.mark.requirement("TAP-3")


def _summary(name: str) -> Summary:
    return summarize(Plan.decode((DATA / f"plan_{name}.json").read_bytes()))


def _nothing(outputs: dict[str, object]) -> Summary:
    document = {"format_version": "1.2", "planned_values": {}, "configuration": {}}
    return summarize(Plan.decode(json.dumps({**document, "output_changes": outputs}).encode()))


def test_creations_are_counted_by_module_and_not_listed() -> None:
    assert summary_text(_summary("initial")) == (
        "  (root)               8 to create\n"
        '  module.network["a"]  3 to create\n'
        "\n"
        "Plan: 11 to add, 0 to change, 0 to destroy."
    )


def test_everything_else_is_listed_with_its_reason_destruction_first() -> None:
    assert summary_text(_summary("changes")) == (
        "  (root)               1 to create, 2 to change, 2 to replace, 1 to destroy, 1 to import,"
        " 1 to forget, 1 to read, 1 to move\n"
        '  module.network["a"]  1 to replace, 1 to destroy\n'
        '  module.network["b"]  2 to create\n'
        "\n"
        "To destroy:\n"
        "  aws_cloudwatch_log_group.gone  (it is no longer in the configuration)\n"
        '  module.network["a"].aws_subnet.this["y"]  (its key is no longer in for_each)\n'
        "\n"
        "To replace:\n"
        "  aws_cloudwatch_log_group.app  (forced by name)\n"
        "  aws_cloudwatch_log_group.tainted  (it is tainted)\n"
        '  module.network["a"].aws_subnet.this["x"]  (forced by cidr_block)\n'
        "\n"
        "To change:\n"
        "  aws_cloudwatch_log_group.drifted  (retention_in_days)\n"
        "  aws_ssm_parameter.token  (insecure_value, tags, tags_all, value, version)\n"
        "\n"
        "Plan: 1 to import, 6 to add, 2 to change, 5 to destroy."
    )


def test_a_destruction_by_request_has_no_reason_to_tell() -> None:
    change = {
        "address": "terraform_data.this",
        "mode": "managed",
        "type": "terraform_data",
        "name": "this",
        "change": {"actions": ["delete"], "before": {}, "after": None},
    }
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {},
        "resource_changes": [change],
    }

    lines = summary_text(summarize(Plan.decode(json.dumps(document).encode()))).splitlines()

    assert lines[2:4] == ["To destroy:", "  terraform_data.this"]


def test_an_empty_plan_says_so_and_nothing_else() -> None:
    assert summary_text(_nothing({})) == (
        "No changes. Your infrastructure matches the configuration."
    )


def test_outputs_are_named_when_nothing_else_changes() -> None:
    changed = {"actions": ["update"], "before": 1, "after": 2}

    text = summary_text(_nothing({"b": changed, "a": changed}))

    assert text.splitlines()[0] == "  outputs: a, b"


def test_json_holds_the_target_the_line_and_every_change() -> None:
    document = json.loads(summary_json(_summary("drift"), target="dev on AWS"))

    assert document["target"] == "dev on AWS"
    assert document["line"] == "Plan: 0 to add, 1 to change, 0 to destroy."
    assert document["empty"] is False
    assert (document["total"]["change"], document["total"]["add"]) == (1, 0)
    assert [(item["address"], item["action"]) for item in document["changes"]] == [
        ("aws_cloudwatch_log_group.drifted", "update")
    ]


@pytest.mark.requirement("TAP-6")
def test_neither_form_holds_values_of_resources() -> None:
    plan = (DATA / "plan_changes.json").read_text(encoding="utf-8")
    summary = _summary("changes")

    assert "insecure_value" in plan
    for change in json.loads(plan)["resource_changes"]:
        if change["address"] == "aws_ssm_parameter.token":
            secrets = [change["change"][side]["value"] for side in ("before", "after")]
            break
    shown = summary_text(summary) + summary_json(summary, target="dev")
    assert all(secret not in shown for secret in secrets)
