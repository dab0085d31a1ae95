"""Rules of target groups and of the weights by which listeners share requests among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.forwarding import LISTENER
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_GROUP = "aws_lb_target_group"
_RULE = "aws_lb_listener_rule"
_LONGEST_DELAY = 30
_WHOLE = 100
_REGISTERED = (
    ("aws_autoscaling_group", "target_group_arns"),
    ("aws_autoscaling_attachment", "lb_target_group_arn"),
    ("aws_autoscaling_traffic_source_attachment", "traffic_source", 0, "identifier"),
    ("aws_lb_target_group_attachment", "target_group_arn"),
    ("aws_ecs_service", "load_balancer", 0, "target_group_arn"),
)


@resource_rule(
    "LB-09",
    Severity.HIGH,
    "Nothing asks whether targets are healthy",
    _GROUP,
    rationale="Requests go to instances that do not answer.",
    remediation="""\
resource "aws_lb_target_group" "this" {
  health_check {
    path    = "/health"
    matcher = "200"
  }
}
""",
    references=("CKV_AWS_261",),
)
def unasked(group: Resource) -> Iterator[Fault]:
    """A target group has a health check, over HTTP with a path of its own."""
    check = group.block("health_check")
    if check is None:
        yield group.fault("health_check is missing")
        return
    # AWS enables it where nothing is given.
    if check.get("enabled") is False:
        yield check.fault(check.quote("enabled"), at="enabled")
    if group.text("protocol") in {"HTTP", "HTTPS"} and not check.is_set("path"):
        yield check.fault("path is not set, so that / is asked for")


@resource_rule(
    "LB-10",
    Severity.MEDIUM,
    "Targets leave slowly",
    _GROUP,
    rationale="A roll-back waits for the connections of what is being taken out.",
    remediation="""\
resource "aws_lb_target_group" "this" {
  deregistration_delay = 30
}
""",
)
def slow_to_leave(group: Resource) -> Iterator[Fault]:
    """Deregistration takes at most 30 seconds."""
    name = "deregistration_delay"
    value = group.get(name)
    # 300 seconds where nothing is given; a text in the provider's schema.
    delay = float(value) if isinstance(value, str) and value.isdecimal() else group.number(name)
    if delay is None or delay > _LONGEST_DELAY:
        yield group.fault(group.quote(name), at=name)


@resource_rule(
    "LB-11",
    Severity.MEDIUM,
    "Nothing is ever registered in a target group",
    _GROUP,
    rationale="Whatever is forwarded to it is answered with an error.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  target_group_arns = [aws_lb_target_group.this.arn]
}
""",
)
def empty(group: Resource) -> Iterator[Fault]:
    """An Auto Scaling group, a service or an attachment registers targets."""
    if not any(group.planned.users_at(group, _REGISTERED)):
        yield group.fault("nothing registers targets in it")


@resource_rule(
    "LB-12",
    Severity.HIGH,
    "The weights of an action lead nowhere",
    LISTENER,
    _RULE,
    rationale="With all weights at zero every request is answered with an error.",
    remediation="""\
resource "aws_lb_listener_rule" "traffic" {
  action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.blue.arn
        weight = 90
      }
      target_group {
        arn    = aws_lb_target_group.green.arn
        weight = 10
      }
    }
  }
}
""",
)
def no_weight(user: Resource) -> Iterator[Fault]:
    """Of the weights of an action at least one is not zero."""
    for forward in _forwards(user):
        weights = _weights(forward)
        if weights and not any(weights):
            yield forward.fault(_told(weights))


@resource_rule(
    "LB-13",
    Severity.MEDIUM,
    "The weights of an action do not add up to 100",
    LISTENER,
    _RULE,
    rationale="A weight is then no share in percent, and who reads 10 takes it for 10 %.",
    remediation="Give the target groups weights that add up to 100.\n",
)
def not_a_whole(user: Resource) -> Iterator[Fault]:
    """Weights of several target groups add up to 100."""
    for forward in _forwards(user):
        weights = _weights(forward)
        if len(weights) > 1 and any(weights) and sum(weights) != _WHOLE:
            yield forward.fault(_told(weights))


def _forwards(user: Resource) -> Iterator[Values]:
    for action in user.blocks("default_action" if user.type == LISTENER else "action"):
        yield from action.blocks("forward")


def _weights(forward: Values) -> list[float]:
    # A target group without a weight has 1.
    found = [group.number("weight") for group in forward.blocks("target_group")]
    return [1 if weight is None else weight for weight in found]


def _told(weights: list[float]) -> str:
    return f"weights are {', '.join(f'{weight:g}' for weight in weights)}"
