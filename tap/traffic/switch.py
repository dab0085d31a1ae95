"""What really steers the traffic: two listener rules and, while migrating, two DNS records.

What the weights should be follows from the record as ``modules/alb-bluegreen/traffic.tf`` and
``environments/_stack/dns.tf`` derive it; otherwise the next plan would show a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.errors import AwsError
from tap.traffic.calls import asked, client
from tap.traffic.phases import COLORS, Color, Weights
from tap.traffic.records import read_records, write_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.aws import Target
    from tap.traffic.places import Places, Split

_WHOLE = 100


@dataclass(frozen=True, kw_only=True)
class LiveWeights:
    """What steers the traffic at one time, as it stands there.

    Attributes:
        listener: Weights of the traffic rule; AWS takes 0 to 999 of each.
        preview: The color that the preview rule leads to.
        records: Weights of the DNS records, 0 to 255 each; None where the listener splits.
    """

    listener: Mapping[Color, int]
    preview: Color
    records: Mapping[Color, int] | None = None

    @property
    def deciding(self) -> Mapping[Color, int]:
        """The weights that decide the shares: of the records if there are any."""
        return self.listener if self.records is None else self.records

    @property
    def shares(self) -> Weights | None:
        """The shares in percent; None if they are no whole numbers, or no color has any weight."""
        total = sum(self.deciding.values())
        if total == 0 or any(_WHOLE * weight % total for weight in self.deciding.values()):
            return None
        blue = _WHOLE * self.deciding["blue"] // total
        return Weights(blue=blue, green=_WHOLE - blue)

    def __str__(self) -> str:
        """Return it in one line, such as ``blue 90, green 10 (preview: green)``."""
        parts = [f"{_text(self.listener)} (preview: {self.preview})"]
        if self.records is not None:
            parts.insert(0, f"{_text(self.records)} in DNS")
            parts[1] = f"listener {parts[1]}"
        return ", ".join(parts)


def idle_color(weights: Weights) -> Color:
    """Return the color a preview is about; with equal shares it is green, which is under trial."""
    return "blue" if weights.blue < weights.green else "green"


def wanted(weights: Weights, split: Split) -> LiveWeights:
    """Return what steers the traffic when it has these shares.

    Args:
        weights: The shares of the record.
        split: What splits the traffic. Where DNS does, what arrives at the listener is green's
            share already.
    """
    shares: dict[Color, int] = {color: weights.of(color) for color in COLORS}
    if split == "listener":
        return LiveWeights(listener=shares, preview=idle_color(weights))
    return LiveWeights(
        listener={"blue": 0, "green": _WHOLE}, preview=idle_color(weights), records=shares
    )


def read_weights(target: Target, places: Places) -> LiveWeights:
    """Return what steers the traffic now.

    Raises:
        AwsError: A rule or record is gone, or leads somewhere else than to the two colors; or
            there was no answer.
    """
    rules = _rules(target, places)
    return LiveWeights(
        listener=_rule_weights(rules[places.traffic_rule], places),
        preview=_preview_color(rules[places.preview_rule], places),
        records=read_records(target, places.records, places.region) if places.records else None,
    )


def write_weights(target: Target, places: Places, weights: Weights) -> None:
    """Give the colors these shares: traffic rule, preview rule, then both DNS records at once.

    What stands already is not written again. Stickiness and all else is kept. A rule that leads to
    a foreign target group is led back, so that a rollback cures it.

    Raises:
        AwsError: A rule or record is gone or a rule forwards nothing, or there was no answer; what
            was written before stays.
    """
    goal = wanted(weights, places.split)
    rules = _rules(target, places)
    groups = {places.target_groups[color]: goal.listener[color] for color in COLORS}
    preview = {places.target_groups[goal.preview]: 1}
    for arn, wanted_groups in ((places.traffic_rule, groups), (places.preview_rule, preview)):
        if _groups(rules[arn]) != wanted_groups:
            _modify(target, places, arn, _led_to(rules[arn], wanted_groups))
    if places.records and goal.records is not None:
        write_records(target, places.records, goal.records, places.region)


def _text(weights: Mapping[Color, int]) -> str:
    return ", ".join(f"{color} {weights[color]}" for color in COLORS)


def _rules(target: Target, places: Places) -> dict[str, dict[str, Any]]:
    arns = [places.traffic_rule, places.preview_rule]
    elb = client(target, "elbv2", places.region)
    answer = asked(
        f"read the listener rules {' and '.join(arns)}",
        lambda: elb.describe_rules(RuleArns=arns),
        rights="elasticloadbalancing:DescribeRules",
    )
    found = {rule["RuleArn"]: dict(rule) for rule in answer["Rules"]}
    for arn in arns:
        if arn not in found:
            raise AwsError(f"there is no listener rule {arn}", "look what a plan says: tap plan")
    return found


def _modify(target: Target, places: Places, arn: str, actions: list[dict[str, Any]]) -> None:
    elb = client(target, "elbv2", places.region)
    asked(
        f"change the listener rule {arn}",
        lambda: elb.modify_rule(RuleArn=arn, Actions=actions),
        rights="elasticloadbalancing:ModifyRule",
    )


def _rule_weights(rule: Mapping[str, Any], places: Places) -> dict[Color, int]:
    """Return the weights of a rule; a color that it does not name has none."""
    colors = {arn: color for color, arn in places.target_groups.items()}
    groups = _groups(rule)
    if foreign := sorted(set(groups) - set(colors)):
        raise _odd(rule, f"leads to {' and '.join(foreign)}, which is neither blue nor green")
    return {color: groups.get(places.target_groups[color], 0) for color in COLORS}


def _preview_color(rule: Mapping[str, Any], places: Places) -> Color:
    weights = _rule_weights(rule, places)
    colors = [color for color in COLORS if weights[color] > 0]
    if len(colors) != 1:
        raise _odd(rule, f"leads to {' and '.join(colors) or 'no color'}, and not to one color")
    return colors[0]


def _groups(rule: Mapping[str, Any]) -> dict[str, int]:
    """Return the weights of the target groups a rule leads to, by ARN."""
    forward = _forward(rule)
    groups = forward.get("ForwardConfig", {}).get("TargetGroups")
    if not groups:
        return {forward["TargetGroupArn"]: 1}
    return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}


def _forward(rule: Mapping[str, Any]) -> dict[str, Any]:
    forwards = [action for action in rule["Actions"] if action["Type"] == "forward"]
    if len(forwards) != 1:
        kinds = ", ".join(action["Type"] for action in rule["Actions"]) or "nothing"
        raise _odd(rule, f"does not forward to target groups; it does: {kinds}")
    return dict(forwards[0])


def _led_to(rule: Mapping[str, Any], groups: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the actions of a rule with other target groups."""
    forward = _forward(rule)
    listed = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups.items()]
    forward["ForwardConfig"] = {**forward.get("ForwardConfig", {}), "TargetGroups": listed}
    # AWS takes it beside the configuration only if both name the same single target group.
    forward.pop("TargetGroupArn", None)
    if len(groups) == 1:
        forward["TargetGroupArn"] = next(iter(groups))
    return [forward if each["Type"] == "forward" else each for each in rule["Actions"]]


def _odd(rule: Mapping[str, Any], what: str) -> AwsError:
    return AwsError(
        f"the listener rule {rule['RuleArn']} {what}",
        "somebody has changed it by hand; see what with tap drift, and put it back with tap apply",
    )
