"""How many environments ``tap drift`` looks at side by side, and what it says of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap.cli.drift import fitting
from tap.parallel import processors
from tap.settings import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import World

pytestmark = pytest.mark.requirement("TAP-1")


def _environments(folder: Path, number: int, providers: int) -> list[Environment]:
    found = []
    for index in range(number):
        directory = folder / str(index)
        directory.mkdir(parents=True)
        blocks = 'provider "aws" {\n}\n' * providers
        (directory / "main.tf").write_text(f'# provider "aws"\n{blocks}')
        found.append(Environment(name=str(index), directory=directory, account_id=None))
    return found


def test_never_more_than_environments_or_processors_and_one_at_least(tmp_path: Path) -> None:
    assert fitting(_environments(tmp_path / "one", 1, providers=0)) == 1
    assert fitting(_environments(tmp_path / "many", 500, providers=0)) <= processors()
    # No machine has the memory for a thousand providers.
    assert fitting(_environments(tmp_path / "large", 2, providers=10_000)) == 1


@pytest.mark.requirement("TAP-3")
@pytest.mark.timeout(180)
def test_what_is_applied_and_what_is_not_are_looked_at_side_by_side(world: World) -> None:
    world.environment("undrifted")
    world.environment("unmade")
    assert world.tap("apply", "undrifted").returncode == 0

    found = world.tap("drift", "undrifted", "unmade", "--jobs", "2", "--output", "json")

    assert found.returncode == 0, found.stderr
    listed = json.loads(found.stdout)["environments"]
    assert [(each["environment"], each["applied"]) for each in listed] == [
        ("undrifted", True),
        ("unmade", False),
    ]
    assert "looking at 2 environments, 2 at a time\n" in found.stderr


@pytest.mark.requirement("TAP-3")
@pytest.mark.timeout(180)
def test_an_environment_that_cannot_be_planned_is_an_error_and_others_are_told(
    world: World,
) -> None:
    world.environment("undone")
    (world.environment("unreadable") / "main.tf").write_text("resource {", encoding="utf-8")

    found = world.tap("drift", "undone", "unreadable", "--output", "markdown")

    assert found.returncode == 1
    assert "undone" in found.stdout
    assert "Error: unreadable: " in found.stderr
