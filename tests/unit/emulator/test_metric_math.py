"""Statistics of samples, and expressions over them."""

from __future__ import annotations

import pytest

from tap.emulator.metric_math import Range, evaluate, words
from tap.emulator.metric_statistics import Sample, Series, needed_samples, series

pytestmark = pytest.mark.requirement("MON-2", "TST-2")

SPAN = Range(start=0, end=240, period=60)
METRICS: dict[str, Series] = {
    "errors": {60: 5.0, 180: 1.0},
    "requests": {0: 10.0, 60: 50.0, 120: 0.0, 180: 4.0},
    "none": {},
}


def values(*numbers: float, start: float = 0) -> list[Sample]:
    return [Sample(start + at, number, number, number) for at, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Average", 2.5),
        ("Maximum", 4.0),
        ("Minimum", 1.0),
        ("SampleCount", 4.0),
        ("Sum", 10.0),
        ("p50", 2.0),
        ("p75", 3.0),
        ("p99.9", 4.0),
        ("p100", 4.0),
    ],
)
def test_a_statistic_is_computed_of_all_samples_of_a_period(
    statistic: str, expected: float
) -> None:
    assert series(values(3, 1, 4, 2), statistic, 60) == {0: expected}


def test_a_set_of_values_counts_as_many() -> None:
    samples = [Sample(0, 1.0, 9.0, 30.0, 10.0), Sample(1, 20.0, 20.0, 20.0)]

    assert series(samples, "Average", 60) == {0: pytest.approx(50 / 11)}
    assert series(samples, "Maximum", 60) == {0: 20.0}
    assert series(samples, "p90", 60) == {0: 3.0}


def test_periods_begin_at_their_multiples() -> None:
    assert series(values(1, 2, start=119), "Sum", 60) == {60: 1.0, 120: 2.0}


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="no statistic p101"):
        series(values(1), "p101", 60)


def test_a_high_percentile_needs_many_samples() -> None:
    assert needed_samples("p99") == pytest.approx(1000)
    assert needed_samples("p50") == 20
    assert needed_samples("p10") == pytest.approx(100)
    assert needed_samples("Average") == 0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors / requests * 100", {60: 10.0, 180: 25.0}),
        ("100 * FILL(errors, 0) / requests", {0: 0.0, 60: 10.0, 180: 25.0}),
        (
            "IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)",
            {0: 0.0, 60: 10.0, 120: 0.0, 180: 25.0},
        ),
        ("requests - errors", {60: 45.0, 180: 3.0}),
        ("IF(requests > 20, errors)", {60: 5.0}),
        ("errors - -1", {60: 6.0, 180: 2.0}),
        ("2 + 3 * 2 ^ 2", dict.fromkeys(range(0, 240, 60), 14.0)),
        ("(2 + 3) * 2", dict.fromkeys(range(0, 240, 60), 10.0)),
        ("errors > 1 && requests > 1", {60: 1.0, 180: 0.0}),
        ("errors > 4 OR requests < 5", {60: 1.0, 180: 1.0}),
        ("SUM([errors, requests])", {0: 10.0, 60: 55.0, 120: 0.0, 180: 5.0}),
        ("MAX(METRICS())", {0: 10.0, 60: 50.0, 120: 0.0, 180: 4.0}),
        ('SUM(METRICS("err"))', {60: 5.0, 180: 1.0}),
        ("errors / SUM(errors)", {60: 5 / 6, 180: 1 / 6}),
        ("FILL(errors, REPEAT)", {60: 5.0, 120: 5.0, 180: 1.0}),
        ("RATE(requests)", {60: 40 / 60, 120: -50 / 60, 180: 4 / 60}),
        ("DIFF(requests)", {60: 40.0, 120: -50.0, 180: 4.0}),
        ("RUNNING_SUM(errors)", {60: 5.0, 180: 6.0}),
        ("errors / PERIOD(errors)", {60: 5 / 60, 180: 1 / 60}),
        ("CEIL(errors / 2) + FLOOR(errors / 2) + ABS(0 - errors)", {60: 10.0, 180: 2.0}),
        ("none + 1", {}),
        ("FILL(none, 7)", dict.fromkeys(range(0, 240, 60), 7.0)),
        ('METRICS("err")', {60: 5.0, 180: 1.0}),
        ("SUM([])", {}),
        ('SUM(ABS(METRICS("err") - 3))', {60: 2.0, 180: 2.0}),
        ('SUM(6 - METRICS("err"))', {60: 1.0, 180: 5.0}),
        ("SUM(FILL(METRICS(), 0))", {0: 10.0, 60: 55.0, 120: 0.0, 180: 5.0}),
        ("CEIL(1.5)", dict.fromkeys(range(0, 240, 60), 2.0)),
        ("IF(1, errors)", {60: 5.0, 180: 1.0}),
        ("IF(0, errors, requests)", {0: 10.0, 60: 50.0, 120: 0.0, 180: 4.0}),
        ("IF(0, errors)", {}),
        ("IF(requests, errors, none)", {60: 5.0, 180: 1.0}),
    ],
)
def test_an_expression_has_a_value_where_all_of_its_parts_have(
    expression: str, expected: Series
) -> None:
    assert evaluate(expression, METRICS, SPAN) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("missing + 1", "no metric missing"),
        ("SECRET(errors)", "no function SECRET"),
        ("errors +", "ends too early"),
        ("(errors", r"\) is missing"),
        ("errors requests", "not understood: requests"),
        ("METRICS()", "yields 3 series"),
        ("errors ; 1", "not understood: ; 1"),
        ("RATE(1)", "a time series is wanted"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(expression, METRICS, SPAN)


def test_names_in_an_expression_are_found() -> None:
    assert words("IF(m1 > 0, FILL(e_2, 0) / m1)") == ["IF", "m1", "FILL", "e_2", "m1"]
