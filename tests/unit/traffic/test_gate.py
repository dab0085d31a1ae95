"""The alarms that a composite alarm is made of, and what it says."""

from __future__ import annotations

import pytest

from tap.traffic.gate import Gate, child_names

pytestmark = pytest.mark.requirement("TRF-3", "MON-2")


def test_children_are_found_by_name_and_by_arn_each_once() -> None:
    rule = (
        'ALARM("shop-probe") OR ALARM(shop-cpu) AND NOT OK("shop probe 2") '
        'OR (INSUFFICIENT_DATA("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors") '
        'OR ALARM ("shop-probe")) AND TRUE'
    )

    assert child_names(rule) == ["shop-probe", "shop-cpu", "shop probe 2", "shop-errors"]


def test_the_alarms_below_explain_an_alarm_and_otherwise_its_own_reason() -> None:
    assert Gate(state="OK", reason="nothing is wrong").text == "nothing is wrong"
    gate = Gate(state="ALARM", reason="met", children={"b": "too slow", "a": "too many"})
    assert gate.text == "in ALARM: a (too many), b (too slow)"
