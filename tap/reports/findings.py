"""What rules found, for a person."""

from __future__ import annotations

import textwrap
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from tap.policy import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.policy import Accepted, Finding, Judgement

_WIDTH = 96


def verdict_line(judgement: Judgement) -> str:
    """Return the outcome as one line: whether it passed, and how much of what was found."""
    blocking = len(judgement.blocking)
    below = len(judgement.failed) - sum(map(judgement.blocks, judgement.failed))
    limit = judgement.fail_on.value
    above = "" if limit == Severity.CRITICAL else " or above"
    parts = []
    if blocking:
        counts = _severities(judgement.blocking)
        parts.append(f"{_number(blocking, 'finding')} of severity {limit}{above} ({counts})")
    if below:
        parts.append(f"{_number(below, 'finding')} below {limit}")
    if unknown := len(judgement.unknown):
        parts.append(f"{unknown} not known before apply")
    verdict = judgement.verdict
    if verdict.waived:
        parts.append(f"{len(verdict.waived)} waived")
    for name, waivers in (("expired", verdict.expired), ("unused", verdict.unused)):
        if waivers:
            parts.append(f"{_number(len(waivers), 'waiver')} {name}")
    said = ", ".join(parts) or "nothing found"
    outcome = "passed" if judgement.passed else "failed"
    return (
        f"check of {judgement.subject}: {outcome}: {said}; {_number(len(judgement.rules), 'rule')}"
    )


def findings_text(judgement: Judgement) -> str:
    """Return everything: findings by rule with the remediation once, waivers, the verdict."""
    blocks = [_rule_block(found) for found in _by_rule(judgement.failed)]
    if judgement.unknown:
        blocks.append("\n".join(["NOT KNOWN BEFORE APPLY", *map(finding_line, judgement.unknown)]))
    blocks += _waiver_blocks(judgement)
    return "\n\n".join([*blocks, verdict_line(judgement)])


def finding_line(finding: Finding) -> str:
    """Return a finding in one line, indented."""
    place = f" ({finding.place})" if finding.place else ""
    rule = finding.rule
    return f"  {rule.id} {rule.severity}  {finding.address}{place}: {finding.message}"


def waiver_text(accepted: Accepted) -> str:
    """Return what a waiver is for, until when, whose and why."""
    waiver = accepted.waiver
    what = waiver.rule if accepted.file else f"{waiver.rule} {waiver.address}"
    until = waiver.expires.isoformat()
    return f"{what} until {until} ({waiver.owner}: {waiver.reason}), {accepted.place}"


def _by_rule(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Yield the findings of each rule; they are sorted that way."""
    for _, found in groupby(findings, key=lambda item: item.rule.id):
        yield list(found)


def _rule_block(found: list[Finding]) -> str:
    rule = found[0].rule
    lines = [f"{rule.id} {rule.severity}: {rule.title}"]
    for finding in found:
        place = f"  ({finding.place})" if finding.place else ""
        lines += [f"  {finding.address}{place}", f"    {finding.message}"]
    lines += _wrapped(f"Why: {rule.rationale}")
    lines += ["  Fix:", textwrap.indent(rule.remediation.rstrip("\n"), "    ")]
    if rule.references:
        lines += _wrapped(f"See: {', '.join(rule.references)}")
    return "\n".join(lines)


def _waiver_blocks(judgement: Judgement) -> Iterator[str]:
    verdict = judgement.verdict
    if verdict.waived:
        lines = [
            f"{finding_line(finding)}\n    waived until {accepted.waiver.expires.isoformat()} "
            f"({accepted.waiver.owner}: {accepted.waiver.reason}), {accepted.place}"
            for finding, accepted in verdict.waived
        ]
        yield "\n".join(["WAIVED", *lines])
    for title, waivers in (
        (
            "WAIVERS THAT HAVE EXPIRED",
            verdict.expired,
        ),
        ("WAIVERS THAT COVER NOTHING", verdict.unused),
    ):
        if waivers:
            yield "\n".join([title, *(f"  {waiver_text(item)}" for item in waivers)])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _severities(findings: Iterable[Finding]) -> str:
    counts = Counter(item.rule.severity for item in findings)
    return ", ".join(f"{counts[item]} {item}" for item in reversed(Severity) if counts[item])


def _number(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
