"""``tap output`` and ``tap init`` on the emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TAP-1", "STK-7"), pytest.mark.timeout(120)]


def test_an_environment_that_is_not_applied_has_no_outputs_and_says_so(world: World) -> None:
    world.environment("unapplied")

    done = world.tap("output", "unapplied", "--output", "json")

    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    assert done.stderr.endswith("nothing is applied; run: tap apply unapplied\n")


def test_outputs_of_an_applied_environment_are_json_without_secrets(world: World) -> None:
    world.environment("shown")
    world.tap("apply", "shown")

    done = world.tap("output", "shown", env=world.tap.environ(TAP_OUTPUT="json"))

    assert json.loads(done.stdout) == {"content": "from local", "password": "(sensitive)"}
