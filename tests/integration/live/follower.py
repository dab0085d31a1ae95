"""The load balancer follows the listener rule, as an ALB does whose rule is modified."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
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


class Follower:
    """Looks at the rule again and again and hands its weights on.

    Attributes:
        changes: What was handed on, the oldest first.
    """

    def __init__(
        self, read: Callable[[], Mapping[str, int]], write: Callable[..., None]
    ) -> None:
        """Hand the weights on once, then begin to follow.

        Args:
            read: Returns the weights of the rule by color.
            write: Gives them to the load balancer, as ``blue`` and ``green``.
        """
        self._read, self._write = read, write
        self._stopped = threading.Event()
        self._failure: Exception | None = None
        self.changes: list[Change] = []
        self._look()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and raise what went wrong in between."""
        self._stopped.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _follow(self) -> None:
        try:
            while not self._stopped.wait(LOOK_SECONDS):
                self._look()
        except Exception as error:  # noqa: BLE001 - raised again by stop()
            self._failure = error

    def _look(self) -> None:
        weights = self._read()
        last = self.changes[-1] if self.changes else None
        if last is None or weights != {"blue": last.blue, "green": last.green}:
            begun = time.time()
            self._write(**weights)
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
