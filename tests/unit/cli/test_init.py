"""``tap init`` on the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(120)]


@pytest.mark.requirement("STA-1", "STA-2")
def test_an_environment_is_prepared_once_and_says_where_its_state_is(world: World) -> None:
    world.environment("prepared")
    ready = [
        f"prepared on the embedded emulator at {world.target.endpoint}, account 123456789012",
        "ready; the state is in s3://shop-terraform-state-123456789012",
    ]

    first, second = world.tap("init", "prepared"), world.tap("init", "prepared")

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stderr.splitlines()[-3:] == ["initialized environments/prepared", *ready]
    assert second.stderr.splitlines()[-2:] == ready
    assert "initialized" not in second.stderr
