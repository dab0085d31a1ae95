"""``tap status``, ``tap shift``, ``tap rollback`` and ``tap emulator traffic`` on the emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap.traffic.phases import green_share
from tap.traffic.switch import read_weights, wanted

if TYPE_CHECKING:
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-1", "TRF-2", "TRF-3", "TRF-4"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]


def made_up(stage: Stage, *options: str) -> dict[str, Any]:
    done = stage.run("emulator", "traffic", "colored", "--output", "json", *options)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_traffic_is_made_up_moved_and_taken_back(stage: Stage) -> None:
    told = made_up(stage, "--minutes", "3")
    assert told["gate"] == {"name": stage.places.gate, "state": "OK", "reason": told["gate"]["reason"]}
    assert told["colors"]["green"]["requests"] == 0 < told["colors"]["blue"]["requests"]

    moved = stage.run("shift", "colored", "--to", "canary", "--bake", "0s", "--output", "json")
    print(moved)
    assert read_weights(stage.world.target, stage.places) == wanted(green_share(10), "listener")
    status = stage.run("status", "colored")
    print(status.stdout, status.stderr)
    back = stage.run("rollback", "colored")
    print(back)
    assert 0
