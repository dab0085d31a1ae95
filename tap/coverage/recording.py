"""A plugin of pytest that records plans and what tests read of them.

``pytest --terraform-coverage FOLDER -o enable_assertion_pass_hook=true`` writes into the folder
every plan that comes through the fixture ``terraform_coverage``, and for every test that passed
with an assertion what it read of them. Without the option the fixture hands plans on as they are.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.coverage.records import (
    PLANS,
    READS,
    PlanRecord,
    Read,
    TestRecord,
)
from tap.coverage.watched import watched_plan

if TYPE_CHECKING:
    from collections.abc import Generator

    Reported = Generator[None, pytest.TestReport, pytest.TestReport]

_OPTION = "--terraform-coverage"
_HOOK = "enable_assertion_pass_hook"
_SOURCES = (".tf", ".tf.json")


class TerraformCoverage:
    """What the fixture of the same name gives; this one records nothing."""

    def plan(self, plan: dict[str, Any], root: Path) -> dict[str, Any]:
        """Return a plan that remembers who reads what of it.

        Args:
            plan: A plan in JSON, as ``terraform show -json`` prints it.
            root: The folder that was planned, as it is now.
        """
        del root
        return plan

    def refused(self, errors: str, root: Path) -> None:
        """Record that a plan was refused.

        Args:
            errors: What Terraform printed.
            root: The folder that was planned, as it is now.
        """


class Recorder(TerraformCoverage):
    """Records plans and reads; a plugin.

    Args:
        folder: Where to, made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._test = ""
        self._assertions: dict[str, int] = defaultdict(int)
        self._reads: dict[str, set[Read]] = defaultdict(set)
        (folder / PLANS).mkdir(parents=True, exist_ok=True)

    def plan(self, plan: dict[str, Any], root: Path) -> dict[str, Any]:
        """Keep a plan and return it so that reading it is noticed."""
        digest = self._keep(PlanRecord(root=str(root), files=_sources(root), plan=plan))
        return watched_plan(plan, lambda *what: self._reads[self._test].add(Read(digest, *what)))

    def refused(self, errors: str, root: Path) -> None:
        """Keep what was asked for and why it was refused."""
        digest = self._keep(PlanRecord(root=str(root), files=_sources(root), errors=errors))
        self._reads[self._test].add(Read(digest))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember whose reads come now."""
        self._test = nodeid

    def pytest_assertion_pass(self) -> None:
        """Count the assertions of a test."""
        self._assertions[self._test] += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write what a test read, once it has passed with an assertion."""
        report = yield
        if report.when == "call" and report.passed and self._assertions.pop(item.nodeid, 0):
            self._write(item)
        return report

    def _write(self, item: pytest.Item) -> None:
        reads = self._reads.pop(item.nodeid, set())
        # pytest-xdist adds the group that a test is in.
        groups = [f"@{mark.args[0]}" for mark in item.iter_markers("xdist_group") if mark.args]
        name = item.nodeid.removesuffix(groups[0]) if groups else item.nodeid
        if reads:
            line = msgspec.json.encode(TestRecord(test=name, reads=tuple(reads)))
            with (self._folder / f"{READS}{os.getpid()}.jsonl").open("ab") as file:
                file.write(line + b"\n")

    def _keep(self, record: PlanRecord) -> str:
        content = msgspec.json.encode(record)
        digest = hashlib.sha256(content).hexdigest()[:32]
        (self._folder / PLANS / f"{digest}.json").write_bytes(content)
        return digest


def _sources(root: Path) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(root.iterdir())
        if path.name.endswith(_SOURCES)
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("terraform").addoption(
        _OPTION,
        type=Path,
        metavar="FOLDER",
        help="record into this folder the plans of Terraform and what tests read of them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record if that is asked for."""
    folder = config.getoption(_OPTION)
    if folder is None:
        return
    if not config.getini(_HOOK):
        raise pytest.UsageError(f"{_OPTION} counts assertions: add -o {_HOOK}=true")
    # Tests that were compiled without that hook count nothing, and pytest cannot tell them apart.
    sys.pycache_prefix = str(folder.resolve() / "bytecode")
    config.pluginmanager.register(Recorder(folder.resolve()), "terraform-coverage")


@pytest.fixture(scope="session")
def terraform_coverage(pytestconfig: pytest.Config) -> TerraformCoverage:
    """Return what records plans for ``tap coverage``, or hands them on without the option."""
    found: TerraformCoverage | None = pytestconfig.pluginmanager.get_plugin("terraform-coverage")
    return found or TerraformCoverage()
