"""What rules found, as a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.reports.findings import verdict_line, waiver_text
from tap.reports.markdown import COMMENT_LIMIT, cell, code, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.policy import Finding, Judgement

_HEAD = "| Rule | Severity | Where | What |\n| --- | --- | --- | --- |"


def findings_markdown(judgement: Judgement, *, limit: int = COMMENT_LIMIT) -> str:
    """Return the verdict and tables of what was found, the worst first.

    What does not fit is left out from the end, and how much that is, is said.

    Args:
        judgement: What was found.
        limit: The most bytes of UTF-8 that the comment may have.
    """
    head = f"### {_sentence(judgement)}\n"
    left = limit - size(head) - size(_left_out(10**9))
    lines = list(_lines(judgement))
    kept: list[str] = []
    for line in lines:
        left -= size(line)
        if left < 0:
            break
        kept.append(line)
    if len(kept) < len(lines):
        kept.append(_left_out(sum(map(_counts, lines[len(kept) :]))))
    return "\n".join([head, *kept]).rstrip("\n")


def findings_section(judgement: Judgement, *, most: int = 20) -> Iterator[str]:
    """Yield lines for the comment about a plan: the verdict and the worst of what blocks.

    Args:
        judgement: What was found.
        most: How many findings are listed.
    """
    yield f"**{_sentence(judgement)}**\n"
    shown = judgement.blocking[:most]
    if shown:
        yield from _table(shown)
        if len(judgement.blocking) > most:
            yield f"\n{len(judgement.blocking) - most} more: run `tap check`."
        yield ""


def _lines(judgement: Judgement) -> Iterator[str]:
    if judgement.failed:
        yield from _table(judgement.failed)
        yield ""
    if judgement.unknown:
        yield "**Not known before apply**\n"
        yield from _table(judgement.unknown)
        yield ""
    verdict = judgement.verdict
    for title, waivers in (
        ("Waivers that have expired", verdict.expired),
        ("Waivers that cover nothing", verdict.unused),
    ):
        if waivers:
            yield f"**{title}**\n"
            yield from (f"- {code(waiver_text(item))}" for item in waivers)
            yield ""
    for rule in dict.fromkeys(item.rule for item in judgement.failed):
        yield f"<details><summary>{rule.id}: how to fix it</summary>\n\n{rule.rationale}\n"
        yield f"{fenced(rule.remediation)}\n</details>\n"
    if verdict.waived:
        yield "**Waived**\n"
        yield from (
            f"- {item.rule.id} {code(item.address)}: {code(waiver_text(accepted))}"
            for item, accepted in verdict.waived
        )


def fenced(remediation: str) -> str:
    """Return the remediation of a rule as a block, or as prose where it is no HCL."""
    text = remediation.rstrip("\n")
    return f"```hcl\n{text}\n```" if text.endswith("}") else text


def _table(findings: Iterable[Finding]) -> Iterator[str]:
    yield _HEAD
    for item in findings:
        place = f"{code(item.address)} {code(item.place)}" if item.place else code(item.address)
        rule = item.rule
        yield f"| {rule.id} | {rule.severity} | {cell(place)} | {cell(code(item.message))} |"


def _sentence(judgement: Judgement) -> str:
    line = verdict_line(judgement)
    return line[0].upper() + line[1:]


def _counts(line: str) -> bool:
    """Tell whether a line is one of a list or table."""
    return line.startswith(("| ", "- ", "<details>")) and line != _HEAD


def _left_out(number: int) -> str:
    return f"\n{number} more lines do not fit into a comment: run `tap check` to see them."
