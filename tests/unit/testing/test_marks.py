"""The report of requirements, from runs of pytest in repositories of somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-1")

TABLE = """
| ID | what |
|---|---|
| NET-1 | a network |
| NET-2 | routes |
| NET-3 | rules |
| NET-4 | endpoints |
| SEC-1 | groups |
"""

TESTS = """
import pytest

@pytest.mark.requirement("NET-1")
def test_shown(): pass

@pytest.mark.requirement("NET-1", "NET-2")
def test_skipped_as_well(): pytest.skip("no weighted answers here")

@pytest.fixture
def broken(): raise RuntimeError

@pytest.mark.requirement("NET-3")
@pytest.mark.parametrize("good", [True, False])
def test_failing(good): assert good

@pytest.mark.requirement("NET-4")
def test_left_out(): pass

@pytest.mark.requirement("XYZ-9")
def test_unknown(): pass
"""

STATUS = {
    "NET-1": "met",
    "NET-2": "skipped",
    "NET-3": "failed",
    "NET-4": "not run",
    "SEC-1": "missing",
}
LINE = (
    "requirements: 1 of 5 met, 1 failed (NET-3), 1 skipped (NET-2), 1 not run, 1 missing (SEC-1), "
    "1 unknown (XYZ-9)"
)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest where somebody else has tests; nothing of this run reaches it."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(
        # -B: a test that is written again within a second has to be compiled again.
        [sys.executable, "-B", "-m", "pytest", "-p", "no:randomly", *options],
        cwd=folder,
        env=environ,
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    (tmp_path / "test_theirs.py").write_text(TESTS)
    (tmp_path / "needs.md").write_text(TABLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    return tmp_path


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_every_requirement_has_its_status_also_with_several_workers(
    theirs: Path, workers: Sequence[str]
) -> None:
    options = ["--requirements", "needs.md", "-k", "not left_out", *workers]
    done = run(theirs, *options, "--requirements-report", "out/report.json")
    assert LINE in done.stdout.splitlines(), done.stdout
    report: dict[str, Any] = json.loads((theirs / "out" / "report.json").read_text())
    found = {each["id"]: each for each in report["requirements"]}
    assert {name: each["status"] for name, each in found.items()} == STATUS
    assert found["NET-1"]["tests"] == {"passed": 1, "failed": 0, "skipped": 1}
    assert found["NET-2"]["skips"] == ["no weighted answers here"]
    assert found["NET-3"]["failures"] == ["test_theirs.py::test_failing[False]"]
    assert found["NET-4"]["title"] == "endpoints"
    assert report["unknown"] == ["XYZ-9"]


def test_one_line_is_enough_when_all_is_met(theirs: Path) -> None:
    (theirs / "needs.md").write_text("| NET-1 | a network |\n")
    done = run(theirs, "--requirements", "needs.md", "-k", "shown", "--requirements-report", "r.md")
    assert "requirements: 1 of 1 met, 4 unknown" in done.stdout
    for mark in ("NET-2", "NET-3", "NET-4", "XYZ-9"):
        text = (theirs / "test_theirs.py").read_text()
        (theirs / "test_theirs.py").write_text(text.replace(mark, "NET-1"))
    done = run(theirs, "--requirements", "needs.md", "-k", "shown", "--requirements-report", "r.md")
    assert "requirements: all 1 met" in done.stdout.splitlines()
    assert "| NET-1 | a network | met | 1 passed |" in (theirs / "r.md").read_text()


def test_a_few_tests_of_many_leave_nothing_missing(theirs: Path) -> None:
    done = run(theirs, "--requirements", "needs.md", "test_theirs.py::test_shown")
    assert "requirements: 1 of 5 met, 4 not run" in done.stdout.splitlines(), done.stdout


def test_details_name_tests_and_reasons(theirs: Path) -> None:
    done = run(theirs, "--requirements", "needs.md", "--requirements-details")
    lines = done.stdout.splitlines()
    assert "NET-2   skipped 1 skipped" in lines
    assert "        skipped: no weighted answers here" in lines
    assert "        failed: test_theirs.py::test_failing[False]" in lines


def test_a_file_that_names_nothing_is_refused_with_what_to_write(theirs: Path) -> None:
    (theirs / "needs.md").write_text("# Nothing\n")
    done = run(theirs, "--requirements", "needs.md")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "needs.md names no requirement\nNext: write one row for each" in done.stderr
