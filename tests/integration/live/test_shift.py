"""Real requests through a whole shift, a rollback, and a shift to a green that fails.

One after the other, because each begins where the one before has ended; the tests then look at what
was kept of them, in any order.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap.settings import FILE_NAME
from tap.testing.project import Project
from tap.traffic.emulation import Emulation
from tap.traffic.rehearsal import Scenario
from tests.integration.live import acts, figures, plane
from tests.integration.live.follower import rule_weights
from tests.integration.live.meter import Dimensions
from tests.integration.traffic.applied import places_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.emulator.control import Emulator
    from tap.testing.deployment import Deployment
    from tap.testing.project import Ended
    from tests.integration.live.acts import Act

pytestmark = [
    pytest.mark.requirement("TRF-1", "TRF-3", "FUN-3"),
    pytest.mark.xdist_group("dev"),
    pytest.mark.timeout(900),
]

BAKE = "10s"
# A judge that looks often, needs few requests and minds no busy machine. How well it judges is
# tested elsewhere.
SETTINGS = """
[traffic]
interval = "2s"
minimum_requests = 50
latency_margin_seconds = 5
latency_seconds = 10
"""
REQUESTS = 20_000
FAILING = 0.3

_GATE_SECONDS = 90


@dataclass(frozen=True)
class Proof:
    """What came of the three acts.

    Attributes:
        good: A shift to a green that is as good as blue.
        back: The rollback from its end.
        bad: A shift to a green that fails.
        record: The traffic record after all.
        unlogged: Requests that the load balancer could not log, so that no metric has them.
    """

    good: Act
    back: Act
    bad: Act
    record: dict[str, Any]
    unlogged: int


@pytest.fixture(scope="module")
def proof(
    binary: str,
    named_deployment: Callable[[str], Deployment],
    progress: Callable[[str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proof]:
    """Run the three acts on dev, and leave it as it was and with good traffic to blue."""
    dev = named_deployment("dev")
    rule = dev.outputs["load_balancer"]["traffic_rule_arn"]
    groups = dev.outputs["compute"]["target_group_arns"]
    parameter = dev.outputs["traffic"]["parameter_name"]
    elbv2, cloudwatch, ssm = map(dev.client, ("elbv2", "cloudwatch", "ssm"))
    before = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    project = with_settings(dev.project, tmp_path_factory.mktemp("live") / "project")
    dimensions = Dimensions.of(dev.outputs)

    def run(*words: str) -> Callable[[], Ended]:
        return lambda: project.run(*words, expected=None)

    progress("live traffic: shifting dev")
    forget(dev.emulator, dimensions)
    with plane.running(
        binary, lambda: rule_weights(elbv2, rule, groups), cloudwatch, dimensions
    ) as site:
        wait_for_gate(cloudwatch, dev.outputs["monitoring"]["gate_alarm_name"])
        good = acts.perform(site, run("shift", "dev", "--auto", "--bake", BAKE), minimum=REQUESTS)
        back = acts.perform(site, run("rollback", "dev"))
        site.origins["green"].behave(failures=FAILING)
        bad = acts.perform(site, run("shift", "dev", "--auto", "--bake", BAKE))
        unlogged = site.balancer.unlogged()
    record = json.loads(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    yield Proof(good, back, bad, record, unlogged)
    dev.project.run("rollback", "dev")
    ssm.put_parameter(Name=parameter, Value=before, Overwrite=True)
    Emulation(
        emulator=dev.emulator, target=target_of(dev), places=places_of(dev), scenario=Scenario()
    ).rewrite(datetime.now(UTC), 15)


def with_settings(project: Project, directory: Path) -> Project:
    """Return the same project, emulator and states included, with further settings."""
    directory.mkdir()
    for item in project.directory.iterdir():
        if item.name != FILE_NAME:
            (directory / item.name).symlink_to(item)
    (directory / FILE_NAME).write_text((project.directory / FILE_NAME).read_text() + SETTINGS)
    return Project(directory, project.variables)


def forget(emulator: Emulator, dimensions: Dimensions) -> None:
    """Let the metrics begin anew: what other tests have made up is not judged."""
    for namespace, dimension, value in (
        ("AWS/ApplicationELB", "LoadBalancer", dimensions.load_balancer),
        (dimensions.namespace, "FunctionName", dimensions.probe),
    ):
        emulator.call(
            "cloudwatch/forget", namespace=namespace, dimension=dimension, value=value, since=0.0
        )
    # Otherwise the gate is still what it was, for up to a second.
    emulator.call("cloudwatch/evaluate")


def wait_for_gate(cloudwatch: Any, name: str) -> None:
    """Wait until the probe has been heard and the gate is open."""
    deadline = time.monotonic() + _GATE_SECONDS
    while True:
        found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
        (gate,) = found["CompositeAlarms"]
        if gate["StateValue"] == "OK":
            return
        assert time.monotonic() < deadline, gate["StateReason"]
        time.sleep(0.2)


@pytest.fixture
def tell(request: pytest.FixtureRequest, progress: Callable[[str], None]) -> Callable[..., None]:
    """Return a function that shows figures and writes them into the report of the run."""

    def tell(**told: object) -> None:
        # As record_property does, which warns of a schema that knows no properties.
        request.node.user_properties.extend(told.items())
        progress("live traffic: " + ", ".join(f"{name} {value}" for name, value in told.items()))

    return tell


def test_a_full_shift_loses_no_request(proof: Proof, tell: Callable[..., None]) -> None:
    good = proof.good
    tell(requests=len(good.requests), lost=len(good.failed))
    assert good.ended.returncode == 0, good.ended.text
    assert good.green == [0, 10, 50, 100]
    assert len(good.requests) >= REQUESTS
    assert good.failed == []
    assert proof.unlogged == 0


def test_each_step_of_a_shift_has_its_share(proof: Proof, tell: Callable[..., None]) -> None:
    steps = proof.good.steps
    shares = (f"{step.share:.2f} % of {step.requests} (+-{step.bound:.2f})" for step in steps)
    tell(shares=", ".join(shares))
    assert [step for step in steps if not step.within] == []
    assert all(step.requests >= 100 for step in steps)


def test_a_rollback_under_load_loses_no_request(proof: Proof, tell: Callable[..., None]) -> None:
    back = proof.back
    tell(requests=len(back.requests), lost=len(back.failed))
    assert back.ended.returncode == 0, back.ended.text
    assert back.green == [100, 0]
    assert back.failed == []
    assert all(step.within for step in back.steps)


def test_a_green_that_fails_is_taken_back_and_its_damage_is_capped(
    proof: Proof, tell: Callable[..., None]
) -> None:
    bad = proof.bad
    cost = figures.damage(bad.requests, bad.changes)
    tell(requests=len(bad.requests), failed=cost.failed, seconds=round(cost.seconds, 1))
    assert bad.ended.returncode == 4, bad.ended.text
    assert bad.green == [0, 10, 0]
    assert {(each.color, each.fault) for each in bad.failed} == {("green", "500")}
    share = 0.1 * FAILING
    assert cost.failed <= share * cost.exposed + figures.by_chance(cost.exposed, share)
    # Whoever comes later finds blue alone, and the record says so.
    assert bad.steps[-1].within
    assert proof.record["phase"] == "rolled-back"
    assert proof.record["weights"] == {"blue": 100, "green": 0}
