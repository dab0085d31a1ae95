"""What rules found, as JUnit XML: a test case for each rule that was asked.

There is no standard; the elements are those that Jenkins and GitLab read.
Source: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tap.policy import Outcome
from tap.reports.findings import finding_line, waiver_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.policy import Accepted, Finding, Judgement, Rule

# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def findings_junit(judgement: Judgement) -> str:
    """Return everything as one suite.

    A rule fails with what blocks; what is below the limit or waived is its output. A rule that
    finds nothing but what is not known before apply is skipped. Waivers that have to go fail as
    cases of their own.
    """
    verdict = judgement.verdict
    suite = Element("testsuite", name=_text(f"check of {judgement.subject}"))
    found: dict[str, list[Finding]] = {}
    for item in verdict.findings:
        found.setdefault(item.rule.id, []).append(item)
    waived: dict[str, list[str]] = {}
    for item, accepted in verdict.waived:
        line = f"{finding_line(item)}: waived: {waiver_text(accepted)}"
        waived.setdefault(item.rule.id, []).append(line)
    for rule in judgement.rules:
        _add_rule(suite, judgement, rule, found.get(rule.id, []), waived.get(rule.id, []))
    _add_waivers(suite, verdict.expired, "has expired")
    _add_waivers(suite, verdict.unused, "covers nothing")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}'


def _add_rule(
    suite: Element, judgement: Judgement, rule: Rule, found: list[Finding], waived: list[str]
) -> None:
    case = SubElement(suite, "testcase", classname=rule.area, name=f"{rule.id} {rule.title}")
    blocking = [item for item in found if judgement.blocks(item)]
    certain = any(item.outcome is Outcome.FAILED for item in found)
    if blocking:
        number = len(blocking)
        message = f"{number} finding{'s' * (number != 1)} of severity {rule.severity}"
        failure = SubElement(case, "failure", type=rule.severity, message=message)
        failure.text = _lines([*map(finding_line, blocking), "", rule.remediation.rstrip("\n")])
    elif found and not certain:
        SubElement(case, "skipped", message=f"{len(found)} not known before apply")
    rest = [finding_line(item) for item in found if not judgement.blocks(item)] + waived
    if rest:
        SubElement(case, "system-out").text = _lines(rest)


def _add_waivers(suite: Element, waivers: Iterable[Accepted], what: str) -> None:
    for accepted in waivers:
        name = _text(f"{waiver_text(accepted)} {what}")
        case = SubElement(suite, "testcase", classname="waivers", name=name)
        SubElement(case, "failure", type="waiver", message=f"the waiver {what}")


def _lines(lines: Iterable[str]) -> str:
    return _text("\n".join(lines))


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
