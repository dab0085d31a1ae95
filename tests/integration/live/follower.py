"""The load balancer follows the listener rule, as an ALB does whose rule is modified."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Change:
    """The load balancer got other weights.

    Attributes:
        blue: Share of blue in percent.
        green: Share of green in percent.
        begun_at: Until then the weights before held; seconds since the epoch.
        done_at: From then on these held.
    """

    blue: int
    green: int
    begun_at: float
    done_at: float


@dataclass
class Follower:
    """Hands the weights of the rule on where they are new.

    Attributes:
        read: Returns the weights of the rule by color.
        write: Gives them to the load balancer, as ``blue`` and ``green``.
        changes: What was handed on, the oldest first.
    """

    read: Callable[[], Mapping[str, int]]
    write: Callable[..., None]
    changes: list[Change] = field(default_factory=list)

    @property
    def followed(self) -> bool:
        """Whether the load balancer has the weights that the rule has now."""
        last = self.changes[-1] if self.changes else None
        return last is not None and self.read() == {"blue": last.blue, "green": last.green}

    def look(self) -> None:
        """Read the rule once."""
        weights = self.read()
        last = self.changes[-1] if self.changes else None
        if last is None or weights != {"blue": last.blue, "green": last.green}:
            begun = time.time()
            self.write(**weights)
            self.changes.append(Change(**weights, begun_at=begun, done_at=time.time()))


def rule_weights(elbv2: Any, rule_arn: str, target_groups: Mapping[str, str]) -> dict[str, int]:
    """Return the weights of a listener rule by color.

    Args:
        elbv2: A client of boto3.
        rule_arn: The rule.
        target_groups: ARN of the target group by color.
    """
    (rule,) = elbv2.describe_rules(RuleArns=[rule_arn])["Rules"]
    forward = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    weights = {group["TargetGroupArn"]: int(group["Weight"]) for group in forward}
    return {color: weights[arn] for color, arn in target_groups.items()}
