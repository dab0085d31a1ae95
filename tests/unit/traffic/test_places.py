"""Where the traffic is steered, as the outputs of an environment say."""

from __future__ import annotations

from typing import Any

import pytest

from tap.errors import TapError
from tap.terraform.root import Output
from tap.traffic.places import Places, Records, Size, find_places

pytestmark = pytest.mark.requirement("TRF-3")

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"


def colors(form: str) -> dict[str, str]:
    return {color: form.format(color) for color in ("blue", "green")}


def outputs(**changes: dict[str, Any]) -> dict[str, Output]:
    """Return the outputs of an applied environment; groups in ``changes`` are merged."""
    values: dict[str, dict[str, Any]] = {
        "compute": {
            "autoscaling_group_names": colors("payments-dev-{}"),
            "autoscaling_group_sizes": {
                "blue": {"min": 1, "desired": 2, "max": 3},
                "green": {"min": 4, "desired": 5, "max": 6},
            },
            "target_group_arn_suffixes": colors("targetgroup/{}/1"),
            "target_group_arns": colors(f"{ARN}:targetgroup/{{}}/1"),
        },
        "dns": {"record_names": {"stack": "pay.example.com"}, "zone_id": "Z1"},
        "load_balancer": {
            "arn_suffix": "app/alb/1",
            "preview_rule_arn": f"{ARN}:listener-rule/preview",
            "traffic_rule_arn": f"{ARN}:listener-rule/traffic",
        },
        "monitoring": {"gate_alarm_name": "gate", "topic_arn": "arn:aws:sns:::alarms"},
        "probe": {"function_name": "probe", "metric_namespace": "payments-dev"},
        "stack": {"prefix": "payments-dev", "region": "eu-west-1"},
        "traffic": {"parameter_name": "/payments-dev/traffic", "split": "listener"},
    }
    return {
        name: Output(value={**value, **changes.get(name, {})}) for name, value in values.items()
    }


def test_every_place_comes_from_the_output_that_names_it() -> None:
    assert find_places(outputs(), "dev") == Places(
        region="eu-west-1",
        prefix="payments-dev",
        parameter="/payments-dev/traffic",
        traffic_rule=f"{ARN}:listener-rule/traffic",
        preview_rule=f"{ARN}:listener-rule/preview",
        load_balancer="app/alb/1",
        target_groups={color: f"{ARN}:targetgroup/{color}/1" for color in ("blue", "green")},
        target_group_suffixes={"blue": "targetgroup/blue/1", "green": "targetgroup/green/1"},
        scaling_groups={"blue": "payments-dev-blue", "green": "payments-dev-green"},
        sizes={"blue": Size(min=1, desired=2, max=3), "green": Size(min=4, desired=5, max=6)},
        gate="gate",
        topic="arn:aws:sns:::alarms",
        probe="probe",
        probe_namespace="payments-dev",
        records=None,
    )


def test_where_dns_splits_there_are_two_records() -> None:
    names = {"legacy": "pay.example.com", "stack": "pay.example.com"}
    split = {"parameter_name": "/x/traffic", "split": "dns"}

    found = find_places(outputs(traffic=split, dns={"record_names": names, "zone_id": "Z1"}), "dev")

    assert found.split == "dns"
    assert found.records == Records(zone_id="Z1", name="pay.example.com")
    assert find_places(outputs(), "dev").split == "listener"


def test_an_environment_that_is_not_applied_is_told_so() -> None:
    with pytest.raises(TapError) as caught:
        find_places({}, "dev --suffix pr42")

    assert caught.value.message == "nothing is applied of dev --suffix pr42"
    assert caught.value.hint == "apply it first: tap apply dev --suffix pr42"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"traffic": {"split": "magic"}}, "Invalid enum value 'magic' - at `$.traffic.split`"),
        ({"compute": {"target_group_arns": {"blue": "x"}}}, "missing required field `green`"),
        ({"traffic": {"split": "dns"}}, "name no weighted record for legacy"),
    ],
)
def test_outputs_that_lack_something_are_named(
    changes: dict[str, dict[str, Any]], reason: str
) -> None:
    with pytest.raises(TapError) as caught:
        find_places(outputs(**changes), "dev")

    assert reason in caught.value.message
    assert caught.value.hint.endswith("apply it again: tap apply dev")
