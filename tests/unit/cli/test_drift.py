"""How many environments ``tap drift`` looks at side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.cli.drift import fitting
from tap.parallel import processors
from tap.settings import Environment

if TYPE_CHECKING:
    from pathlib import Path

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
