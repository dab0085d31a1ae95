"""What plans recorded from Terraform 1.11 do, for a person and for a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.cli.plan import AUTOMATION_LIMIT
from tap.plan import Plan, Summary, summarize
from tap.reports.markdown import COMMENT_LIMIT
from tap.reports.summary import summary_json, summary_markdown, summary_text

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "data"

pytestmark = pytest.mark.requirement("TAP-3")


def _summary(name: str) -> Summary:
    return summarize(Plan.decode((DATA / f"plan_{name}.json").read_bytes()))


def _nothing(outputs: dict[str, object]) -> Summary:
    document = {"format_version": "1.2", "planned_values": {}, "configuration": {}}
    return summarize(Plan.decode(json.dumps({**document, "output_changes": outputs}).encode()))


def _destroyed(*addresses: str, kind: str = "terraform_data") -> Summary:
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {},
        "resource_changes": [
            {
                "address": address,
                "mode": "managed",
                "type": kind,
                "name": "this",
                "change": {"actions": ["delete"], "before": {}, "after": None},
            }
            for address in addresses
        ],
    }
    return summarize(Plan.decode(json.dumps(document).encode()))


def test_creations_are_counted_by_module_and_kind_and_not_listed() -> None:
    assert summary_text(_summary("initial")) == (
        "  (root)                      8 to create\n"
        "    aws_cloudwatch_log_group  7 to create\n"
        "    aws_ssm_parameter         1 to create\n"
        '  module.network["a"]         3 to create\n'
        "    aws_subnet                2 to create\n"
        "    aws_vpc                   1 to create\n"
        "\n"
        "Plan: 11 to add, 0 to change, 0 to destroy."
    )


def test_everything_else_is_listed_with_its_reason_what_cannot_be_undone_first() -> None:
    assert summary_text(_summary("changes")) == (
        "CANNOT BE UNDONE:\n"
        "! replace  aws_cloudwatch_log_group.app\n"
        "    log group: its events are lost\n"
        "! destroy  aws_cloudwatch_log_group.gone\n"
        "    log group: its events are lost\n"
        "! replace  aws_cloudwatch_log_group.tainted\n"
        "    log group: its events are lost\n"
        "\n"
        "  (root)                      1 to create, 2 to change, 2 to replace, 1 to destroy,"
        " 1 to import, 1 to forget, 1 to read, 1 to move\n"
        "    aws_cloudwatch_log_group  1 to change, 2 to replace, 1 to destroy, 1 to import,"
        " 1 to forget, 1 to move\n"
        "    aws_iam_policy            1 to create\n"
        "    aws_iam_policy_document   1 to read\n"
        "    aws_ssm_parameter         1 to change\n"
        '  module.network["a"]         1 to replace, 1 to destroy\n'
        "    aws_subnet                1 to replace, 1 to destroy\n"
        '  module.network["b"]         2 to create\n'
        "    aws_subnet                1 to create\n"
        "    aws_vpc                   1 to create\n"
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
        "To forget (it stays, but is no longer managed):\n"
        "  aws_cloudwatch_log_group.forgotten  (it is no longer in the configuration)\n"
        "\n"
        "Plan: 1 to import, 6 to add, 2 to change, 5 to destroy."
    )


def test_a_destruction_by_request_has_no_reason_to_tell() -> None:
    lines = summary_text(_destroyed("terraform_data.this")).splitlines()

    assert lines[3:5] == ["To destroy:", "  terraform_data.this"]


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


def test_json_names_what_cannot_be_undone_and_why() -> None:
    document = json.loads(summary_json(_summary("changes"), target="dev"))

    assert document["irreversible"] == [
        "aws_cloudwatch_log_group.app",
        "aws_cloudwatch_log_group.gone",
        "aws_cloudwatch_log_group.tainted",
    ]
    risks = {change["address"]: change["risk"] for change in document["changes"]}
    assert risks["aws_cloudwatch_log_group.gone"] == {
        "kind": "log group",
        "consequence": "its events are lost",
        "stateful": True,
    }
    assert risks["aws_ssm_parameter.token"] is None


def test_markdown_is_a_comment_that_ends_with_the_line_of_terraform() -> None:
    lines = summary_markdown(_summary("changes"), target="prod on AWS").splitlines()

    assert lines[:5] == [
        "### prod on AWS",
        "",
        "**CANNOT BE UNDONE**",
        "",
        "- **replace** `aws_cloudwatch_log_group.app` (log group: its events are lost)",
    ]
    assert '- `module.network["a"].aws_subnet.this["x"]`  (forced by `cidr_block`)' in lines
    assert '| `module.network["b"]` | `aws_vpc` | 1 to create |' in lines
    assert "Outputs: `gone`, `policy_arn`, `stage`, `token`" in lines
    assert lines[-2:] == ["", "Plan: 1 to import, 6 to add, 2 to change, 5 to destroy."]


@pytest.mark.parametrize("write", [summary_text, lambda it: summary_markdown(it, target="dev")])
@pytest.mark.parametrize("name", ["initial", "drift", "changes"])
def test_the_line_of_terraform_is_there_once_and_last(
    name: str, write: Callable[[Summary], str]
) -> None:
    lines = write(_summary(name)).splitlines()

    assert [line for line in lines if line.startswith("Plan: ")] == [lines[-1]]


def test_markdown_of_changed_outputs_has_no_table() -> None:
    changed = {"actions": ["update"], "before": 1, "after": 2}

    assert summary_markdown(_nothing({"a": changed}), target="dev") == (
        "### dev\n\nOutputs: `a`\n\n\nPlan: 0 to add, 0 to change, 0 to destroy."
    )


def test_markdown_of_nothing_says_so() -> None:
    assert summary_markdown(_nothing({}), target="dev") == (
        "### dev\n\nNo changes. Your infrastructure matches the configuration."
    )


@pytest.mark.parametrize("count", [1, 400, 900, 20_000])
def test_markdown_fits_into_a_comment_and_says_what_it_leaves_out(count: int) -> None:
    addresses = [f'aws_s3_bucket.this["\u00fc{number:05}"]' for number in range(count)]

    text = summary_markdown(_destroyed(*addresses, kind="aws_s3_bucket"), target="dev")

    lines = text.splitlines()
    shown = sum(line.startswith("- ") for line in lines)
    told = [line for line in lines if line.endswith("run `tap plan` to see them.")]
    assert len(text.encode()) <= COMMENT_LIMIT
    assert lines[-1] == f"Plan: 0 to add, 0 to change, {count} to destroy."
    assert f"`{addresses[0]}`" in lines[4]
    if count <= 400:
        # Each is listed twice: as what cannot be undone, and as destroyed.
        assert (shown, told) == (2 * count, [])
    else:
        assert len(text.encode()) > COMMENT_LIMIT - 300
        # What is left out is the rest of the two lists, and the row of the table.
        left = 2 * count - shown + 1
        assert told == [f"{left} more lines do not fit into a comment: run `tap plan` to see them."]


def test_a_name_cannot_break_out_of_its_markdown() -> None:
    summary = _destroyed('module.a["`|`"].aws_vpc.this["x ``` <b>"]')

    assert '- ```` module.a["`|`"].aws_vpc.this["x ``` <b>"] ````' in summary_markdown(
        summary, target="dev"
    )


@pytest.mark.requirement("TAP-6")
def test_no_form_holds_values_of_resources() -> None:
    plan = (DATA / "plan_changes.json").read_text(encoding="utf-8")
    summary = _summary("changes")

    assert "insecure_value" in plan
    for change in json.loads(plan)["resource_changes"]:
        if change["address"] == "aws_ssm_parameter.token":
            secrets = [change["change"][side]["value"] for side in ("before", "after")]
            break
    shown = summary_text(summary) + summary_json(summary, target="dev")
    shown += summary_markdown(summary, target="dev")
    assert all(secret not in shown for secret in secrets)


@pytest.mark.requirement("TST-5")
def test_a_text_for_a_comment_keeps_the_most_dangerous_lines_and_its_last_line() -> None:
    summary = _destroyed(*(f'terraform_data.this["{"a" * 60}-{n:04}"]' for n in range(2000)))

    full = summary_text(summary)
    text = summary_text(summary, limit=AUTOMATION_LIMIT)

    assert len(full.encode()) > COMMENT_LIMIT
    assert AUTOMATION_LIMIT - 200 < len(text.encode()) <= AUTOMATION_LIMIT
    *kept, _, left_out, _, last = text.splitlines()
    assert kept == full.splitlines()[: len(kept)]
    missing = sum(map(bool, full.splitlines()[len(kept) : -1]))
    assert left_out == (
        f"{missing} more lines do not fit into a comment: run `tap plan` to see them."
    )
    assert last == summary.line
    assert summary_text(summary, limit=len(full.encode()) + 1) == full
