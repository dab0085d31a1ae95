"""The integration suite on LocalStack: what is shown there, what is skipped, and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY
from tests.integration.localstack.runtime import UnavailableError, running, version
from tests.integration.localstack.suite import NOT_OF_THE_TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = Path(__file__).parent / "shown.json"


@pytest.mark.requirement("TST-3")
@pytest.mark.timeout(900)
def test_localstack_shows_what_is_recorded_and_the_rest_is_skipped_with_the_reason(
    tmp_path: Path, progress: Callable[[str], None], pytestconfig: pytest.Config
) -> None:
    progress("localstack: starting")
    try:
        with running(tmp_path) as endpoint:
            report = run_suite(endpoint, tmp_path / "report.json")
    except UnavailableError as error:
        pytest.skip(str(error))
    progress("localstack: done")
    found = {"version": version(), "requirements": shown(report)}
    if pytestconfig.getoption("--write-localstack"):
        RECORD.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(RECORD.read_text()), "if this is right, run: make localstack"


def run_suite(endpoint: str, file: Path) -> dict[str, Any]:
    """Run the integration suite there; return the report of requirements."""
    foreign = ("PYTEST_", "AWS_", "TAP_", "TF_")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    words = ["tests/integration", "--target", "localstack", "--env", "dev", "--keep-applied"]
    words += ["-q", "--tb=short", "-p", "no:randomly", "--requirements-report", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=REPOSITORY,
        env=environ | {"AWS_ENDPOINT_URL": endpoint},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    return report


def shown(report: dict[str, Any]) -> dict[str, Any]:
    """Return status and reasons of each requirement whose tests ask the target."""
    found = {}
    for each in report["requirements"]:
        reasons = sorted(set(each["skips"]) - NOT_OF_THE_TARGET)
        if each["status"] == "met" or (each["status"] == "skipped" and reasons):
            status = "shown" if each["status"] == "met" else "skipped"
            found[each["id"]] = {"status": status, "skipped": reasons}
    return found
