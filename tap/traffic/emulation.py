"""Let an emulated environment look as if it had traffic: metrics, alarms, health of targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap.errors import SettingsError
from tap.traffic.calls import asked, client
from tap.traffic.capacity import read_health
from tap.traffic.phases import COLORS, Color
from tap.traffic.rehearsal import Period, Received, Scenario, data, periods, receive
from tap.traffic.switch import read_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap.aws import Target
    from tap.emulator.control import Emulator
    from tap.traffic.places import Places

_DATA_IN_A_CALL = 500


@dataclass(kw_only=True)
class Emulation:
    """Traffic of one environment in the embedded emulator.

    Attributes:
        emulator: The emulator.
        target: The same as a target.
        places: Where the traffic goes.
        scenario: What is made up.
        received: What reached the colors so far.
    """

    emulator: Emulator
    target: Target
    places: Places
    scenario: Scenario
    received: dict[Color, Received] = field(
        default_factory=lambda: dict.fromkeys(COLORS, Received())
    )

    def choose_health(self, unhealthy: Mapping[Color, int]) -> None:
        """Make so many targets of a color unhealthy, and all others what they are by themselves.

        Raises:
            SettingsError: A color has fewer targets.
            AwsError: There was no answer.
            EmulatorError: The emulator did not answer.
        """
        targets = {color: self._targets(color) for color in COLORS}
        for color, count in unhealthy.items():
            if count > len(targets[color]):
                raise SettingsError(
                    f"{count} targets of {color} cannot be unhealthy: it has {len(targets[color])}",
                    f"give --unhealthy {color}={len(targets[color])} or less",
                )
        for color, ids in targets.items():
            group = self.places.target_groups[color]
            self.emulator.call("elbv2/health", target_group_arn=group)
            for number, target_id in enumerate(ids):
                state = "unhealthy" if number < unhealthy.get(color, 0) else None
                self.emulator.call(
                    "elbv2/health", target_group_arn=group, target_id=target_id, state=state
                )

    def rewrite(self, now: datetime, minutes: int) -> None:
        """Replace what is known of the last minutes by what would have been with these weights.

        Args:
            now: The end.
            minutes: Full minutes before the one that runs.

        Raises:
            AwsError: There was no answer, or a rule is odd.
            EmulatorError: The emulator did not answer.
        """
        spans = periods(now, minutes)
        for namespace, dimension, value in (
            ("AWS/ApplicationELB", "LoadBalancer", self.places.load_balancer),
            (self.places.probe_namespace, "FunctionName", self.places.probe),
        ):
            self.emulator.call(
                "cloudwatch/forget",
                namespace=namespace,
                dimension=dimension,
                value=value,
                since=spans[0].at.timestamp(),
            )
        self._put(spans)

    def go_on(self, since: datetime, until: datetime) -> None:
        """Add what comes in between two times with the weights of now.

        Raises:
            AwsError: There was no answer, or a rule is odd.
            EmulatorError: The emulator did not answer.
        """
        self._put([Period(at=since, seconds=(until - since).total_seconds())])

    def _put(self, spans: list[Period]) -> None:
        live = read_weights(self.target, self.places)
        health = {color: read_health(self.target, self.places, color) for color in COLORS}
        by_namespace: dict[str, list[dict[str, Any]]] = {}
        for span in spans:
            received = receive(self.scenario, live, span)
            for color in COLORS:
                self.received[color] += received[color]
            found = data(self.places, self.scenario, received, health, span)
            for namespace, listed in found.items():
                by_namespace.setdefault(namespace, []).extend(listed)
        for namespace, listed in by_namespace.items():
            self._put_data(namespace, listed)
        self.emulator.call("cloudwatch/evaluate")

    def _put_data(self, namespace: str, listed: list[dict[str, Any]]) -> None:
        cloudwatch = client(self.target, "cloudwatch", self.places.region)

        def put() -> None:
            for start in range(0, len(listed), _DATA_IN_A_CALL):
                part = listed[start : start + _DATA_IN_A_CALL]
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=part)

        asked(f"put metrics of {namespace}", put)

    def _targets(self, color: Color) -> list[str]:
        elb, arn = (
            client(self.target, "elbv2", self.places.region),
            self.places.target_groups[color],
        )
        answer = asked(
            f"read the targets of {arn}", lambda: elb.describe_target_health(TargetGroupArn=arn)
        )
        return sorted(each["Target"]["Id"] for each in answer["TargetHealthDescriptions"])
