"""The workflow of ``repos.yaml``, step by step, as Atlantis runs it."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from tests.integration.atlantis import Atlantis, Comment, policy_passed, serve

if TYPE_CHECKING:
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TST-5"), pytest.mark.timeout(300)]

PLAIN = """
resource "terraform_data" "this" {
  input = "one"
}
"""
OPEN = """
resource "aws_security_group" "open" {
  name        = "open"
  description = "Everybody may log in"

  ingress {
    description = "SSH"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
PLAN_LINE = re.compile(r"^Plan: \d+ to add, \d+ to change, \d+ to destroy\.$")
NO_CHANGES = "No changes. Your infrastructure matches the configuration."
COMMENT_LIMIT = 65_536


@pytest.fixture(scope="module")
def atlantis(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Atlantis:
    intents = stage.project.directory / "environments" / "_stack" / "intents.txt"
    intents.parent.mkdir(parents=True, exist_ok=True)
    intents.write_text("deny internet -> 10.0.0.0/8:*\n")
    return serve(stage, tmp_path_factory.mktemp("atlantis") / "bin")


def assert_fits(comment: Comment) -> None:
    """Everything that Atlantis or a comment cannot take is not there."""
    assert comment.text.strip()
    assert "\r" not in comment.text
    assert "\x1b" not in comment.text
    assert len(comment.text) < COMMENT_LIMIT
    assert len(comment.text.encode()) < COMMENT_LIMIT


def assert_planned(comment: Comment, last: str) -> None:
    assert not comment.failed, comment.text
    assert_fits(comment)
    assert comment.lines[-1] == last
    told = [line for line in comment.lines if line.lstrip().startswith(("Plan:", "No changes."))]
    assert told == [last]


def test_a_change_is_planned_checked_applied_and_planned_again(
    atlantis: Atlantis, stage: Stage
) -> None:
    folder = stage.environment("life", PLAIN)

    planned = atlantis.run("life", "plan")
    files = [atlantis.path("life", ending) for ending in (".tfplan", ".json")]
    modes = [stat.S_IMODE(file.stat().st_mode) for file in files]
    checked = atlantis.run("life", "policy_check")
    applied = atlantis.run("life", "apply")
    again = atlantis.run("life", "plan")

    assert_planned(planned, "Plan: 1 to add, 0 to change, 0 to destroy.")
    assert PLAN_LINE.match(planned.lines[-1])
    assert modes == [0o600, 0o600]
    assert not checked.failed
    assert_fits(checked)
    assert any(line.startswith("check of the plan of life: passed: ") for line in checked.lines)
    assert checked.lines[-1] == "intents of the plan of life hold: 1 proved"
    assert policy_passed(checked.text) == {True}
    assert not applied.failed, applied.text
    assert_fits(applied)
    assert "applying the saved plan environments/life/life-default.tfplan, made " in applied.text
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in applied.lines
    assert_planned(again, NO_CHANGES)
    assert not {path.name for path in folder.iterdir()} & {".terraform", ".terraform.lock.hcl"}


def test_a_plan_without_changes_is_checked_and_applied_as_well(
    atlantis: Atlantis, stage: Stage
) -> None:
    stage.environment("idle", "")

    planned = atlantis.run("idle", "plan")
    checked = atlantis.run("idle", "policy_check")
    applied = atlantis.run("idle", "apply")

    assert_planned(planned, NO_CHANGES)
    assert_fits(checked)
    assert policy_passed(checked.text) == {True}
    assert not applied.failed, applied.text
    assert applied.lines[-1] == NO_CHANGES


def test_a_broken_rule_fails_the_policy_check_with_its_text_and_stops_the_apply(
    atlantis: Atlantis, stage: Stage
) -> None:
    stage.environment("open", OPEN, provider=True)

    planned = atlantis.run("open", "plan")
    checked = atlantis.run("open", "policy_check")
    applied = atlantis.run("open", "apply")

    assert_planned(planned, "Plan: 1 to add, 0 to change, 0 to destroy.")
    # An exit code would hide the text: https://github.com/runatlantis/atlantis/issues/5725
    assert not checked.failed
    assert_fits(checked)
    assert "aws_security_group.open" in checked.text
    assert "FAIL - 1 failure: tap check ended with exit code 3" in checked.lines
    assert policy_passed(checked.text) == {False}
    assert applied.failed
    assert "Error: the plan of open has " in applied.text


def test_a_policy_check_that_cannot_be_made_counts_as_failed(
    atlantis: Atlantis, stage: Stage
) -> None:
    stage.environment("blind", PLAIN)

    checked = atlantis.run("blind", "policy_check")

    assert_fits(checked)
    assert "blind-default.json" in checked.text
    assert policy_passed(checked.text) == {False}


def test_a_plan_that_is_stale_is_not_applied(atlantis: Atlantis, stage: Stage) -> None:
    folder = stage.environment("stale", PLAIN)
    atlantis.run("stale", "plan")
    (folder / "main.tf").write_text((folder / "main.tf").read_text().replace("one", "two"))

    applied = atlantis.run("stale", "apply")

    assert applied.failed
    assert_fits(applied)
    assert (
        "Error: the saved plan is stale: its inputs changed: environments/stale/main.tf (changed)"
    ) in applied.lines
    assert applied.lines[-1].startswith("Next: plan again: tap plan stale ")


def test_a_plan_that_cannot_be_made_fails_with_the_reason(atlantis: Atlantis, stage: Stage) -> None:
    folder = stage.environment("faulty", PLAIN)
    (folder / "more.tf").write_text('resource "terraform_data" "this" {}\n')

    planned = atlantis.run("faulty", "plan")

    assert planned.failed
    assert "Duplicate resource" in planned.text
    assert not atlantis.path("faulty", ".tfplan").exists()
