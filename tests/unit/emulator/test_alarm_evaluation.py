"""The states of alarms, by the tables that AWS gives.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import pytest

from tap.emulator.alarm_evaluation import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Condition,
    Rule,
    evaluate,
)

pytestmark = pytest.mark.requirement("MON-2", "TST-2")

KEPT = "kept"


def state(points: str, missing: str, *, to_alarm: int | None = None) -> str:
    """Evaluate points written as in the tables: X breaches, 0 does not, - is missing."""
    condition = Condition(
        comparison="GreaterThanThreshold",
        threshold=1,
        periods=3,
        to_alarm=to_alarm,
        missing=missing,
    )
    values = {"X": 2.0, "0": 1.0, "-": None}
    return evaluate(condition, [values[point] for point in points.split()], KEPT)


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", OK, OK, OK, OK),
        ("- - - - 0", OK, OK, OK, OK),
        ("- - - - -", INSUFFICIENT_DATA, KEPT, ALARM, OK),
        ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
        ("- - X - -", ALARM, KEPT, ALARM, OK),
        ("X X 0 0 0", OK, OK, OK, OK),
    ],
)
def test_three_of_three_points_follow_the_table_of_aws(
    points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert {
        "missing": state(points, "missing"),
        "ignore": state(points, "ignore"),
        "breaching": state(points, "breaching"),
        "notBreaching": state(points, "notBreaching"),
    } == {
        "missing": missing,
        "ignore": ignore,
        "breaching": breaching,
        "notBreaching": not_breaching,
    }


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
        ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
        ("0 - X - -", OK, OK, ALARM, OK),
        ("- - - - 0", OK, OK, ALARM, OK),
        ("- - - X -", ALARM, KEPT, ALARM, OK),
    ],
)
def test_two_of_three_points_follow_the_table_of_aws(
    points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert {
        "missing": state(points, "missing", to_alarm=2),
        "ignore": state(points, "ignore", to_alarm=2),
        "breaching": state(points, "breaching", to_alarm=2),
        "notBreaching": state(points, "notBreaching", to_alarm=2),
    } == {
        "missing": missing,
        "ignore": ignore,
        "breaching": breaching,
        "notBreaching": not_breaching,
    }


def test_a_breach_that_has_just_begun_waits_for_the_next_point() -> None:
    assert state("- - - - X", "missing") == KEPT
    assert state("- - - X -", "missing") == KEPT


@pytest.mark.parametrize(
    ("comparison", "breached"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_a_value_on_the_threshold_counts_as_the_comparison_says(
    comparison: str, breached: list[bool]
) -> None:
    condition = Condition(comparison=comparison, threshold=5, periods=1)

    assert [condition.breached(value) for value in (4, 5, 6)] == breached


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('ALARM("red")', ALARM),
        ("ALARM(red)", ALARM),
        ("ALARM(green)", OK),
        ("NOT ALARM(green)", ALARM),
        ("INSUFFICIENT_DATA(gray) AND OK(green)", ALARM),
        ("ALARM(green) AND ALARM(green) OR ALARM(red)", ALARM),
        ("ALARM(red) OR ALARM(green) AND ALARM(green)", ALARM),
        ("(ALARM(red) OR ALARM(green)) AND ALARM(green)", OK),
        ("NOT (ALARM(red) OR FALSE)", OK),
        ("not(alarm(green)) and true", ALARM),
        ('ALARM("with (a) space")', ALARM),
    ],
)
def test_a_rule_combines_the_states_of_other_alarms(rule: str, expected: str) -> None:
    states = {"green": OK, "red": ALARM, "gray": INSUFFICIENT_DATA, "with (a) space": ALARM}

    assert Rule(rule).state(states.__getitem__) == expected


def test_a_rule_names_each_alarm_once() -> None:
    rule = Rule('ALARM("b") OR NOT OK(a) OR (INSUFFICIENT_DATA("b") AND TRUE)')

    assert rule.alarms == ("b", "a")


@pytest.mark.parametrize(
    "text", ["", "ALARM", "ALARM(a) ALARM(b)", "BROKEN(a)", "(ALARM(a)", "ALARM(a) AND"]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"wanted|understood|no function|not closed"):
        Rule(text)
