from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tap.errors import SettingsError
from tap.policy import (
    Accepted,
    Finding,
    Sources,
    comment_waivers,
    find_rule,
    judge,
    settings_waivers,
    weigh,
)
from tap.policy.finding import Outcome
from tap.settings import Waiver

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 1, 15)
FINDING = Finding(
    rule=find_rule("SG-01"),
    address='module.a.aws_rule.this["ssh"]',
    message="port 22 is open",
    outcome=Outcome.FAILED,
    file="",
    line=0,
)


def accepted(address: str = "*", expires: date = TODAY, *environments: str) -> Accepted:
    waiver = Waiver(
        rule="SG-01",
        address=address,
        owner="platform",
        reason="a test",
        expires=expires,
        environments=environments,
    )
    return Accepted(waiver=waiver, place="tap.toml")


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("waiver", "outcome"),
    [
        (accepted(), "waived"),
        (accepted('module.?.aws_rule.this["*"]'), "waived"),
        (accepted("aws_rule.this"), "unused"),
        (accepted("*", date(2026, 1, 14)), "expired"),
        (accepted("*", TODAY, "prod", "dev"), "waived"),
        (accepted("*", TODAY, "dev"), "not for prod"),
    ],
)
def test_a_waiver_is_used_unused_expired_or_for_elsewhere(waiver: Accepted, outcome: str) -> None:
    verdict = weigh([FINDING], [waiver], judged={"SG-01"}, environment="prod", today=TODAY)
    assert verdict.findings == (() if outcome == "waived" else (FINDING,))
    assert verdict.waived == (((FINDING, waiver),) if outcome == "waived" else ())
    assert verdict.unused == ((waiver,) if outcome == "unused" else ())
    assert verdict.expired == ((waiver,) if outcome == "expired" else ())


@pytest.mark.requirement("TAP-3")
def test_a_waiver_is_not_unused_where_its_rule_was_not_asked() -> None:
    waiver = accepted("nothing")
    assert weigh([], [waiver], judged={"TF-01"}, environment="prod", today=TODAY).unused == ()
    assert weigh([], [waiver], judged={"SG-01"}, environment="", today=TODAY).unused == ()


COMMENTS = """\
# tap:waive TF-02 owner=platform expires=2026-02-01 reason="kept for callers"
# (two lines of comment)
variable "above" {}

variable "inside" {
  type = string # tap:waive TF-02 owner=platform expires=2026-02-01 reason="kept too"
}

variable "neither" {}
"""


@pytest.mark.requirement("TAP-3")
def test_a_comment_is_for_the_block_below_or_around_it(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(COMMENTS)
    sources = Sources(tmp_path, base=tmp_path)
    verdict = weigh(
        judge([find_rule("TF-02")], sources=sources),
        comment_waivers(sources, {"TF-02"}),
        judged={"TF-02"},
        environment="",
        today=TODAY,
    )
    assert [item.address for item in verdict.findings] == ["var.neither"]
    assert [(item.address, waiver.place) for item, waiver in verdict.waived] == [
        ("var.above", "main.tf:1"),
        ("var.inside", "main.tf:6"),
    ]
    assert verdict.unused == ()


@pytest.mark.requirement("TAP-3", "TAP-7")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TF-02", "main.tf:1: unusable waiver: Object missing required field"),
        ("", "main.tf:1: unusable waiver: not enough values"),
        ('TF-02 reason="', "main.tf:1: unusable waiver: No closing quotation"),
        ("TF-02 owner=a reason=b expires=soon", "main.tf:1: unusable waiver: Invalid"),
        ("TF-99 owner=a reason=b expires=2026-02-01", "main.tf:1: a waiver is for 'TF-99'"),
    ],
)
def test_a_comment_that_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "main.tf").write_text(f'# tap:waive {text}\nvariable "a" {{}}\n')
    with pytest.raises(SettingsError, match=message):
        comment_waivers(Sources(tmp_path, base=tmp_path), {"TF-02"})


@pytest.mark.requirement("TAP-7")
def test_an_entry_for_a_rule_that_is_none_is_refused() -> None:
    waiver = accepted().waiver
    with pytest.raises(SettingsError, match="a waiver is for 'SG-01', which is no rule"):
        settings_waivers([waiver], {"TF-01"})
