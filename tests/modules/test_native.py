"""The modules' own tests (``modules/*/tests/*.tftest.hcl``), run by ``terraform test``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.hcl import load_module
from tap.terraform.installation import find_terraform, terraform_environ

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(file.parent.parent.name for file in REPOSITORY.glob("modules/*/tests/v*.hcl"))


def test_every_module_has_tests_of_its_validations() -> None:
    assert sorted(file.parent.name for file in REPOSITORY.glob("modules/*/main.tf")) == MODULES


@pytest.mark.requirement("STK-3", "TST-1")
@pytest.mark.parametrize(
    "module",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"native {name}")) for name in MODULES],
)
def test_terraform_test_passes(
    module: str, tmp_path: Path, progress: Callable[[str], None]
) -> None:
    folder = tmp_path / module
    shutil.copytree(REPOSITORY / "modules" / module, folder)
    shutil.copy(REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl", folder)
    environ = {**terraform_environ(os.environ, folder=tmp_path), "NO_COLOR": "1"}
    terraform = find_terraform(os.environ).path
    for arguments in (["init", "-backend=false", "-input=false"], ["test", "-no-color"]):
        progress(f"modules/{module}: terraform {arguments[0]}")
        done = subprocess.run(
            [terraform, *arguments],
            cwd=folder,
            env=environ,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed, 0 failed", done.stdout)
    assert passed is not None, done.stdout
    runs = sum(
        len(re.findall(r"^run \"", file.read_text(), re.MULTILINE))
        for file in (folder / "tests").glob("*.tftest.hcl")
    )
    assert int(passed[1]) == runs


@pytest.mark.requirement("STK-3", "TST-1")
@pytest.mark.parametrize("module", MODULES)
def test_every_validated_variable_is_refused_by_some_test(module: str) -> None:
    folder = REPOSITORY / "modules" / module
    validated = {
        variable.name for variable in load_module(folder).variables.values() if variable.validations
    }
    tests = "".join(file.read_text() for file in (folder / "tests").glob("*.tftest.hcl"))
    blocks = re.findall(r"expect_failures\s*=\s*\[(.*?)\]", tests, re.DOTALL)
    refused = set(re.findall(r"var\.(\w+)", " ".join(blocks)))
    assert validated - refused == set()
