"""Rules of blue and green: what no scanner asks that knows nothing of shifts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.forwarding import LISTENER
from tap.policy.rule import Severity, plan_rule, resource_rule, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource
    from tap.policy.sources import SourceModule
    from tap.policy.values import Values

_RULE = "aws_lb_listener_rule"
_TARGETS = "aws_lb_target_group"
_FLEET = "aws_autoscaling_group"
_COLOR = re.compile(r"(?<![a-z])(blue|green)(?![a-z])")
_OTHER = {"blue": "green", "green": "blue"}
_COLORED = (_TARGETS, _FLEET, "aws_launch_template")
# What has to be the same for a client not to notice which color it is served by.
_ALIKE = ("port", "protocol", "protocol_version", "deregistration_delay", "slow_start")
_CHECKED = ("path", "port", "protocol", "matcher", "interval", "timeout", "healthy_threshold")
_FLEET_ALIKE = ("vpc_zone_identifier", "health_check_type")
_PHASE = re.compile(r"(?:^|_)phase$")


@plan_rule(
    "BG-01",
    Severity.HIGH,
    "There is blue and no green, or the other way round",
    rationale="Traffic can neither be moved nor taken back.",
    remediation="""\
resource "aws_lb_target_group" "this" {
  for_each = toset(["blue", "green"])
}
""",
)
def one_color(planned: Planned) -> Iterator[Fault]:
    """Target groups, fleets and launch templates come in both colors."""
    for kind in _COLORED:
        colored = {color: item for item in planned.resources(kind) if (color := _color(item))}
        for color, item in sorted(colored.items()):
            if _OTHER[color] not in colored:
                yield item.fault(f"no {kind} is {_OTHER[color]}")


@plan_rule(
    "BG-02",
    Severity.HIGH,
    "Blue and green are not asked for the same",
    rationale="A color can be healthy by a check that the other one would fail, and a shift "
    "compares what cannot be compared.",
    remediation="""\
resource "aws_lb_target_group" "this" {
  for_each = toset(["blue", "green"])
  port     = var.application_port

  health_check {
    path = var.health_check_path
  }
}
""",
)
def unlike_targets(planned: Planned) -> Iterator[Fault]:
    """Target groups of both colors have the same port, protocol and health check."""
    for blue, green in _pairs(planned, _TARGETS):
        yield from _differences(blue, green, _ALIKE)
        one, other = blue.block("health_check"), green.block("health_check")
        if one is not None and other is not None:
            yield from _differences(one, other, _CHECKED)


@plan_rule(
    "BG-03",
    Severity.MEDIUM,
    "Blue and green stand in different places",
    rationale="A shift moves the traffic to other zones as well, or to instances that are judged "
    "in another way.",
    remediation="""\
resource "aws_autoscaling_group" "this" {
  for_each            = local.colors
  vpc_zone_identifier = var.subnet_ids
}
""",
)
def unlike_fleets(planned: Planned) -> Iterator[Fault]:
    """Fleets of both colors are in the same subnets and take the same health checks."""
    for blue, green in _pairs(planned, _FLEET):
        for name in _FLEET_ALIKE:
            unknown = blue.is_unknown(name) or green.is_unknown(name)
            if unknown:
                links = blue.planned.links
                one, other = links.of(blue, (name,)), links.of(green, (name,))
                if not (one.certain and other.certain):
                    green.get(name)
                same = one.addresses == other.addresses
            else:
                same = _sorted(blue.get(name)) == _sorted(green.get(name))
            if not same:
                yield green.fault(f"{name} is not that of {blue.address}", at=name)


@resource_rule(
    "BG-04",
    Severity.HIGH,
    "Traffic is sent to a color without instances",
    LISTENER,
    _RULE,
    rationale="That share of the requests is answered with an error.",
    remediation="Give the group at least one instance, or the target group the weight 0.\n",
)
def nobody_there(user: Resource) -> Iterator[Fault]:
    """A target group with a weight has a fleet that can have instances."""
    for action in user.blocks("default_action" if user.type == LISTENER else "action"):
        for forward in action.blocks("forward"):
            for target in forward.blocks("target_group"):
                if target.number("weight") == 0:
                    continue
                group = target.target("arn", _TARGETS)
                fleets = (
                    list(group.planned.users(group, _FLEET, "target_group_arns")) if group else []
                )
                if group and fleets and all(fleet.number("max_size") == 0 for fleet in fleets):
                    weight = target.quote("weight")
                    yield target.fault(
                        f"{weight}, and max_size = 0 of {fleets[0].address}", at="weight"
                    )


@source_rule(
    "BG-05",
    Severity.MEDIUM,
    "Nothing can shift the weights of a listener",
    rationale="Weights that are written into the code change by an apply only: there is no canary "
    "and no way back in a hurry.",
    remediation="""\
