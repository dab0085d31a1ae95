"""Which targets of a color are healthy, and how its Auto Scaling group stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.errors import AwsError
from tap.traffic.calls import asked, client

if TYPE_CHECKING:
    from tap.aws import Target
    from tap.traffic.phases import Color
    from tap.traffic.places import Places

# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html
_REFRESH_ENDED = {"Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"}


@dataclass(frozen=True, kw_only=True)
class Health:
    """Targets of a target group.

    Attributes:
        healthy: How many are.
        unhealthy: How many are not, those included that the load balancer has not judged yet.
    """

    healthy: int = 0
    unhealthy: int = 0


@dataclass(frozen=True, kw_only=True)
class Group:
    """An Auto Scaling group.

    Attributes:
        in_service: Its instances that are in service.
        desired: Instances it is meant to have.
        minimum: Instances it never goes below.
    """

    in_service: int = 0
    desired: int = 0
    minimum: int = 0


def read_health(target: Target, places: Places, color: Color) -> Health:
    """Return the health of a color's targets; those that are on their way out do not count.

    Raises:
        AwsError: There was no answer.
    """
    arn = places.target_groups[color]
    elb = client(target, "elbv2", places.region)
    answer = asked(
        f"read the health of the targets of {arn}",
        lambda: elb.describe_target_health(TargetGroupArn=arn),
        rights="elasticloadbalancing:DescribeTargetHealth",
    )
    states = Counter(each["TargetHealth"]["State"] for each in answer["TargetHealthDescriptions"])
    leaving = states["draining"]
    return Health(healthy=states["healthy"], unhealthy=states.total() - states["healthy"] - leaving)


def read_group(target: Target, places: Places, color: Color) -> Group:
    """Return how a color's Auto Scaling group stands.

    Raises:
        AwsError: It is gone, or there was no answer.
    """
    name = places.scaling_groups[color]
    scaling = client(target, "autoscaling", places.region)
    answer = asked(
        f"read the Auto Scaling group {name}",
        lambda: scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name]),
        rights="autoscaling:DescribeAutoScalingGroups",
    )
    if not answer["AutoScalingGroups"]:
        raise AwsError(f"there is no Auto Scaling group {name}", "see what a plan says: tap plan")
    (found,) = answer["AutoScalingGroups"]
    return Group(
        in_service=sum(each["LifecycleState"] == "InService" for each in found["Instances"]),
        desired=found["DesiredCapacity"],
        minimum=found["MinSize"],
    )


def read_refresh(target: Target, places: Places, color: Color) -> str:
    """Return the status of the instance refresh that runs; empty without one.

    Raises:
        AwsError: There was no answer.
    """
    name = places.scaling_groups[color]
    scaling = client(target, "autoscaling", places.region)
    answer = asked(
        f"read the instance refreshes of {name}",
        lambda: scaling.describe_instance_refreshes(AutoScalingGroupName=name),
        rights="autoscaling:DescribeInstanceRefreshes",
    )
    running = (
        each["Status"]
        for each in answer["InstanceRefreshes"]
        if each["Status"] not in _REFRESH_ENDED
    )
    return next(running, "")
