"""Rules of Auto Scaling groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_GROUP = "aws_autoscaling_group"
_SCALED = (
    ("aws_autoscaling_policy", "autoscaling_group_name"),
    ("aws_autoscaling_schedule", "autoscaling_group_name"),
)
_ATTACHED = (
    ("aws_autoscaling_attachment", "autoscaling_group_name"),
    ("aws_autoscaling_traffic_source_attachment", "autoscaling_group_name"),
)


@resource_rule(
    "ASG-01",
    Severity.MEDIUM,
    "An Auto Scaling group has no launch template",
    _GROUP,
    rationale="Launch configurations take neither IMDSv2 by default nor new types of instances.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }
}
""",
    references=("CKV_AWS_315", "FSBP AutoScaling.9"),
)
def no_template(group: Resource) -> Iterator[Fault]:
    """Instances are made by a launch template."""
    if group.is_set("launch_template") or group.is_set("mixed_instances_policy"):
        return
    name = "launch_configuration"
    given = group.is_set(name)
    yield group.fault(group.quote(name) if given else "launch_template is missing", at=name)


@resource_rule(
    "ASG-02",
    Severity.MEDIUM,
    "An Auto Scaling group stands in one zone",
    _GROUP,
    rationale="When the zone fails all instances are gone at once.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  vpc_zone_identifier = values(module.vpc.subnet_ids.private)
}
""",
    references=("FSBP AutoScaling.2",),
)
def one_zone(group: Resource) -> Iterator[Fault]:
    """Instances are in at least two subnets or zones."""
    for name in ("vpc_zone_identifier", "availability_zones"):
        if not group.is_set(name):
            continue
        if group.is_unknown(name):
            number = len(group.targets(name, "aws_subnet"))
            if number == 0:
                # Subnets of elsewhere, of which the plan knows nothing.
                group.get(name)
        else:
            number = len(tuple(group.each(name)))
        if number == 1:
            yield group.fault(f"{name} has 1 element", at=name)
        return


@resource_rule(
    "ASG-03",
    Severity.HIGH,
    "An instance that does not answer is kept",
    _GROUP,
    rationale="EC2 sees that it runs; only the load balancer sees that it answers.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  health_check_type = "ELB"
}
""",
    references=("CKV2_AWS_15", "FSBP AutoScaling.1"),
)
def not_asked(group: Resource) -> Iterator[Fault]:
    """A group with a load balancer takes its health checks."""
    names = ("target_group_arns", "load_balancers", "traffic_source")
    if not any(map(group.is_set, names)) and not any(group.planned.users_at(group, _ATTACHED)):
        return
    # EC2 where nothing is given; otherwise several kinds can be joined by commas.
    given = group.text("health_check_type") or "EC2"
    if "ELB" not in given.split(","):
        yield group.fault(group.quote("health_check_type"), at="health_check_type")


@resource_rule(
    "ASG-04",
    Severity.LOW,
    "An Auto Scaling group does not scale",
    _GROUP,
    rationale="It has as many instances under load as at night.",
    remediation="""\
resource "aws_autoscaling_policy" "cpu" {
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}
""",
)
def does_not_scale(group: Resource) -> Iterator[Fault]:
    """A policy or schedule changes the size of every group that can have several sizes."""
    smallest, largest = group.number("min_size"), group.number("max_size")
    if smallest == largest:
        return
    if not any(group.planned.users_at(group, _SCALED)):
        yield group.fault(f"no policy is for it, and {group.quote('max_size')}", at="max_size")


@resource_rule(
    "ASG-05",
    Severity.LOW,
    "Instances do not get the tags of their group",
    _GROUP,
    rationale="Nobody can tell whose they are, what they cost and what belongs together.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  tag {
    key                 = "Environment"
    value               = var.environment
    propagate_at_launch = true
  }
}
""",
    references=("CKV_AWS_153",),
)
def untagged(group: Resource) -> Iterator[Fault]:
    """A group has tags, and passes them on, unless its launch template sets them."""
    tags = group.blocks("tag")
    if not tags:
        yield group.fault("tag is missing")
        return
    template = group.block("launch_template") if group.is_set("launch_template") else None
    target = template.target("id", "aws_launch_template") if template else None
    own = target is not None and any(
        specification.text("resource_type") == "instance"
        for specification in target.blocks("tag_specifications")
    )
    if own:
        return
    for tag in tags:
        name = "propagate_at_launch"
        if not tag.flag(name):
            yield tag.fault(f"{tag.quote(name)} of {tag.quote('key')}", at=name)


@resource_rule(
    "ASG-06",
    Severity.LOW,
    "A new template does not reach the instances that run",
    _GROUP,
    rationale="A correction waits until each instance happens to be replaced.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  instance_refresh {
    strategy = "Rolling"
  }
}
""",
)
def not_refreshed(group: Resource) -> Iterator[Fault]:
    """A change of the launch template refreshes the instances."""
    if not group.blocks("instance_refresh"):
        yield group.fault("instance_refresh is missing")