resource "aws_lb_listener_rule" "traffic" {
  action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.blue.arn
        weight = local.record.weights.blue
      }
    }
  }
}
""",
)
def fixed_weights(module: SourceModule) -> Iterator[Fault]:
    """Weights between 0 and 100 come from outside the resource, or change outside Terraform."""
    for resource in module.declared.resources.values():
        name = "default_action" if resource.type == LISTENER else "action"
        if resource.type not in {LISTENER, _RULE}:
            continue
        if {name, "all"}.intersection(resource.ignore_changes):
            continue
        for action in resource.body.of_type(name):
            for forward in action.of_type("forward"):
                literal = [
                    weight.text
                    for target in forward.of_type("target_group")
                    if (weight := target.attributes.get("weight")) and weight.is_literal
                ]
                if len(literal) > 1:
                    yield module.fault(resource, f"weights {', '.join(literal)} are literals")


@source_rule(
    "BG-06",
    Severity.HIGH,
    "A phase is accepted and decides nothing",
    rationale="Whoever sets it believes that traffic moves; this is how such stacks fail.",
    remediation="Use the phase where weights or capacity are set, or remove it.\n",
)
def idle_phase(module: SourceModule) -> Iterator[Fault]:
    """A variable or local named phase is used by a resource, or by a call of a module."""
    if not module.complete:
        return
    used = {
        item
        for block in (*module.declared.resources.values(), *module.declared.module_calls.values())
        for item in block.body.references()
    }
    through = {name: local.value.references for name, local in module.declared.locals.items()}
    reached = _reached(used, through)
    for variable in module.declared.variables.values():
        if _PHASE.search(variable.name) and f"var.{variable.name}" not in reached:
            yield module.fault(variable, f'variable "{variable.name}" decides nothing')


def _reached(used: set[str], through: dict[str, tuple[str, ...]]) -> set[str]:
    """Return everything that is referred to, by any number of locals; two steps of each name."""
    found: set[str] = set()
    pending = list(used)
    while pending:
        name = ".".join(re.split(r"[.\[]", pending.pop())[:2])
        if name in found:
            continue
        found.add(name)
        if name.startswith("local."):
            pending += through.get(name.partition(".")[2], ())
    return found


def _color(item: Resource) -> str:
    """Return the color that the key, the block or the name of a resource says."""
    for text in (str(item.key or ""), item.name, str(item.known.get("name") or "")):
        if found := _COLOR.search(text.lower().replace("_", "-")):
            return found[1]
    return ""


def _pairs(planned: Planned, kind: str) -> Iterator[tuple[Resource, Resource]]:
    """Yield what is blue with what is green and otherwise called the same."""
    colored: dict[str, dict[str, Resource]] = {}
    for item in planned.resources(kind):
        if color := _color(item):
            rest = _COLOR.sub("*", item.address.lower().replace("_", "-"))
            colored.setdefault(rest, {})[color] = item
    for found in colored.values():
        if len(found) == len(_OTHER):
            yield found["blue"], found["green"]


def _differences(blue: Values, green: Values, names: tuple[str, ...]) -> Iterator[Fault]:
    for name in names:
        if blue.is_unknown(name) and green.is_unknown(name):
            continue
        if blue.get(name) != green.get(name):
            yield green.fault(f"{green.quote(name)}, and blue has {blue.quote(name)}", at=name)


def _sorted(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, list) else value
