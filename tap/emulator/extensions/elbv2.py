"""Load balancing: health of targets that a test chooses, and deletion protection."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from tap.emulator.extensions import Client, Extension, Patch, wrap

_REASONS = {
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "healthy": (None, None),
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "unavailable": ("Target.HealthCheckDisabled", "Health checks are not enabled"),
    "unhealthy": ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
    "unused": ("Target.NotInUse", "Target group is not configured to receive traffic"),
}
"""States of a target, and what AWS says about it.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

_ANY = "*"
_chosen: dict[tuple[str, str], str] = {}
"""By target group and target, the state that a test chose."""


def _choose_health(target_group_arn: str, target_id: str = _ANY, state: str | None = None) -> None:
    """Answer the route ``elbv2/health``.

    Args:
        target_group_arn: The target group.
        target_id: One of its targets; by default all of them, also those to come.
        state: Its state from now on; by default what it is by itself.
    """
    if state is None:
        _chosen.pop((target_group_arn, target_id), None)
    elif state in _REASONS:
        _chosen[target_group_arn, target_id] = state
    else:
        raise ValueError(f"no state {state}; there are: {', '.join(sorted(_REASONS))}")


def _obey_choices() -> None:
    @wrap(FakeTargetGroup, "health_for")
    def _(original: Any, self: Any, target: dict[str, Any], *rest: Any) -> Any:
        health = original(self, target, *rest)
        state = _chosen.get((self.arn, target["Id"])) or _chosen.get((self.arn, _ANY))
        if state is None or target["Id"] not in self.targets:
            return health
        return FakeHealthStatus(
            health.instance_id, health.port, health.health_check_port, state, *_REASONS[state]
        )


def _is_always_healthy(client: Client) -> bool:
    elb, ec2 = client("elbv2"), client("ec2")
    filters = [{"Name": "is-default", "Values": ["true"]}]
    vpc = ec2.describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"]
    group = elb.create_target_group(
        Name="tap-probe-health", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1"}, {"Id": "10.0.0.2"}])
    choice = {"target_group_arn": group, "target_id": "10.0.0.2", "state": "unhealthy"}
    request = urllib.request.Request(  # noqa: S310 - the emulator's own URL
        f"{elb.meta.endpoint_url}/_tap/elbv2/health", data=json.dumps(choice).encode()
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - as above
    except urllib.error.HTTPError:
        return True
    described = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    states = {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in described}
    return states != {"10.0.0.1": "healthy", "10.0.0.2": "unhealthy"}


def _protect() -> None:
    @wrap(ELBv2Backend, "delete_load_balancer")
    def _(original: Any, self: Any, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer and str(balancer.attrs["deletion_protection.enabled"]).lower() == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        original(self, arn)


def _deletes_protected(client: Client) -> bool:
    elb, ec2 = client("elbv2"), client("ec2")
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = ec2.describe_subnets(Filters=filters)["Subnets"][:2]
    arn = elb.create_load_balancer(
        Name="tap-probe-protected", Subnets=[subnet["SubnetId"] for subnet in subnets]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn,
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
    )
    try:
        elb.delete_load_balancer(LoadBalancerArn=arn)
    except elb.exceptions.OperationNotPermittedException:
        return False
    return True


EXTENSION = Extension(
    patches=(
        Patch(
            id="elbv2-health",
            symptom="every target is always healthy",
            apply=_obey_choices,
            probe=_is_always_healthy,
        ),
        Patch(
            id="elbv2-protection",
            symptom="a load balancer with deletion protection is destroyed",
            apply=_protect,
            probe=_deletes_protected,
        ),
    ),
    routes={"elbv2/health": _choose_health},
    reset=_chosen.clear,
)
