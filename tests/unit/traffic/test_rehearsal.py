"""Requests that are made up: how many, where to, and how they fare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap.emulator.metric_statistics import Sample, series
from tap.traffic.capacity import Health
from tap.traffic.phases import COLORS, green_share
from tap.traffic.places import find_places
from tap.traffic.rehearsal import (
    Period,
    Received,
    Scenario,
    data,
    latencies,
    periods,
    receive,
)
from tap.traffic.switch import LiveWeights, wanted
from tests.unit.traffic.test_places import outputs

pytestmark = [pytest.mark.requirement("TRF-3", "TST-2"), pytest.mark.timeout(60)]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = Period(at=NOON, seconds=3600)


def test_requests_are_shared_out_by_the_weights_and_fail_by_their_share() -> None:
    scenario = Scenario(requests=600, errors={"green": 0.3})

    found = receive(scenario, wanted(green_share(10), "listener"), HOUR)

    # Five standard deviations of a binomial distribution with 36 000 and 3 600 draws.
    assert found["blue"].requests + found["green"].requests == 36_000
    assert abs(found["green"].requests - 3600) < 5 * 57
    assert abs(found["green"].errors / found["green"].requests - 0.3) < 5 * 0.0077
    assert found["blue"].errors == 0


def test_the_same_seed_makes_the_same_numbers_for_the_same_time() -> None:
    live, minute = wanted(green_share(50), "listener"), Period(at=NOON, seconds=60)
    first = receive(Scenario(), live, minute)

    assert receive(Scenario(), live, minute) == first
    assert receive(Scenario(seed=2), live, minute) != first
    later = Period(at=NOON + timedelta(minutes=1), seconds=60)
    assert receive(Scenario(), live, later) != first


def test_where_dns_splits_only_greens_share_arrives() -> None:
    found = receive(Scenario(requests=600), wanted(green_share(10), "dns"), HOUR)

    assert found["blue"] == Received()
    assert abs(found["green"].requests - 3600) < 5 * 57


def test_without_any_weight_nothing_arrives() -> None:
    live = LiveWeights(listener={"blue": 0, "green": 0}, preview="green")

    assert receive(Scenario(), live, HOUR) == dict.fromkeys(COLORS, Received())


def test_fractions_of_a_request_come_now_and_then() -> None:
    live = wanted(green_share(0), "listener")
    seconds = [Period(at=NOON + timedelta(seconds=each), seconds=1) for each in range(400)]

    total = sum(receive(Scenario(requests=30), live, each)["blue"].requests for each in seconds)

    assert abs(total - 200) < 5 * 10


@pytest.mark.parametrize("requests", [1, 2, 7, 60, 99, 100, 600, 12_345])
def test_response_times_have_the_percentile_that_is_wanted(requests: int) -> None:
    found = latencies(requests, 2.0)

    assert sum(count for _, count in found) == requests
    samples = [Sample(0, time, time, time * count, count) for time, count in found]
    assert series(samples, "p99", 60) == {0: pytest.approx(2.0)}
    assert [time for time, _ in found] == sorted(time for time, _ in found)
    if requests >= 100:
        assert series(samples, "p50", 60)[0] < 1


def test_the_past_minutes_are_full_and_the_present_one_is_not() -> None:
    assert periods(NOON + timedelta(seconds=15), 2) == [
        Period(at=NOON - timedelta(minutes=2), seconds=60),
        Period(at=NOON - timedelta(minutes=1), seconds=60),
        Period(at=NOON, seconds=15),
    ]


def test_a_minute_that_has_only_begun_is_left_out() -> None:
    assert periods(NOON + timedelta(seconds=9), 1) == [
        Period(at=NOON - timedelta(minutes=1), seconds=60)
    ]


def test_metrics_are_those_that_the_alarms_and_the_judge_read() -> None:
    places = find_places(outputs(), "dev")
    received = {"blue": Received(requests=90, errors=1), "green": Received()}
    health = {"blue": Health(healthy=2), "green": Health(healthy=1, unhealthy=1)}

    found = data(
        places,
        Scenario(probe_percent=80),
        received,  # type: ignore[arg-type] # keys are colors
        health,  # type: ignore[arg-type] # as above
        Period(at=NOON, seconds=60),
    )

    values = {
        (each["MetricName"], *(one["Value"] for one in each["Dimensions"])): each["Value"]
        for each in found["AWS/ApplicationELB"]
        if "Value" in each
    }
    blue, green = ("app/alb/1", "targetgroup/blue/1"), ("app/alb/1", "targetgroup/green/1")
    assert values == {
        ("RequestCount", "app/alb/1"): 90,
        ("HTTPCode_ELB_5XX_Count", "app/alb/1"): 0,
        ("HealthyHostCount", *blue): 2,
        ("UnHealthyHostCount", *blue): 0,
        ("HealthyHostCount", *green): 1,
        ("UnHealthyHostCount", *green): 1,
        ("RequestCount", *blue): 90,
        ("HTTPCode_Target_2XX_Count", *blue): 89,
        ("HTTPCode_Target_5XX_Count", *blue): 1,
    }
    (probe,) = found["payments-dev"]
    assert probe["MetricName"] == "ProbeSuccess"
    assert probe["StatisticValues"] == {
        "SampleCount": 10,
        "Sum": pytest.approx(8),
        "Minimum": 0.8,
        "Maximum": 0.8,
    }
    assert {each["Timestamp"] for listed in found.values() for each in listed} == {NOON}
