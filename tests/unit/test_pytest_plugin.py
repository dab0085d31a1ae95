"""The fixtures that the package gives to the tests of any Terraform repository."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

TEST = """
def test_planned(plan, tmp_path):
    (tmp_path / "main.tf").write_text('resource "terraform_data" "this" {}')
    planned = plan(tmp_path)
    assert [each.address for each in planned.resource_changes] == [
        "module.this.terraform_data.this"
    ]


def test_plain(warm_variables, tmp_path):
    assert warm_variables(tmp_path, {"TF_VAR_a": "b"}) == {"TF_VAR_a": "b"}
"""


@pytest.mark.requirement("TST-1")
def test_the_fixtures_are_there_wherever_the_package_is_installed(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(TEST)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"],
        cwd=tmp_path,
        env=environ | {"TAP_WARM": "0"},
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.stdout.splitlines()[-1].startswith("2 passed"), done.stdout


@pytest.mark.requirement("TAP-5")
def test_this_suite_is_not_run_on_aws(repository: Path) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--target", "aws", "tests/unit/test_errors.py"],
        cwd=repository,
        env=environ,
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "not on aws" in done.stderr
