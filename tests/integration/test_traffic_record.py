"""Terraform and the traffic record of an applied environment: who decides, in every phase."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment

pytestmark = [
    pytest.mark.requirement("TRF-1", "TRF-2", "TRF-5", "APP-4"),
    pytest.mark.xdist_group("dev"),
]


@pytest.fixture
def dev(named_deployment: Callable[[str], Deployment]) -> Iterator[Deployment]:
    """Return dev, and put record and rules back afterwards."""
    deployment = named_deployment("dev")
    name = deployment.outputs["traffic"]["parameter_name"]
    ssm = deployment.client("ssm")
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    yield deployment
    move(deployment, "initial", blue=100, capacity={"blue": True, "green": True})
    ssm.put_parameter(Name=name, Value=before, Overwrite=True)


def move(deployment: Deployment, phase: str, *, blue: int, capacity: dict[str, bool]) -> None:
    """Write record and rules as a shift does."""
    traffic, compute = deployment.outputs["traffic"], deployment.outputs["compute"]
    load_balancer = deployment.outputs["load_balancer"]
    weights = {"blue": blue, "green": 100 - blue}
    groups = compute["target_group_arns"]
    ssm, elbv2 = deployment.client("ssm"), deployment.client("elbv2")
    record = json.loads(ssm.get_parameter(Name=traffic["parameter_name"])["Parameter"]["Value"])
    record |= {
        "phase": phase,
        "weights": weights,
        "capacity": capacity,
        "revision": record["revision"] + 1,
    }
    ssm.put_parameter(Name=traffic["parameter_name"], Value=json.dumps(record), Overwrite=True)
    rule = elbv2.describe_rules(RuleArns=[load_balancer["traffic_rule_arn"]])["Rules"][0]
    forward: dict[str, Any] = rule["Actions"][0]["ForwardConfig"]
    forward["TargetGroups"] = [
        {"TargetGroupArn": groups[color], "Weight": weight} for color, weight in weights.items()
    ]
    action = {"Type": "forward", "ForwardConfig": forward}
    elbv2.modify_rule(RuleArn=load_balancer["traffic_rule_arn"], Actions=[action])
    idle = "blue" if weights["blue"] < weights["green"] else "green"
    preview = {"Type": "forward", "TargetGroupArn": groups[idle]}
    elbv2.modify_rule(RuleArn=load_balancer["preview_rule_arn"], Actions=[preview])


def test_a_plan_shows_no_resource_in_any_phase_and_an_apply_moves_no_traffic(
    dev: Deployment,
) -> None:
    rule = dev.outputs["load_balancer"]["traffic_rule_arn"]
    both = {"blue": True, "green": True}
    for phase, blue in (("canary", 90), ("half", 50), ("complete", 0), ("rolled-back", 100)):
        move(dev, phase, blue=blue, capacity=both)
        # What is applied is planned by tap; for the rest Terraform alone is enough.
        if phase != "half":
            assert dev.changes() == [], phase
        else:
            planned = dev.project.run("plan", "dev", "--output", "json")
            assert json.loads(planned.stdout)["changes"] == []
            dev.project.run("apply", "dev")
            outputs = json.loads(dev.project.run("output", "dev", "--output", "json").stdout)
            assert outputs["traffic"]["weights"] == {"blue": 50, "green": 50}
            assert outputs["traffic"]["migration_phase"] == "half"
            live = dev.client("elbv2").describe_rules(RuleArns=[rule])["Rules"][0]
            groups = live["Actions"][0]["ForwardConfig"]["TargetGroups"]
            assert {group["Weight"] for group in groups} == {50}


def test_weights_changed_by_hand_show_as_drift(dev: Deployment) -> None:
    both = {"blue": True, "green": True}
    elbv2, rule = dev.client("elbv2"), dev.outputs["load_balancer"]["traffic_rule_arn"]
    move(dev, "initial", blue=100, capacity=both)
    actions = elbv2.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
    for group, weight in zip(actions[0]["ForwardConfig"]["TargetGroups"], (70, 30), strict=True):
        group["Weight"] = weight
    elbv2.modify_rule(RuleArn=rule, Actions=actions)
    assert dev.changes() == ["module.stack.module.alb_bluegreen.aws_lb_listener_rule.traffic"]
    move(dev, "initial", blue=100, capacity=both)
    assert dev.changes() == []


def test_a_broken_record_is_refused_with_what_is_wrong(dev: Deployment) -> None:
    ssm, name = dev.client("ssm"), dev.outputs["traffic"]["parameter_name"]
    good = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    broken = json.loads(good) | {"phase": "done", "weights": {"blue": 60, "green": 60}}
    ssm.put_parameter(Name=name, Value=json.dumps(broken), Overwrite=True)
    refused = dev.project.run("plan", "dev", expected=1)
    ssm.put_parameter(Name=name, Value=good, Overwrite=True)
    assert "must be initial, canary, half, complete or rolled-back" in refused.stderr
    assert "whole numbers from 0 to 100 for blue and green that add up to 100" in refused.stderr
