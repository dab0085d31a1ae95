"""Coverage as one static page of HTML for each module: its source in colors, and an index."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tap.coverage.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap.coverage.model import Branch, Coverage

# Colors that can be told apart by those who do not see red and green; each has a sign as well.
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .25rem .75rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr + tr { border-top: 1px solid #8884; }
.all { color: light-dark(#0b6a4f, #5cc8a5); }
.some { color: light-dark(#8a5a00, #f0b44c); }
.source { border: 1px solid #8884; border-radius: 4px; overflow-x: auto; }
.source p { font: 13px/1.5 ui-monospace, monospace; white-space: pre; }
.source p { margin: 0; padding: 0 .75rem; }
.source b, .source i { display: inline-block; font-style: normal; font-weight: normal; }
.source b { opacity: .6; text-align: right; width: 4ch; }
.source i { text-align: center; width: 3ch; }
.yes { background: light-dark(#d9f2e8, #123c2f); }
.part { background: light-dark(#fdf0cf, #493407); }
.no { background: light-dark(#fbdcd3, #541f10); }
.off { background: light-dark(#e8e8ee, #30303a); }
details { font-size: 13px; margin-left: 4rem; }
"""
_SIGNS = {"yes": "✓", "part": "±", "no": "✗", "off": "∅", "": ""}
_MOST_TESTS = 5


def coverage_pages(coverage: Coverage, sources: Mapping[str, str]) -> dict[str, str]:
    """Return pages by the name of their file, ``index.html`` among them.

    Args:
        coverage: The coverage.
        sources: The text of each file of the modules, by its name in the repository.
    """
    pages = {
        _page_name(module): _module(coverage, module, sources) for module in coverage.modules()
    }
    return {"index.html": _document("Terraform coverage", _index(coverage)), **pages}


def _page_name(module: str) -> str:
    return f"{module.replace('/', '-')}.html"


def _index(coverage: Coverage) -> Iterator[str]:
    yield "<table><tr><th>module</th>"
    yield from (f"<th>{kind}s</th>" for kind in Kind)
    yield "</tr>"
    for module in coverage.modules():
        link = f'<a href="{_page_name(module)}">{escape(module)}</a>'
        yield from _row(link, coverage.of(module=module))
    yield from _row("total", coverage)
    yield "</table>"


def _row(name: str, part: Coverage) -> Iterator[str]:
    yield f"<tr><td>{name}</td>"
    for kind in Kind:
        found = part.of(kind=kind)
        color = "some" if found.missing else "all"
        text = f"{found.covered}/{found.total} ({found.percent:.1f} %)" if found.total else "∅"
        yield f'<td class="{color}">{text}</td>'
    yield "</tr>"


def _module(coverage: Coverage, module: str, sources: Mapping[str, str]) -> str:
    part = coverage.of(module=module)
    return _document(module, _module_body(part, module, sources))


def _module_body(part: Coverage, module: str, sources: Mapping[str, str]) -> Iterator[str]:
    yield '<p><a href="index.html">all modules</a> · '
    yield "✓ exercised · ± in part · ✗ not · ∅ impossible</p>"
    yield "<table><tr><th></th>"
    yield from (f"<th>{kind}s</th>" for kind in Kind)
    yield "</tr>"
    yield from _row(escape(module), part)
    yield "</table>"
    for file, text in sorted(sources.items()):
        if file.rpartition("/")[0] == module:
            yield f'<h2 id="{escape(file)}">{escape(file)}</h2><div class="source">'
            yield from _lines(part.of(file=file), escape(file.rpartition("/")[2]), text)
            yield "</div>"


def _lines(part: Coverage, file: str, text: str) -> Iterator[str]:
    by_line: dict[int, list[Branch]] = {}
    for branch in part.branches:
        by_line.setdefault(branch.item.line, []).append(branch)
    for number, line in enumerate(text.splitlines(), 1):
        branches = by_line.get(number, [])
        state = _state(branches)
        yield f'<p class="{state}" id="{file}-{number}"><b>{number}</b><i>{_SIGNS[state]}</i> '
        yield f"{escape(line)}</p>"
        if branches:
            yield f"<details{' open' if state in {'part', 'no'} else ''}>"
            yield f"<summary>{_summary(branches)}</summary>"
            yield from (f"<div>{escape(_told(branch))}</div>" for branch in branches)
            yield "</details>"


def _state(branches: list[Branch]) -> str:
    counted = [branch for branch in branches if branch.counts]
    if not counted:
        return "off" if branches else ""
    covered = sum(branch.covered for branch in counted)
    return "yes" if covered == len(counted) else "part" if covered else "no"


def _summary(branches: list[Branch]) -> str:
    counted = [branch for branch in branches if branch.counts]
    return f"{sum(branch.covered for branch in counted)} of {len(counted)}"


def _told(branch: Branch) -> str:
    what = f"{branch.item.kind} {branch.name}: {branch.item.name}"
    if branch.covered:
        more = len(branch.tests) - _MOST_TESTS
        tests = ", ".join(branch.tests[:_MOST_TESTS]) + (f" and {more} more" if more > 0 else "")
        return f"✓ {what}: {tests}"
    if branch.excused:
        return f"∅ {what}: {branch.excused}"
    return f"✗ {what}{' (could not be worked out)' if branch.unknown else ''}"


def _document(title: str, body: Iterator[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{''.join(body)}\n</body></html>\n"
    )
