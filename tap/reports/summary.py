"""What a plan does, for a person or for a program."""

from __future__ import annotations

from dataclasses import asdict
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING

import msgspec

from tap.plan import Action
from tap.reports.markdown import COMMENT_LIMIT, cell, code, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.plan import Counts, PlannedChange, Summary
    from tap.policy import Judgement

_NO_CHANGES = "No changes. Your infrastructure matches the configuration."
_LISTED = {
    Action.DELETE: "To destroy",
    Action.REPLACE: "To replace",
    Action.UPDATE: "To change",
    Action.FORGET: "To forget (it stays, but is no longer managed)",
}
_VERBS = {Action.DELETE: "destroy", Action.REPLACE: "replace", Action.UPDATE: "change"}
_TABLE_HEAD = "| Module | Kind | What happens |\n| --- | --- | --- |"


def summary_text(summary: Summary, *, limit: int | None = None) -> str:
    """Return what cannot be undone, the counts, all but creations by address, Terraform's line.

    Args:
        summary: What the plan does.
        limit: The most bytes of UTF-8; what does not fit is left out, the least dangerous first,
            and how many lines that are, is said. None for all.
    """
    if summary.empty:
        return _NO_CHANGES
    lines: list[str] = []
    if summary.irreversible:
        lines.append("CANNOT BE UNDONE:")
        for change in summary.irreversible:
            lines += [f"! {_VERBS[change.action]}  {change.address}", f"    {change.risk}"]
        lines.append("")
    lines += _counts_lines(summary)
    for title, affected in _listed(summary):
        lines += ["", f"{title}:"]
        lines += [f"  {_change_text(change, str)}" for change in affected]
    if summary.outputs and not summary.changes:
        lines.append(f"  outputs: {', '.join(summary.outputs)}")
    if limit is not None:
        lines = _fitting(lines, limit - size(f"\n{summary.line}"))
    return "\n".join([*lines, "", summary.line])


def summary_json(summary: Summary, *, target: str, judgement: Judgement | None = None) -> str:
    """Return everything a summary holds as one JSON document.

    Args:
        summary: What the plan does.
        target: The sentence that says what would be touched.
        judgement: What rules say about the plan; None leaves ``check`` null.
    """
    from tap.reports.findings_json import findings_document  # noqa: PLC0415 - loads all rules

    document = {
        "target": target,
        "line": summary.line,
        "empty": summary.empty,
        "irreversible": [change.address for change in summary.irreversible],
        **asdict(summary),
        "check": findings_document(judgement) if judgement else None,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def summary_markdown(
    summary: Summary,
    *,
    target: str,
    judgement: Judgement | None = None,
    limit: int = COMMENT_LIMIT,
) -> str:
    """Return a summary as a comment on a pull request; Terraform's line comes last.

    What does not fit is left out, the least dangerous first, and how much that is, is said.

    Args:
        summary: What the plan does.
        target: The sentence that says what would be touched.
        judgement: What rules say about the plan, if they were asked.
        limit: The most bytes of UTF-8 that the comment may have.
    """
    from tap.reports.findings_markdown import findings_section  # noqa: PLC0415 - loads all rules

    head = f"### {target}\n"
    checked = list(findings_section(judgement)) if judgement else []
    if summary.empty:
        return "\n".join([head, *checked, _NO_CHANGES])
    left = limit - size(head) - size(f"\n{summary.line}") - size(_left_out(10**9))
    lines = [*checked, *_markdown_lines(summary)]
    kept: list[str] = []
    for line in lines:
        left -= size(line)
        if left < 0:
            break
        kept.append(line)
    if len(kept) < len(lines):
        missing = sum(bool(line) and not line.startswith("**") for line in lines[len(kept) :])
        missing -= _TABLE_HEAD in lines[len(kept) :]
        kept.append(_left_out(missing))
    return "\n".join([head, *kept, "", summary.line])


def _markdown_lines(summary: Summary) -> Iterator[str]:
    if summary.irreversible:
        yield "**CANNOT BE UNDONE**\n"
        for change in summary.irreversible:
            yield f"- **{_VERBS[change.action]}** {code(change.address)} ({change.risk})"
        yield ""
    for title, affected in _listed(summary):
        yield f"**{title}**\n"
        yield from (f"- {_change_text(change, code)}" for change in affected)
        yield ""
    if summary.outputs:
        yield f"Outputs: {', '.join(map(code, summary.outputs))}\n"
    if summary.groups:
        yield _TABLE_HEAD
        for group in summary.groups:
            module = cell(code(group.module)) if group.module else "(root)"
            yield f"| {module} | {cell(code(group.type))} | {_counts_text(group.counts)} |"


def _fitting(lines: list[str], limit: int) -> list[str]:
    """Return the first lines, as many as fit, and how many do not."""
    if sum(map(size, lines)) <= limit:
        return lines
    left = limit - size(_left_out(10**9))
    kept = list(takewhile(lambda total: total <= left, accumulate(map(size, lines))))
    missing = sum(map(bool, lines[len(kept) :]))
    return [*lines[: len(kept)], _left_out(missing)]


def _left_out(number: int) -> str:
    return f"\n{number} more lines do not fit into a comment: run `tap plan` to see them."


def _counts_lines(summary: Summary) -> list[str]:
    """Return the counts of each module, and under it of each kind of resource."""
    rows: list[tuple[str, str]] = []
    kinds = {(group.module, group.type): group.counts for group in summary.groups}
    for module, counts in summary.by_module().items():
        rows.append((f"  {module or '(root)'}", _counts_text(counts)))
        rows += [
            (f"    {kind}", _counts_text(own))
            for (owner, kind), own in kinds.items()
            if owner == module
        ]
    width = max((len(name) for name, _ in rows), default=0)
    return [f"{name:<{width}}  {counts}" for name, counts in rows]


def _counts_text(counts: Counts) -> str:
    parts = {
        "to create": counts.add - counts.replace,
        "to change": counts.change,
        "to replace": counts.replace,
        "to destroy": counts.destroy - counts.replace,
        "to import": counts.imports,
        "to forget": counts.forget,
        "to read": counts.read,
        "to move": counts.move,
    }
    return ", ".join(f"{number} {name}" for name, number in parts.items() if number > 0)


def _listed(summary: Summary) -> Iterator[tuple[str, list[PlannedChange]]]:
    """Yield what is listed by address, the most dangerous first."""
    for action, title in _LISTED.items():
        affected = [change for change in summary.changes if change.action is action]
        if affected:
            yield title, affected


def _change_text(change: PlannedChange, code: Callable[[str], str]) -> str:
    address = code(change.address)
    if change.forced_by:
        return f"{address}  (forced by {', '.join(map(code, change.forced_by))})"
    if change.explanation:
        return f"{address}  ({change.explanation})"
    if change.action is Action.UPDATE:
        return f"{address}  ({', '.join(map(code, change.attributes))})"
    return address
