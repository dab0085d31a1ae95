"""What proofs found, for a person, a program or a pull request."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from tap.proofs.answer import Answer
from tap.proofs.network.traffic import describe_traffic
from tap.reports.markdown import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.proofs.network.matrix import Cell, Matrix
    from tap.proofs.verdict import Proof, Verdict

NOTHING = "-"
"""What a row says where nothing gets through."""


def proofs_line(verdict: Verdict) -> str:
    """Return the outcome as one line."""
    counts = Counter(each.answer for each in verdict.proofs)
    parts = [f"{counts[answer]} {answer}" for answer in Answer if counts[answer]]
    if verdict.unexpected:
        parts.append(f"{len(verdict.unexpected)} unexpected")
    outcome = "hold" if verdict.holds else "do not hold"
    return f"intents of {verdict.subject} {outcome}: {', '.join(parts) or 'there are none'}"


def broken_lines(verdict: Verdict) -> list[str]:
    """Return every intent that does not hold and what nobody expects, with what shows it."""
    lines: list[str] = []
    for proof in verdict.broken:
        lines.append(f"  {proof.answer}: {proof.line.text} ({proof.line.place})")
        lines += [f"    {reason}" for reason in proof.reasons]
    for each in verdict.unexpected:
        doubt = "" if each.certain else "perhaps "
        lines.append(f"  unexpected: {each.source} -> {each.destination}: {doubt}{each.traffic}")
        lines += [f"    {reason}" for reason in each.reasons]
    return lines


def proofs_text(verdict: Verdict, *, matrix: bool) -> str:
    """Return a report for a terminal.

    Args:
        verdict: What was found.
        matrix: Whether every tier against every other is shown, too.
    """
    lines = [f"{each.answer:<8} {each.line.text}" for each in verdict.proofs]
    if matrix:
        rows = [("from", "to", "gets through"), *matrix_rows(verdict.matrix)]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines += ["", *(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)]
    broken = broken_lines(verdict)
    if broken:
        lines += ["", *broken]
    return "\n".join([*lines, "", proofs_line(verdict)])


def proofs_json(verdict: Verdict) -> str:
    """Return everything as one JSON document."""
    document = {
        "subject": verdict.subject,
        "holds": verdict.holds,
        "intents": [_intent(each) for each in verdict.proofs],
        "unexpected": [
            {
                "from": each.source,
                "to": each.destination,
                "traffic": each.traffic,
                "certain": each.certain,
                "reasons": list(each.reasons),
            }
            for each in verdict.unexpected
        ],
        "matrix": [
            {"from": a, "to": b, "traffic": c}
            for a, b, c in matrix_rows(verdict.matrix)
            if c != NOTHING
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def proofs_markdown(verdict: Verdict) -> str:
    """Return a report for a pull request: what does not hold, then the matrix and all intents."""
    lines = [f"**{proofs_line(verdict)}**", ""]
    broken = broken_lines(verdict)
    if broken:
        lines += ["```text", *broken, "```", ""]
    lines += [matrix_markdown(verdict.matrix), ""]
    lines += ["<details><summary>All intents</summary>", "", "| answer | intent |", "| --- | --- |"]
    lines += [f"| {each.answer} | {code(each.line.text)} |" for each in verdict.proofs]
    return "\n".join([*lines, "", "</details>"])


def matrix_markdown(matrix: Matrix) -> str:
    """Return what gets through as a table: a row for each source, a column for each destination."""
    columns = [
        name for name in matrix.tiers if any(name == destination for _, destination in matrix.cells)
    ]
    sources = [name for name in matrix.tiers if any(name == source for source, _ in matrix.cells)]
    lines = [
        f"| from \\ to | {' | '.join(columns)} |",
        "| --- |" + " --- |" * len(columns),
    ]
    for source in sources:
        cells = [matrix.cells.get((source, name)) for name in columns]
        lines.append(f"| **{source}** | {' | '.join(map(_told, cells))} |")
    return "\n".join(lines)


def matrix_rows(matrix: Matrix) -> Iterator[tuple[str, str, str]]:
    """Yield source, destination and what gets through of each pair of tiers."""
    for (source, destination), cell in matrix.cells.items():
        yield source, destination, _told(cell)


def _told(cell: Cell | None) -> str:
    if cell is None or cell.reach is None or not cell.reach.some.perhaps:
        return NOTHING
    surely, perhaps = cell.reach.some.surely, cell.reach.some.perhaps
    told = describe_traffic(surely) if surely else ""
    unclear = perhaps - surely
    return f"{told} (unknown: {describe_traffic(unclear)})".strip() if unclear else told


def _intent(proof: Proof) -> dict[str, object]:
    return {
        "intent": proof.line.text,
        "place": proof.line.place,
        "answer": proof.answer.value,
        "reasons": list(proof.reasons),
    }
