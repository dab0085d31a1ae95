"""Coverage as text: a table of the modules, and what is missing with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.coverage.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.coverage.model import Branch, Coverage

_TOTAL = "total"


def coverage_text(coverage: Coverage) -> str:
    """Return the whole report."""
    return "\n".join([*_table(coverage), *_missing(coverage), *_excused(coverage), ""])


def missing_line(branch: Branch) -> str:
    """Return where something that is missing stands, and what it is."""
    item = branch.item
    doubt = " (could not be worked out)" if branch.unknown else ""
    return f"{item.file}:{item.line}: {item.kind} never {branch.name}{doubt}: {item.name}"


def _table(coverage: Coverage) -> Iterator[str]:
    heads = [f"{kind}s" for kind in Kind]
    rows = [
        (module, *(_share(coverage.of(module=module, kind=kind)) for kind in Kind))
        for module in coverage.modules()
    ]
    rows.append((_TOTAL, *(_share(coverage.of(kind=kind)) for kind in Kind)))
    table = [("module", *heads), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, *cells in table:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *aligned])


def _share(part: Coverage) -> str:
    return f"{part.covered}/{part.total} {part.percent:5.1f}%" if part.total else "-"


def _missing(coverage: Coverage) -> Iterator[str]:
    if coverage.missing:
        yield from ("", "Not exercised by any test that asserts:")
        yield from (f"  {missing_line(branch)}" for branch in coverage.missing)


def _excused(coverage: Coverage) -> Iterator[str]:
    excused = [branch for branch in coverage.branches if not branch.counts]
    if excused:
        yield from ("", "Impossible, and not counted:")
    for branch in excused:
        item = branch.item
        yield f"  {item.file}:{item.line}: {branch.name}: {item.name}: {branch.excused}"
