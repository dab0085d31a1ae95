"""Coverage as Cobertura XML: a package for each module, a class for each file.

A line is one on which something begins that can be covered; it is hit as often as there are tests
that exercise it. What has two branches is a condition of its line.

Source: http://cobertura.sourceforge.net/xml/coverage-04.dtd
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tap.coverage.model import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.coverage.model import Branch

_DOCTYPE = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
)


def coverage_cobertura(coverage: Coverage, *, source: str, version: str, timestamp: int) -> str:
    """Return coverage as XML.

    Args:
        coverage: The coverage.
        source: The folder that the names of files are relative to.
        version: Of this program.
        timestamp: Now, in milliseconds since 1970.
    """
    counted = Coverage(branches=tuple(each for each in coverage.branches if each.counts))
    root = Element("coverage", _rates(counted.branches))
    lines = _lines(counted.branches)
    conditions = [each for each in counted.branches if _is_condition(each)]
    root.set("lines-covered", str(_hit(lines.values())))
    root.set("lines-valid", str(len(lines)))
    root.set("branches-covered", str(sum(each.covered for each in conditions)))
    root.set("branches-valid", str(len(conditions)))
    root.set("complexity", "0")
    root.set("version", version)
    root.set("timestamp", str(timestamp))
    SubElement(SubElement(root, "sources"), "source").text = source
    packages = SubElement(root, "packages")
    for module in counted.modules():
        _add_package(packages, module, counted.of(module=module))
    indent(root)
    return f"{_DOCTYPE}{tostring(root, encoding='unicode')}\n"


def _add_package(packages: Element, module: str, part: Coverage) -> None:
    attributes = {"name": module.replace("/", "."), **_rates(part.branches), "complexity": "0"}
    classes = SubElement(SubElement(packages, "package", attributes), "classes")
    for file in dict.fromkeys(each.item.file for each in part.branches):
        branches = part.of(file=file).branches
        name = file.rpartition("/")[2]
        attributes = {"name": name, "filename": file, **_rates(branches), "complexity": "0"}
        found = SubElement(classes, "class", attributes)
        SubElement(found, "methods")
        lines = SubElement(found, "lines")
        for (_, number), on_line in sorted(_lines(branches).items()):
            _add_line(lines, number, on_line)


def _add_line(lines: Element, number: int, branches: list[Branch]) -> None:
    line = SubElement(lines, "line", number=str(number), hits=str(_hits(branches)))
    conditions = [each for each in branches if _is_condition(each)]
    line.set("branch", "true" if conditions else "false")
    if not conditions:
        return
    line.set("condition-coverage", _share(conditions))
    listed = SubElement(line, "conditions")
    for place, item in enumerate(dict.fromkeys(each.item for each in conditions)):
        own = [each for each in conditions if each.item == item]
        percent = _share(own).partition(" ")[0]
        SubElement(listed, "condition", number=str(place), type="jump", coverage=percent)


def _rates(branches: Iterable[Branch]) -> dict[str, str]:
    branches = tuple(branches)
    lines = _lines(branches).values()
    conditions = [each for each in branches if _is_condition(each)]
    return {
        "line-rate": _rate(_hit(lines), len(lines)),
        "branch-rate": _rate(sum(each.covered for each in conditions), len(conditions)),
    }


def _lines(branches: Iterable[Branch]) -> dict[tuple[str, int], list[Branch]]:
    found: dict[tuple[str, int], list[Branch]] = {}
    for branch in branches:
        found.setdefault((branch.item.file, branch.item.line), []).append(branch)
    return found


def _hits(branches: list[Branch]) -> int:
    return len({test for branch in branches for test in branch.tests})


def _hit(lines: Iterable[list[Branch]]) -> int:
    return sum(_hits(line) > 0 for line in lines)


def _is_condition(branch: Branch) -> bool:
    return len(branch.item.branches) > 1


def _share(branches: list[Branch]) -> str:
    covered = sum(each.covered for each in branches)
    return f"{100 * covered // len(branches)}% ({covered}/{len(branches)})"


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "1"
