"""Which requirements the tests of a run have shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from tap.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Outcome = Literal["passed", "failed", "skipped"]
Status = Literal["met", "failed", "skipped", "not run", "missing"]

STATUSES: tuple[Status, ...] = ("met", "failed", "skipped", "not run", "missing")

# The first cell of a row of a Markdown table.
_ROW = re.compile(r"^\|\s*([A-Z][A-Z0-9]*-[0-9]+)\s*\|\s*([^|]*?)\s*\|", re.MULTILINE)


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has shown about one requirement.

    Attributes:
        id: Such as ``NET-3``.
        title: What is required; empty where no file says so.
        status: ``met``: a test passed and none failed. ``skipped``: all its tests were skipped.
            ``not run``: its tests were left out. ``missing``: no test names it.
        tests: How many of its tests ended how.
        failures: The tests that failed.
        skips: Why tests were skipped, each reason once.
    """

    id: str
    title: str
    status: Status
    tests: dict[Outcome, int]
    failures: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has shown about all requirements.

    Attributes:
        requirements: In the order of the file; without a file sorted.
        unknown: What tests name although the file does not.
    """

    requirements: tuple[Requirement, ...]
    unknown: tuple[str, ...] = ()

    def having(self, status: Status) -> list[Requirement]:
        """Return the requirements with a status."""
        return [each for each in self.requirements if each.status == status]


@dataclass
class Ledger:
    """Notes of every test which requirements it names and how it ended.

    Attributes:
        named: What the collected tests name, also those that were deselected.
    """

    named: set[str] = field(default_factory=set)
    _outcomes: dict[str, Outcome] = field(default_factory=dict)
    _ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _reasons: dict[str, str] = field(default_factory=dict)

    def note(self, test: str, ids: Iterable[str], outcome: Outcome, reason: str = "") -> None:
        """Note how one phase of a test ended; of several phases the worst one counts."""
        self._ids[test] = tuple(ids)
        self.named.update(self._ids[test])
        worst: list[Outcome] = ["failed", "skipped", "passed"]
        before = self._outcomes.get(test, "passed")
        self._outcomes[test] = min(before, outcome, key=worst.index)
        if outcome == "skipped":
            self._reasons[test] = reason

    def report(self, titles: Mapping[str, str] | None, *, whole: bool) -> Report:
        """Return what was shown.

        Args:
            titles: The requirements there are, with what they ask for; None takes those that the
                tests name.
            whole: Whether all tests were collected; if not, what none names is not missing.
        """
        wanted = titles if titles is not None else dict.fromkeys(sorted(self.named), "")
        return Report(
            requirements=tuple(
                self._judge(name, title, whole=whole) for name, title in wanted.items()
            ),
            unknown=tuple(sorted(self.named - wanted.keys())),
        )

    def _judge(self, name: str, title: str, *, whole: bool) -> Requirement:
        tests = sorted(test for test, ids in self._ids.items() if name in ids)
        ended: dict[Outcome, list[str]] = {
            outcome: [test for test in tests if self._outcomes[test] == outcome]
            for outcome in ("passed", "failed", "skipped")
        }
        status: Status = "missing"
        if ended["failed"]:
            status = "failed"
        elif ended["passed"]:
            status = "met"
        elif ended["skipped"]:
            status = "skipped"
        elif name in self.named or not whole:
            status = "not run"
        return Requirement(
            id=name,
            title=title,
            status=status,
            tests={outcome: len(found) for outcome, found in ended.items()},
            failures=tuple(ended["failed"]),
            skips=tuple(dict.fromkeys(self._reasons[test] for test in ended["skipped"])),
        )


def read_titles(file: Path) -> dict[str, str]:
    """Return the requirements of a Markdown file: every table row that begins with an ID.

    Raises:
        SettingsError: The file cannot be read, names nothing, or names something twice.
    """
    try:
        rows = _ROW.findall(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the requirements in {file} cannot be read: {error}",
            "give the Markdown file with their table by --requirements or the ini of that name",
        ) from None
    names = [name for name, _ in rows]
    if not rows or len(set(names)) < len(names):
        twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
        raise SettingsError(
            f"{file} names {f'{twice} twice' if twice else 'no requirement'}",
            "write one row for each, beginning: | NET-1 | what is required |",
        )
    return dict(rows)


def summary_line(report: Report) -> str:
    """Return one line that counts, and names what is not met."""
    counts = {status: len(report.having(status)) for status in STATUSES}
    if counts["met"] == len(report.requirements) and not report.unknown:
        return f"requirements: all {counts['met']} met"
    parts = [f"{counts['met']} of {len(report.requirements)} met"]
    for status in STATUSES[1:]:
        if found := report.having(status):
            # A run of a few tests leaves most of them out; that needs no list.
            names = "" if status == "not run" else f" ({', '.join(each.id for each in found)})"
            parts.append(f"{len(found)} {status}{names}")
    if report.unknown:
        parts.append(f"{len(report.unknown)} unknown ({', '.join(report.unknown)})")
    return f"requirements: {', '.join(parts)}"


def detail_lines(report: Report) -> list[str]:
    """Return a line for each requirement, with why it is not met."""
    lines = []
    for each in report.requirements:
        counted = ", ".join(
            f"{number} {outcome}" for outcome, number in each.tests.items() if number
        )
        lines.append(f"{each.id:7} {each.status:7} {counted}".rstrip())
        lines += [f"{'':8}failed: {test}" for test in each.failures]
        lines += [f"{'':8}skipped: {reason}" for reason in each.skips]
    return lines


def markdown(report: Report) -> str:
    """Return the report as a table for people."""
    rows = [
        f"| {each.id} | {each.title} | {each.status} | {_words(each)} |"
        for each in report.requirements
    ]
    return "\n".join(
        [
            f"{summary_line(report).capitalize()}.",
            "",
            "| ID | what | status | tests |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def write_report(report: Report, file: Path) -> None:
    """Write the report as Markdown where the file's name ends so, else as JSON."""
    if file.suffix == ".md":
        text = markdown(report)
    else:
        text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _words(each: Requirement) -> str:
    counted = [f"{number} {outcome}" for outcome, number in each.tests.items() if number]
    reasons = [f"skipped: {reason}" for reason in each.skips]
    failures = [f"failed: `{test}`" for test in each.failures]
    return "; ".join([", ".join(counted), *failures, *reasons]).strip("; ").replace("|", "\\|")
