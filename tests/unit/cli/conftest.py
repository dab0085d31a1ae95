"""What several commands are tested with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import World


@pytest.fixture
def stack(world: World) -> Iterator[Path]:
    """A file of intents in a project that other tests use as well."""
    file = world.tap.project / "environments" / "_stack" / "intents.txt"
    file.parent.mkdir(parents=True)
    yield file
    file.unlink()
    file.parent.rmdir()
