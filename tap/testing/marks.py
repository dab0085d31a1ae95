"""The part of the plugin that reads ``requirement`` marks and tells what they came to.

Marks travel as ``user_properties`` of the tests' reports, so they reach the process that reports
also from the workers of xdist.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tap.errors import TapError
from tap.testing.requirements import (
    Ledger,
    Report,
    detail_lines,
    read_titles,
    summary_line,
    write_report,
)

MARK = "requirement"
PLUGIN = "tap-requirements"
_FROM_WORKER = "tap_requirements"


def add_options(parser: pytest.Parser) -> None:
    """Add what asks for the report."""
    group = parser.getgroup("tap", "tap: tests of Terraform")
    words = "Markdown file whose tables name the requirements in their first column"
    parser.addini(MARK + "s", words, type="string", default="")
    group.addoption("--requirements", metavar="FILE", help=words)
    group.addoption(
        "--requirements-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write which requirements were shown; Markdown if it ends with .md, else JSON",
    )
    group.addoption(
        "--requirements-details",
        action="store_true",
        help="print every requirement, not only how many are met",
    )


class Requirements:
    """Collects marks and outcomes, and reports at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ledger = Ledger()
        config.addinivalue_line(
            "markers", f"{MARK}(*ids): the requirements, such as NET-3, that the test shows"
        )
        named = config.getoption("--requirements")
        file = Path(config.invocation_params.dir, named) if named else self._ini_file()
        try:
            self._titles = read_titles(file) if file else None
        except TapError as error:
            raise pytest.UsageError(f"{error.message}\nNext: {error.hint}") from None

    def _ini_file(self) -> Path | None:
        value = self._config.getini(MARK + "s")
        return Path(self._config.rootpath, value) if value else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note what the tests name, before any is deselected."""
        for item in items:
            for name in _ids(item):
                self._ledger.named.add(name)
                item.user_properties.append((MARK, name))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a phase of a test ended."""
        ids = [str(value) for key, value in report.user_properties if key == MARK]
        if ids:
            self._ledger.note(report.nodeid, ids, report.outcome, _reason(report))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what a worker has collected."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_FROM_WORKER] = sorted(self._ledger.named)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker has collected; a crashed one hands over nothing."""
        output = getattr(node, "workeroutput", {})
        self._ledger.named.update(output.get(_FROM_WORKER, ()))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the report, and write it where that was asked for."""
        if self._titles is None and not self._ledger.named:
            return
        report = self.report()
        for name in self._config.getoption("--requirements-report"):
            write_report(report, Path(self._config.invocation_params.dir, name))
        if self._config.getoption("--requirements-details"):
            terminalreporter.section("requirements")
            for line in detail_lines(report):
                terminalreporter.write_line(line)
        terminalreporter.write_line(summary_line(report))

    def report(self, *, whole: bool | None = None) -> Report:
        """Return what has been shown so far.

        Args:
            whole: Whether all tests were collected; None decides by what pytest was asked for.
        """
        if whole is None:
            everything = self._config.getini("testpaths") or [str(self._config.rootpath)]
            whole = self._config.args == everything
        return self._ledger.report(self._titles, whole=whole)


def _ids(item: pytest.Item) -> list[str]:
    return list(dict.fromkeys(str(name) for mark in item.iter_markers(MARK) for name in mark.args))


def _reason(report: pytest.TestReport) -> str:
    if expected := getattr(report, "wasxfail", None):
        return f"is expected to fail: {expected}"
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""
