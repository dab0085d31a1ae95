"""Traffic that is made up on the emulator: what alarms and evidence make of it."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap.traffic.capacity import read_health
from tap.traffic.emulation import Emulation
from tap.traffic.evidence import take_evidence
from tap.traffic.phases import green_share
from tap.traffic.rehearsal import Scenario
from tap.traffic.switch import write_weights
from tests.integration.traffic.applied import places_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment
    from tap.traffic.phases import Weights
    from tap.traffic.samples import Evidence

pytestmark = [
    pytest.mark.requirement("TRF-3", "MON-2", "FUN-3"),
    pytest.mark.xdist_group("dev"),
    pytest.mark.timeout(900),
]


@pytest.fixture
def dev(named_deployment: Callable[[str], Deployment]) -> Iterator[Deployment]:
    """Return dev, and leave it with good traffic to blue."""
    deployment = named_deployment("dev")
    deployment.require()
    yield deployment
    steer(deployment, green_share(0))
    emulation = emulation_of(deployment)
    emulation.choose_health({})
    emulation.rewrite(datetime.now(UTC), 15)


def emulation_of(deployment: Deployment) -> Emulation:
    return Emulation(
        emulator=deployment.emulator,
        target=target_of(deployment),
        places=places_of(deployment),
        scenario=Scenario(),
    )


def steer(deployment: Deployment, weights: Weights) -> None:
    write_weights(target_of(deployment), places_of(deployment), weights)


def make_up(deployment: Deployment, *words: str) -> tuple[dict[str, Any], Evidence]:
    """Make up traffic of seven minutes and return what is said of it and what is found.

    Both must fall into the same minute, or they are not about the same seven.
    """
    command = ("emulator", "traffic", "dev", "--output", "json", "--minutes", "7", *words)
    while True:
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        told = json.loads(deployment.project.run(*command).stdout)
        since, now = minute - timedelta(minutes=7), datetime.now(UTC)
        found = take_evidence(target_of(deployment), places_of(deployment), since=since, until=now)
        if now.replace(second=0, microsecond=0) == minute:
            return told, found


def test_good_traffic_opens_the_gate_and_bad_traffic_closes_it(dev: Deployment) -> None:
    steer(dev, green_share(10))
    good, seen = make_up(dev)
    steer(dev, green_share(50))
    words = ("--errors", "green=0.3", "--latency", "green=9", "--unhealthy", "green=1")
    bad, worse = make_up(dev, "--probe", "80", *words)

    names = dev.outputs["monitoring"]["alarm_names"]
    assert good["gate"]["state"] == "OK"
    counted = {color: facts.requests for color, facts in seen.colors.items()}
    assert counted == {color: each["requests"] for color, each in good["colors"].items()}
    assert 4200 <= sum(counted.values()) <= 4800
    assert 0.05 < counted["green"] / sum(counted.values()) < 0.15
    assert (seen.gate, seen.probe_percent, seen.colors["green"].unhealthy) == ("OK", 100, 0)
    assert seen.colors["green"].p99_seconds == pytest.approx(0.25)

    # The earlier traffic of these minutes is gone.
    green = worse.colors["green"]
    assert green.requests == bad["colors"]["green"]["requests"]
    assert green.errors == bad["colors"]["green"]["errors"]
    assert 0.25 < green.errors / green.requests < 0.35
    assert worse.colors["blue"].errors == 0
    assert green.p99_seconds == pytest.approx(9)
    assert (green.healthy, green.unhealthy) == (0, 1)
    assert worse.probe_percent == pytest.approx(80)
    assert bad["gate"]["state"] == worse.gate == "ALARM"
    for name in ("error_ratio_green", "latency_p99_green", "unhealthy_hosts_green", "probe"):
        assert names[name] in worse.gate_reason
    assert names["error_ratio_blue"] not in worse.gate_reason

    emulation_of(dev).choose_health({})
    health = read_health(target_of(dev), places_of(dev), "green")
    assert (health.healthy, health.unhealthy) == (1, 0)


def test_traffic_goes_on_with_the_weights_of_the_moment(dev: Deployment) -> None:
    with dev.project.start(
        "emulator", "traffic", "dev", "--follow", "--requests", "60000"
    ) as process:
        said: list[str] = []
        while not (said and said[-1].startswith("going on with the live weights")):
            said.append(process.stderr.readline() if process.stderr else "")
            assert said[-1], said
        steer(dev, green_share(100))
        moved, found = datetime.now(UTC), None
        while found is None or not (found.colors["green"].requests and found.probe_percent):
            assert datetime.now(UTC) - moved < timedelta(seconds=30), found
            time.sleep(0.2)
            now = datetime.now(UTC)
            found = take_evidence(target_of(dev), places_of(dev), since=moved, until=now)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()

    assert process.returncode == 0, stderr
    assert "gate   payments-dev-traffic-gate is OK\n" in stdout
    assert stderr.endswith("no more requests come\n")
    assert found.colors["blue"].requests == 0
    assert found.probe_percent == 100


def test_what_cannot_be_made_up_is_refused(dev: Deployment) -> None:
    many = dev.project.run("emulator", "traffic", "dev", "--unhealthy", "green=9", expected=2)
    assert "9 targets of green cannot be unhealthy: it has 1" in many.stderr
    odd = dev.project.run("emulator", "traffic", "dev", "--errors", "red=0.1", expected=2)
    assert "'red=0.1' is not blue or green, '=' and a number up to 1" in odd.stderr
