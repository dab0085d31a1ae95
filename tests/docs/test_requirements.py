"""Every requirement of docs/requirements.md has a test in this suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap.testing.marks import PLUGIN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.requirement("TST-1")
def test_no_requirement_lacks_a_test_and_no_test_names_another(
    request: pytest.FixtureRequest, repository: Path, tmp_path: Path
) -> None:
    collected = {item.path for item in request.session.items}
    if collected.issuperset((repository / "tests").rglob("test_*.py")):
        plugin: Any = request.config.pluginmanager.get_plugin(PLUGIN)
        report = plugin.report(whole=True)
        missing, unknown = [each.id for each in report.having("missing")], report.unknown
    else:
        # Only some tests were asked for, so all are collected beside them.
        missing, unknown = collect_all(repository, tmp_path / "report.json")
    assert list(missing) == [], "mark a test with each of these, or take it out of the table"
    assert list(unknown) == [], "docs/requirements.md has no row for these"


def collect_all(repository: Path, file: Path) -> tuple[list[str], list[str]]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:randomly"]
    done = subprocess.run(
        [*command, "--requirements-report", file],
        cwd=repository,
        env=environ,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(file.read_text())
    missing = [each["id"] for each in report["requirements"] if each["status"] == "missing"]
    return missing, report["unknown"]
