"""What is found out about an environment before it is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tap.aws import Target
from tap.traffic.capacity import read_group, read_refresh
from tap.traffic.evidence import take_evidence
from tap.traffic.metrics import read_shares
from tests.unit.traffic.stage import BY_HAND, NAME

if TYPE_CHECKING:
    from tap.traffic.places import Places
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-3"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]


def unwatched(stage: Stage) -> Places:
    """Return places with a load balancer and a probe that nobody else puts metrics for."""
    own = uuid4().hex
    return replace(stage.places, load_balancer=f"app/{own}", probe=own)


def put(stage: Stage, places: Places, color: str, at: datetime, **values: list[float]) -> None:
    """Put what the load balancer would have counted of a color."""
    dimensions = [
        {"Name": "LoadBalancer", "Value": places.load_balancer},
        {"Name": "TargetGroup", "Value": dict(places.target_group_suffixes)[color]},  # type: ignore[index] # a color
    ]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Values": each}
        for name, each in values.items()
    ]
    stage.client("cloudwatch").put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)


def test_requests_errors_and_latency_count_from_the_first_full_minute_on(stage: Stage) -> None:
    places = unwatched(stage)
    target = stage.target
    begin = datetime(2026, 5, 1, 12, tzinfo=UTC)
    minutes = [begin + timedelta(minutes=number) for number in range(4)]
    for at, slow in zip(minutes, (9.0, 0.2, 0.5, 9.0), strict=True):
        weight = 3.0 if at is minutes[2] else 1.0
        put(stage, places, "blue", at, RequestCount=[100.0])
        put(
            stage, places, "green", at, RequestCount=[10.0 * weight], TargetResponseTime=[0.1, slow]
        )
        put(stage, places, "green", at, HTTPCode_Target_5XX_Count=[weight])
        probes: list[Any] = [
            {
                "MetricName": "ProbeSuccess",
                "Dimensions": [{"Name": "FunctionName", "Value": places.probe}],
                "Timestamp": at,
                "Values": [1.0, 0.0],
                "Counts": [9.0, weight],
            }
        ]
        stage.client("cloudwatch").put_metric_data(
            Namespace=places.probe_namespace, MetricData=probes
        )

    # From the middle of the first minute to the begin of the last.
    found = take_evidence(target, places, since=begin + timedelta(seconds=30), until=minutes[3])

    assert (found.since, found.until, found.unreadable) == (minutes[1], minutes[3], ())
    blue, green = found.colors["blue"], found.colors["green"]
    assert (blue.requests, blue.errors, blue.p99_seconds) == (200, 0, None)
    assert (green.requests, green.errors) == (40, 4)
    # The minute with 30 requests weighs three times the one with 10.
    assert green.p99_seconds == pytest.approx((10 * 0.2 + 30 * 0.5) / 40)
    assert found.probe_percent == pytest.approx(100 * 18 / 22)
    shares = read_shares(target, places, minutes[2], minutes[3] + timedelta(minutes=2))
    assert [(share.at, share.requests) for share in shares] == [
        (minutes[2], {"blue": 100, "green": 30}),
        (minutes[3], {"blue": 100, "green": 10}),
        (minutes[3] + timedelta(minutes=1), {"blue": 0, "green": 0}),
    ]


def test_a_short_window_counts_seconds(stage: Stage) -> None:
    places = unwatched(stage)
    begin = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for second in (0, 1, 9, 10):
        put(stage, places, "green", begin + timedelta(seconds=second), RequestCount=[1.0 + second])

    found = take_evidence(
        stage.target,
        places,
        since=begin + timedelta(seconds=0.5),
        until=begin + timedelta(seconds=10),
    )

    assert found.colors["green"].requests == 2 + 10
    assert found.probe_percent is None


def test_health_groups_refreshes_and_alarms_are_as_they_stand(stage: Stage) -> None:
    places, target = stage.places, stage.target
    now = datetime.now(UTC)
    cloudwatch, green = stage.client("cloudwatch"), places.target_groups["green"]
    # A state that is set by hand holds for a minute; other tests look at the alarm of the errors.
    alarm = BY_HAND

    def look() -> Any:
        return take_evidence(target, places, since=now - timedelta(minutes=5), until=now)

    stage.emulator.call("elbv2/health", target_group_arn=green, state="initial")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="too many")
    bad = look()
    stage.emulator.call("elbv2/health", target_group_arn=green, state="draining")
    leaving = look()
    stage.emulator.call("elbv2/health", target_group_arn=green)
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="over")
    good = look()

    for color in ("blue", "green"):
        facts = good.colors[color]
        assert (facts.healthy, facts.unhealthy) == (2, 0)
        assert (facts.in_service, facts.desired, facts.minimum) == (2, 2, 1)
        assert facts.refreshing == ""
    assert (bad.colors["green"].healthy, bad.colors["green"].unhealthy) == (0, 2)
    assert (bad.colors["blue"].healthy, bad.colors["blue"].unhealthy) == (2, 0)
    assert (leaving.colors["green"].healthy, leaving.colors["green"].unhealthy) == (0, 0)
    assert bad.gate == "ALARM"
    assert f"{alarm} (too many)" in bad.gate_reason
    assert f"{alarm} (" not in good.gate_reason
    assert good.unreadable == ()


def test_what_cannot_be_read_is_named_and_nothing_is_raised(stage: Stage) -> None:
    places, now = stage.places, datetime.now(UTC)
    since = now - timedelta(minutes=5)
    gone = replace(
        places,
        gate="no-such-gate",
        scaling_groups={"blue": places.scaling_groups["blue"], "green": "no-such-group"},
        target_groups={"blue": places.target_groups["blue"], "green": "arn:aws:no:such:1:group"},
    )

    partly = take_evidence(stage.target, gone, since=since, until=now)
    nobody = Target(name="local", endpoint="http://127.0.0.1:1", region="eu-west-1")
    nothing = take_evidence(nobody, places, since=since, until=now)

    assert [each.partition(": ")[0] for each in partly.unreadable] == [
        "gate alarm",
        "health of green",
        "Auto Scaling group of green",
        "instance refreshes of green",
    ]
    assert (partly.gate, partly.colors["green"].healthy) == ("", 0)
    assert partly.colors["blue"].healthy == 2
    assert len(nothing.unreadable) == 9
    assert (nothing.gate, nothing.probe_percent, nothing.colors["blue"].desired) == ("", None, 0)


def test_a_refresh_that_runs_is_told_and_one_that_has_ended_is_not(stage: Stage) -> None:
    scaling, name = stage.client("autoscaling"), "tap-refreshed"
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": f"{NAME}-green", "Version": "1"},
        MinSize=0,
        MaxSize=20,
        DesiredCapacity=20,
        VPCZoneIdentifier=",".join(stage.subnets),
    )
    found = stage.places
    places = replace(found, scaling_groups={**found.scaling_groups, "green": name})
    try:
        # The emulator replaces an instance a second.
        scaling.start_instance_refresh(AutoScalingGroupName=name)
        running = read_refresh(stage.target, places, "green")
        group = read_group(stage.target, places, "green")
        scaling.cancel_instance_refresh(AutoScalingGroupName=name)
        ended = read_refresh(stage.target, places, "green")
    finally:
        scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)

    assert running in {"Pending", "InProgress"}
    assert ended in {"", "Cancelling"}
    assert (group.desired, group.minimum) == (20, 0)
