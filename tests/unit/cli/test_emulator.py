"""``tap emulator``: the commands around one emulator."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-2"), pytest.mark.timeout(120)]


def test_an_emulator_that_does_not_run_is_told_so(tap: Tap) -> None:
    assert tap("emulator", "status").stdout == "not running\n"
    assert json.loads(tap("emulator", "status", "--output", "json").stdout)["running"] is False
    assert tap("emulator", "stop").stderr == "it was not running\n"
    reset = tap("emulator", "reset")
    assert reset.returncode == 1
    assert reset.stderr.startswith("Error: ")


def test_an_emulator_is_started_looked_at_emptied_and_stopped(tap: Tap) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"

    assert tap("emulator", "start", "--port", str(port)).stdout == f"{endpoint}\n"
    # Once it runs, it is the same one for everybody.
    assert tap("emulator", "start").stdout == f"{endpoint}\n"
    text = tap("emulator", "status").stdout
    assert re.fullmatch(
        rf"{endpoint} \(process \d+, moto 5\.2\.5, \d+ patches, \d+ MB, "
        r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)\n",
        text,
    )
    found = json.loads(tap("emulator", "status", "--output", "json").stdout)
    assert (found["running"], found["port"]) == (True, port)
    assert tap("emulator", "reset").stderr == "reset\n"
    assert tap("emulator", "stop").stderr == "stopped\n"
    assert tap("emulator", "status").stdout == "not running\n"


def test_the_port_may_come_from_the_environment(tap: Tap) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    done = tap("emulator", "start", env=tap.environ(TAP_EMULATOR_PORT=str(port)))

    assert done.stdout == f"http://127.0.0.1:{port}\n"
