"""The reports on what rules found, for people, programs, test viewers and code scanning."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator

from tap.policy import (
    Accepted,
    Finding,
    Judgement,
    Outcome,
    Rule,
    Severity,
    Verdict,
    resource_rule,
)
from tap.reports.findings import findings_text, verdict_line
from tap.reports.findings_json import findings_json
from tap.reports.findings_markdown import findings_markdown, findings_section
from tap.reports.junit import findings_junit
from tap.reports.markdown import COMMENT_LIMIT
from tap.reports.rules import rules_markdown, rules_text
from tap.reports.sarif import findings_sarif
from tap.settings import Waiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy import Fault, Resource

pytestmark = pytest.mark.requirement("TAP-3")

# SchemaStore's copy of the schema that OASIS published, as it is in version 1.0.0-beta.0 of the
# npm package @microsoft/jest-sarif (MIT).
SCHEMA = Path(__file__).parents[1] / "data" / "sarif-2.1.0-rtm.5.json"


def rule(identifier: str, severity: Severity) -> Rule:
    @resource_rule(
        identifier,
        severity,
        f"The fault of {identifier}",
        "aws_vpc",
        rationale="It hurts.",
        remediation='resource "aws_vpc" "this" {\n}\n',
        references=("CKV_AWS_24",),
    )
    def check(vpc: Resource) -> Iterator[Fault]:
        """It does not hurt."""
        yield vpc.fault("hurts")

    return check


HIGH, LOW, SOUND = (
    rule("AA-01", Severity.HIGH),
    rule("AA-02", Severity.LOW),
    rule("BB-01", Severity.LOW),
)
WAIVER = Waiver(rule="AA-01", address="*", owner="us", reason="a | test", expires=date(2999, 1, 1))
IN_SETTINGS = Accepted(waiver=WAIVER, place="tap.toml")
IN_SOURCE = Accepted(waiver=WAIVER, place="main.tf:3", file="main.tf", lines=(4, 9))


def finding(judged: Rule, number: int = 1, **more: Any) -> Finding:
    values = {"address": f'aws_vpc.this["{number}"]', "message": 'name = "a|b"', **more}
    return Finding(rule=judged, **values)


PLACED = finding(HIGH, file="modules/a b/main.tf", line=7)
UNKNOWN = finding(HIGH, 2, outcome=Outcome.UNKNOWN)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - it is our own


def judgement(*findings: Finding, **more: Any) -> Judgement:
    verdict = {key: more.pop(key) for key in ("waived", "expired", "unused") if key in more}
    values = {"subject": "prod", "fail_on": Severity.MEDIUM, **more}
    return Judgement(
        rules=(HIGH, LOW, SOUND), verdict=Verdict(findings=findings, **verdict), **values
    )


EVERYTHING = judgement(
    PLACED,
    UNKNOWN,
    finding(LOW),
    waived=((finding(HIGH, 3), IN_SETTINGS), (finding(HIGH, 4), IN_SOURCE)),
    expired=(IN_SETTINGS,),
    unused=(IN_SOURCE,),
)


@pytest.mark.parametrize(
    ("judged", "passed", "said"),
    [
        (judgement(), True, "passed: nothing found; 3 rules"),
        (judgement(finding(LOW)), True, "passed: 1 finding below medium; 3 rules"),
        (judgement(UNKNOWN), True, "passed: 1 not known before apply; 3 rules"),
        (
            judgement(UNKNOWN, fail_on_unknown=True),
            False,
            "failed: 1 finding of severity medium or above (1 high), 1 not known before apply; 3",
        ),
        (judgement(PLACED, fail_on=Severity.CRITICAL), True, "passed: 1 finding below critical"),
        (judgement(unused=(IN_SOURCE,)), False, "failed: 1 waiver unused; 3 rules"),
        (judgement(expired=(IN_SETTINGS,)), False, "failed: 1 waiver expired; 3 rules"),
        (
            EVERYTHING,
            False,
            (
                "failed: 1 finding of severity medium or above (1 high), 1 finding below medium, "
                "1 not known before apply, 2 waived, 1 waiver expired, 1 waiver unused; 3 rules"
            ),
        ),
    ],
)
def test_the_verdict_counts_everything_and_tells_what_counts(
    judged: Judgement,
    *,
    passed: bool,
    said: str,
) -> None:
    assert judged.passed is passed
    assert verdict_line(judged).startswith(f"check of prod: {said}")


def test_text_groups_findings_by_rule_with_the_remedy_once() -> None:
    text = findings_text(judgement(PLACED, finding(HIGH, 2), finding(LOW)))

    assert text.startswith(
        "AA-01 high: The fault of AA-01\n"
        '  aws_vpc.this["1"]  (modules/a b/main.tf:7)\n'
        '    name = "a|b"\n'
        '  aws_vpc.this["2"]\n'
        '    name = "a|b"\n'
        "  Why: It hurts.\n"
        "  Fix:\n"
        '    resource "aws_vpc" "this" {\n'
        "    }\n"
        "  See: CKV_AWS_24\n"
        "\n"
        "AA-02 low: The fault of AA-02\n"
    )
    assert text.count("Why:") == 2


def test_text_has_a_group_for_what_is_unknown_waived_expired_and_unused() -> None:
    text = findings_text(EVERYTHING)

    for group in (
        'NOT KNOWN BEFORE APPLY\n  AA-01 high  aws_vpc.this["2"]: name',
        'WAIVED\n  AA-01 high  aws_vpc.this["3"]: name = "a|b"\n    waived until 2999-01-01 (us: a',
        "WAIVERS THAT HAVE EXPIRED\n  AA-01 * until 2999-01-01 (us: a | test), tap.toml\n",
        "WAIVERS THAT COVER NOTHING\n  AA-01 until 2999-01-01 (us: a | test), main.tf:3\n",
    ):
        assert f"\n\n{group}" in text


def test_json_says_of_each_finding_whether_it_blocks() -> None:
    document = json.loads(findings_json(EVERYTHING))

    assert [
        (item["rule"], item["outcome"], item["blocks"], item["line"])
        for item in document["findings"]
    ] == [
        ("AA-01", "failed", True, 7),
        ("AA-01", "unknown", False, None),
        ("AA-02", "failed", False, None),
    ]
    assert document["waived"][1]["waiver"]["place"] == "main.tf:3"
    assert document["expired_waivers"][0]["expires"] == "2999-01-01"
    assert (document["passed"], document["fail_on"]) == (False, "medium")


@pytest.mark.parametrize("judged", [judgement(), EVERYTHING], ids=["nothing", "everything"])
def test_sarif_fits_the_published_schema(judged: Judgement) -> None:
    schema = json.loads(SCHEMA.read_text())

    errors = Draft4Validator(schema).iter_errors(json.loads(findings_sarif(judged)))

    assert [error.message for error in errors] == []


def test_sarif_tells_kinds_places_and_suppressions_apart() -> None:
    [run] = json.loads(findings_sarif(EVERYTHING))["runs"]
    results = run["results"]

    assert [(item["kind"], item["level"]) for item in results] == [
        ("fail", "error"),
        ("review", "none"),
        ("fail", "note"),
        ("fail", "error"),
        ("fail", "error"),
    ]
    assert results[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "modules/a%20b/main.tf"},
        "region": {"startLine": 7},
    }
    assert [item["suppressions"][0]["kind"] for item in results[3:]] == ["external", "inSource"]
    assert len({item["partialFingerprints"]["tapFinding/v1"] for item in results}) == 5
    assert len(run["invocations"][0]["toolConfigurationNotifications"]) == 2
    ids = [item["id"] for item in run["tool"]["driver"]["rules"]]
    assert all(ids[item["ruleIndex"]] == item["ruleId"] for item in results)


def test_junit_has_a_case_for_each_rule_and_one_for_each_waiver_that_must_go() -> None:
    odd = finding(HIGH, 9, message='name = "\x00\ufffe"')
    suite = parsed(findings_junit(EVERYTHING)).find("testsuite")
    assert suite is not None
    cases = {
        case.get("name", "").split()[0]: case for case in suite.findall("*[@classname!='waivers']")
    }

    assert {key: suite.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "5",
        "failures": "3",
        "skipped": "0",
    }
    failure = cases["AA-01"].find("failure")
    assert failure is not None
    assert "(modules/a b/main.tf:7)" in str(failure.text)
    assert 'this["2"]' in str(cases["AA-01"].findtext("system-out"))
    assert cases["AA-02"].find("failure") is None
    assert list(cases["BB-01"]) == []
    only = parsed(findings_junit(judgement(UNKNOWN)))
    assert only.find("testsuite/testcase/skipped") is not None
    assert parsed(findings_junit(judgement(odd))).find(".//failure") is not None


def test_markdown_fits_into_a_comment_and_says_what_it_leaves_out() -> None:
    many = judgement(*(finding(HIGH, number, message="x" * 200) for number in range(500)))

    text = findings_markdown(many)

    assert len(text.encode()) <= COMMENT_LIMIT
    rows = text.count("\n| AA-01 |")
    assert f"{500 - rows + 1} more lines do not fit" in text
    assert text.startswith("### Check of prod: failed: 500 findings of severity medium or above")


def test_markdown_shows_everything_and_no_value_breaks_its_tables() -> None:
    text = findings_markdown(EVERYTHING)

    row = r'| AA-01 | high | `aws_vpc.this["1"]` `modules/a b/main.tf:7` | `name = "a\|b"` |'
    assert row in text
    assert "**Not known before apply**" in text
    assert "**Waivers that have expired**\n\n- `AA-01 * until 2999-01-01 (us: a | test)" in text
    assert "<summary>AA-01: how to fix it</summary>\n\nIt hurts.\n\n```hcl\n" in text


def test_the_section_of_a_plan_lists_what_blocks_and_counts_the_rest() -> None:
    many = judgement(*(finding(HIGH, number) for number in range(30)), finding(LOW))

    lines = list(findings_section(many, most=20))

    assert sum(line.startswith("| AA-01") for line in lines) == 20
    assert "\n10 more: run `tap check`." in lines
    assert not any("AA-02" in line for line in lines)


def test_rules_are_listed_and_documented_with_what_is_wanted() -> None:
    assert rules_text((HIGH, LOW)) == (
        "AA-01  high  plan  The fault of AA-01\nAA-02  low   plan  The fault of AA-02"
    )
    page = rules_markdown((HIGH,))
    assert "| [AA-01](#aa-01) | high | plan | The fault of AA-01 |" in page
    assert "Wanted: It does not hurt.\n\nIt hurts.\n\n```hcl\n" in page
    assert page.endswith("See CKV_AWS_24.\n")
