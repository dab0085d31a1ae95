"""What a role may do, by policies that a plan tells, and by those it does not tell yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.policy import Planned, Sources, UnknownValueError
from tap.policy.roles import allows
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-3")

ROLE = "aws_iam_role.this"
POLICY = "aws_iam_role_policy.this"
ACTION = "logs:PutLogEvents"


def document(action: str | list[str], effect: str = "Allow") -> str:
    return json.dumps({"Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


def may(
    folder: Path, *changes: dict[str, Any], hcl: str = "", managed: tuple[str, ...] = ()
) -> bool:
    """Tell whether the role of a plan may write logs."""
    (folder / "main.tf").write_text(hcl)
    text = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {
            "root_module": {
                "resources": [
                    block(ROLE),
                    block(POLICY, role=[f"{ROLE}.name", ROLE]),
                    block("aws_iam_role_policy_attachment.this", role=[f"{ROLE}.name", ROLE]),
                ]
            }
        },
        "resource_changes": changes,
    }
    plan = Planned(Plan.decode(json.dumps(text).encode()), sources=Sources(folder, base=folder))
    return allows(plan.by_address[ROLE], ACTION, managed=managed)


def role(**more: Any) -> dict[str, Any]:
    return change(ROLE, more, unknown={"id": True})


def unread(statements: str) -> tuple[dict[str, Any], str]:
    """Return a policy that the plan leaves out, and its HCL."""
    hcl = f"""
resource "aws_iam_role_policy" "this" {{
  role   = aws_iam_role.this.name
  policy = {statements}
}}
"""
    return change(POLICY, unknown={"policy": True, "role": True}), hcl


@pytest.mark.parametrize(
    ("action", "effect", "allowed"),
    [
        ("logs:PutLogEvents", "Allow", True),
        ("LOGS:put*", "Allow", True),
        (["s3:GetObject", "*"], "Allow", True),
        ("logs:PutMetricFilter", "Allow", False),
        ("logs:PutLogEvents", "Deny", False),
    ],
)
def test_a_policy_within_a_role_allows_what_its_patterns_say(
    tmp_path: Path, action: str | list[str], effect: str, *, allowed: bool
) -> None:
    inside = [{"name": "in", "policy": document(action, effect)}]

    assert may(tmp_path, role(inline_policy=inside)) is allowed


@pytest.mark.parametrize(("name", "allowed"), [("WritesLogs", True), ("WritesLogsNot", False)])
def test_a_policy_of_aws_counts_by_its_name(tmp_path: Path, name: str, *, allowed: bool) -> None:
    arn = f"arn:aws:iam::aws:policy/service-role/{name}"

    assert may(tmp_path, role(managed_policy_arns=[arn]), managed=("WritesLogs",)) is allowed
    attached = change("aws_iam_role_policy_attachment.this", {"policy_arn": arn})
    assert may(tmp_path, role(), attached, managed=("WritesLogs",)) is allowed


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        ('[{ Effect = "Allow", Action = "logs:*", Resource = aws_s3_bucket.a.arn }]', True),
        ('{ Effect = "Allow", Action = ["s3:*", "logs:Put*"], Resource = local.x }', True),
        ('[{ Effect = "Deny", Action = "logs:*", Resource = aws_s3_bucket.a.arn }]', False),
        ('[{ Effect = "Allow", Action = "s3:*", Resource = aws_s3_bucket.a.arn }]', False),
    ],
)
def test_of_a_policy_for_what_is_made_later_the_actions_are_read_as_written(
    tmp_path: Path, written: str, *, allowed: bool
) -> None:
    policy, hcl = unread(f"jsonencode({{ Statement = {written} }})")

    assert may(tmp_path, role(), policy, hcl=hcl) is allowed


@pytest.mark.parametrize(
    "written",
    [
        "data.aws_iam_policy_document.this.json",
        "jsonencode(local.document)",
        "jsonencode({ Version = local.version })",
        'jsonencode({ Statement = [{ Action = "logs:*", Resource = local.arn }] })',
        'jsonencode({ Statement = [{ Effect = "Allow", Resource = local.arn }] })',
        'jsonencode({ Statement = [{ Effect = "Allow", Action = local.actions }] })',
    ],
)
def test_a_policy_that_nobody_can_read_yet_is_no_refusal(tmp_path: Path, written: str) -> None:
    policy, hcl = unread(written)

    with pytest.raises(UnknownValueError, match=f"whether it allows {ACTION}") as raised:
        may(tmp_path, role(), policy, hcl=hcl)
    assert raised.value.address == ROLE


def test_one_policy_that_allows_is_enough_beside_one_that_nobody_can_read(tmp_path: Path) -> None:
    policy, hcl = unread("data.aws_iam_policy_document.this.json")
    inside = [{"name": "in", "policy": document(ACTION)}]

    assert may(tmp_path, role(inline_policy=inside), policy, hcl=hcl)
