"""What a plan does, for a person or for a program."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec

from tap.plan import Action

if TYPE_CHECKING:
    from tap.plan import Counts, PlannedChange, Summary

_NO_CHANGES = "No changes. Your infrastructure matches the configuration."
_ORDER = (Action.DELETE, Action.REPLACE, Action.UPDATE)
_VERBS = {Action.DELETE: "destroy", Action.REPLACE: "replace", Action.UPDATE: "change"}


def summary_text(summary: Summary) -> str:
    """Return the counts by module, everything but creations by address, and Terraform's line."""
    if summary.empty:
        return _NO_CHANGES
    lines: list[str] = []
    modules = {name or "(root)": counts for name, counts in summary.by_module().items()}
    width = max(map(len, modules), default=0)
    lines += [f"  {name:<{width}}  {_counts_text(counts)}" for name, counts in modules.items()]
    for action in _ORDER:
        affected = [change for change in summary.changes if change.action is action]
        if affected:
            lines += ["", f"To {_VERBS[action]}:"]
            lines += [f"  {_change_text(change)}" for change in affected]
    if summary.outputs and not summary.changes:
        lines.append(f"  outputs: {', '.join(summary.outputs)}")
    return "\n".join([*lines, "", summary.line])


def summary_json(summary: Summary, *, target: str) -> str:
    """Return everything a summary holds as one JSON document.

    Args:
        summary: What the plan does.
        target: The sentence that says what would be touched.
    """
    document = {"target": target, "line": summary.line, "empty": summary.empty, **asdict(summary)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


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


def _change_text(change: PlannedChange) -> str:
    if change.forced_by:
        return f"{change.address}  (forced by {', '.join(change.forced_by)})"
    if change.explanation:
        return f"{change.address}  ({change.explanation})"
    if change.action is Action.UPDATE:
        return f"{change.address}  ({', '.join(change.attributes)})"
    return change.address
