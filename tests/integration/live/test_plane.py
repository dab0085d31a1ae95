"""The data plane by itself: what it is told is what happens, and it hides nothing."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator
from tests.integration.live import figures, plane
from tests.integration.live.meter import Dimensions
from tests.integration.live.programs import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.live.load import Request
    from tests.integration.live.plane import Plane

pytestmark = [pytest.mark.requirement("TRF-3"), pytest.mark.timeout(900)]

CLIENTS, RATE = 24, 800.0


@dataclass
class Site:
    """A data plane that follows weights which no rule holds."""

    plane: Plane
    cloudwatch: Any
    weights: dict[str, int]
    dimensions: Dimensions
    requests: list[Request] = field(default_factory=list)

    @contextmanager
    def load(self) -> Iterator[None]:
        """Send requests; what came of them is in ``requests`` afterwards."""
        load = Load(self.plane.balancer.port, clients=CLIENTS, rate=RATE, minimum=0)
        yield
        self.requests = load.stop()

    def move(self, green: int, *, requests: int = 200) -> None:
        """Change the weights, and wait until so many requests have passed under them."""
        self.weights.update(blue=100 - green, green=green)
        self.plane.carry(requests)

    def total(self, metric: str, color: str = "", statistic: str = "Sum") -> float:
        """Return a metric of all that passed."""
        named = {"LoadBalancer": self.dimensions.load_balancer}
        if color:
            named["TargetGroup"] = self.dimensions.target_groups[color]
        now = datetime.now(UTC)
        stat = {
            "Metric": {
                "Namespace": "AWS/ApplicationELB",
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
            },
            "Period": 86400,
            "Stat": statistic,
        }
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "total", "MetricStat": stat}],
            StartTime=now - timedelta(days=1),
            EndTime=now + timedelta(days=1),
        )
        return float(sum(answer["MetricDataResults"][0]["Values"]))


@pytest.fixture(scope="module")
def cloudwatch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    emulator = Emulator(tmp_path_factory.mktemp("live"))
    endpoint = emulator.start().endpoint
    yield Target(name="local", endpoint=endpoint, region="eu-west-1").client("cloudwatch")
    emulator.stop()


@pytest.fixture
def site(binary: str, cloudwatch: Any, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A plane whose metrics have the name of the test."""
    name = request.node.name
    dimensions = Dimensions(
        load_balancer=f"app/{name}/1",
        target_groups={color: f"targetgroup/{name}/{color}" for color in ("blue", "green")},
        namespace=name,
        probe=name,
    )
    weights = {"blue": 100, "green": 0}
    with plane.running(binary, lambda: dict(weights), cloudwatch, dimensions) as running:
        yield Site(running, cloudwatch, weights, dimensions)


def test_changes_of_weights_lose_no_request_and_are_kept_to(site: Site) -> None:
    with site.load():
        for green in (0, 10, 50, 100, 0, 100, 25, 0):
            site.move(green)
    steps = figures.steps(site.requests, site.plane.follower.changes)
    assert [step.percent for step in steps] == [0, 10, 50, 100, 0, 100, 25, 0]
    assert [step for step in steps if not step.within] == []
    assert [each for each in site.requests if each.fault] == []
    assert site.plane.balancer.unlogged() == 0


def test_what_clients_see_is_what_cloudwatch_is_told(site: Site) -> None:
    site.plane.origins["green"].behave(failures=0.3, latency=0.05)
    with site.load():
        site.move(50, requests=1000)
    site.move(0, requests=0)
    green = [each for each in site.requests if each.color == "green"]
    failed = [each for each in site.requests if each.fault]
    assert {(each.color, each.fault) for each in failed} == {("green", "500")}
    # Within four standard deviations.
    assert abs(len(failed) - 0.3 * len(green)) < 4 * (0.3 * 0.7 * len(green)) ** 0.5
    wait_for_report(site, len(site.requests))
    # The probe asks as well.
    counted = {color: site.total("RequestCount", color) for color in ("blue", "green")}
    probes = sum(counted.values()) - len(site.requests)
    assert 0 <= counted["green"] - len(green) <= probes
    assert 0 <= site.total("HTTPCode_Target_5XX_Count", "green") - len(failed) <= probes
    assert site.total("HTTPCode_Target_5XX_Count", "blue") == 0
    assert site.total("TargetResponseTime", "green", "Minimum") >= 0.05
    assert site.total("TargetResponseTime", "blue", "Minimum") < 0.05


def test_a_server_that_is_gone_costs_requests_that_clients_notice(site: Site) -> None:
    with site.load():
        site.plane.carry(200)
        site.plane.origins["blue"].stop()
        site.plane.carry(50)
        site.move(100)
    lost = [each for each in site.requests if each.fault]
    assert {each.color for each in lost} == {""}
    last = site.plane.follower.changes[-1].done_at
    assert all(each.color == "green" for each in site.requests if each.sent_at > last)
    wait_for_report(site, sum(not each.fault for each in site.requests))
    # A connection that breaks under a request is passed on as such and has no status.
    assert site.total("HTTPCode_ELB_5XX_Count") >= sum(each.fault.isdecimal() for each in lost) > 0


def test_a_load_balancer_that_is_gone_costs_requests_that_clients_notice(site: Site) -> None:
    with site.load():
        site.plane.carry(200)
        gone_at = time.time()
        site.plane.balancer.stop()
        time.sleep(0.5)
    assert {bool(each.fault) for each in site.requests if each.sent_at > gone_at} == {True}
    assert not any(each.fault for each in site.requests if each.ended_at < gone_at)


def wait_for_report(site: Site, answered: int) -> None:
    """Wait until the answers of the servers were reported."""
    deadline = time.monotonic() + 10
    while sum(site.plane.meter.requests.values()) < answered and time.monotonic() < deadline:
        time.sleep(0.05)
