"""The rules there are, as a list, a document and a page for one of them."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

import msgspec

from tap.policy import Scope
from tap.reports.findings_markdown import fenced
from tap.reports.markdown import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap.policy import Rule

_WIDTH = 96
_READS = {
    Scope.HCL: "HCL",
    Scope.PLAN: "plan",
    Scope.BOTH: "plan and HCL",
}


def rules_text(rules: Sequence[Rule]) -> str:
    """Return a line for each rule."""
    rows = [(rule.id, rule.severity.value, _READS[rule.scope], rule.title) for rule in rules]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(part.ljust(width) for part, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )


def rules_json(rules: Iterable[Rule]) -> str:
    """Return everything about rules as a JSON list."""
    document: list[dict[str, Any]] = [
        {
            "id": rule.id,
            "severity": rule.severity,
            "reads": rule.scope,
            "title": rule.title,
            "requirement": _requirement(rule),
            "rationale": rule.rationale,
            "remediation": rule.remediation,
            "references": rule.references,
        }
        for rule in rules
    ]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def rules_markdown(rules: Sequence[Rule]) -> str:
    """Return the reference of rules, with a trailing newline."""
    head = (
        "# Rules of tap check\n\n[How they are used](../guides/check.md), and "
        "[how one is written](../concepts/rules.md).\n\n"
        "| Rule | Severity | Reads | Fault |\n| --- | --- | --- | --- |"
    )
    rows = [
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity} | {_READS[rule.scope]} "
        f"| {cell(_inline(rule.title))} |"
        for rule in rules
    ]
    return "\n".join([head, *rows, "", *map(_section, rules)])


def rule_text(rule: Rule) -> str:
    """Return everything about one rule."""
    paragraphs = [
        f"{rule.id} {rule.severity}: {rule.title}",
        _filled(f"Wanted: {_requirement(rule)}"),
        _filled(f"Why: {rule.rationale}"),
        f"Fix:\n{textwrap.indent(rule.remediation.rstrip(chr(10)), '  ')}",
        f"Reads: {_READS[rule.scope]}",
    ]
    if rule.references:
        paragraphs.append(_filled(f"See: {', '.join(rule.references)}"))
    return "\n\n".join(paragraphs)


def _section(rule: Rule) -> str:
    lines = [
        f"## {rule.id}\n",
        f"**{_inline(rule.title)}** ({rule.severity}, reads {_READS[rule.scope]}).",
        f"Wanted: {_inline(_requirement(rule))}\n",
        f"{_inline(rule.rationale)}\n",
        f"{fenced(rule.remediation)}\n",
    ]
    if rule.references:
        lines.append(f"See {', '.join(rule.references)}.\n")
    return "\n".join(lines)


def _requirement(rule: Rule) -> str:
    """Return what holds where the rule finds nothing: the docstring of its function."""
    documented = rule.check.function.__doc__ or ""
    return " ".join(inspect.cleandoc(documented).split())


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ")


def _inline(text: str) -> str:
    """Return prose that Markdown takes for nothing else."""
    return " ".join(text.split()).replace("``", "`").replace("<", "&lt;").replace("*", "\\*")
