"""The modules' own tests (``modules/*/tests/*.tftest.hcl``), run by ``tap test``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.hcl import load_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.project import Project

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
    module: str, project: Project, progress: Callable[[str], None]
) -> None:
    progress(f"modules/{module}: terraform test")
    ended = project.run("test", module)
    runs = sum(
        len(re.findall(r"^run \"", file.read_text(), re.MULTILINE))
        for file in (REPOSITORY / "modules" / module / "tests").glob("*.tftest.hcl")
    )
    assert f"modules/{module}: {runs} passed" in ended.stderr


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
