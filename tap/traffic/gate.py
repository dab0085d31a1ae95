"""The composite alarm that gates shifts, and the alarms below it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap.errors import AwsError
from tap.traffic.calls import asked, client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.aws import Target
    from tap.traffic.places import Places

_ALARM = "ALARM"
# One of the functions ALARM, OK and INSUFFICIENT_DATA, of a name or ARN, quoted or not.
_CHILD = re.compile(r'\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]+?)"?\s*\)')


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The alarm that gates shifts.

    Attributes:
        state: ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; empty if it could not be read.
        reason: What it says of its state.
        children: The alarms below it that are in ALARM: what they say of it, by their names.
    """

    state: str = ""
    reason: str = ""
    children: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What explains the state: the alarms below it that are in ALARM, or its own reason."""
        told = (f"{name} ({reason})" for name, reason in sorted(self.children.items()))
        return f"in ALARM: {', '.join(told)}" if self.children else self.reason


def read_gate(target: Target, places: Places) -> Gate:
    """Return the alarm's state, and which alarms below it explain that.

    Raises:
        AwsError: It is gone, or CloudWatch gave no answer.
    """
    found = _describe(target, places, AlarmNames=[places.gate], AlarmTypes=["CompositeAlarm"])
    if not found["CompositeAlarms"]:
        raise AwsError(f"there is no alarm {places.gate}", "see what a plan says: tap plan")
    (alarm,) = found["CompositeAlarms"]
    children: dict[str, str] = {}
    if alarm["StateValue"] == _ALARM:
        names = child_names(alarm["AlarmRule"])
        below = _describe(
            target,
            places,
            AlarmNames=names,
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            StateValue=_ALARM,
        )
        both = [*below["MetricAlarms"], *below["CompositeAlarms"]]
        children = {each["AlarmName"]: each.get("StateReason") or "" for each in both}
    return Gate(state=alarm["StateValue"], reason=alarm.get("StateReason") or "", children=children)


def child_names(rule: str) -> list[str]:
    """Return the names of the alarms in a rule, such as ``ALARM("a") OR ALARM(b)``, each once."""
    names = (found.rpartition(":alarm:")[2] for found in _CHILD.findall(rule))
    return list(dict.fromkeys(names))


def _describe(target: Target, places: Places, **which: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
    cloudwatch = client(target, "cloudwatch", places.region)
    answer: dict[str, Any] = asked(
        f"read the alarms {', '.join(which['AlarmNames'])}",
        lambda: cloudwatch.describe_alarms(**which, MaxRecords=100),
        rights="cloudwatch:DescribeAlarms",
    )
    return answer
