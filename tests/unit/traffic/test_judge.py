"""What green passes, fails, and what cannot be judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tap.settings import TrafficSettings
from tap.traffic.judge import Outcome, judge, judge_gates, needed_targets
from tap.traffic.simulate import Facts, Look

pytestmark = pytest.mark.requirement("TRF-3", "FUN-3", "MON-2")

AT = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = TrafficSettings()
GOOD_BLUE: dict[str, Any] = {"requests": 9000, "errors": 9, "p99_seconds": 0.2}
GOOD_GREEN: dict[str, Any] = {"requests": 1000, "errors": 1, "p99_seconds": 0.2}


def look(
    share: int = 10,
    blue: dict[str, Any] | None = None,
    green: dict[str, Any] | None = None,
    **values: Any,
) -> Any:
    found = Look(
        share=share,
        blue=Facts(**{**GOOD_BLUE, **(blue or {})}),
        green=Facts(**{**GOOD_GREEN, **(green or {})}),
        **values,
    )
    return judge(found.evidence(AT, AT), share=share, limits=LIMITS)


def test_a_green_as_good_as_blue_passes() -> None:
    assert look().outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("values", "outcome", "reason"),
    [
        ({"gate": "ALARM", "gate_reason": "5xx"}, "fail", "gates shifts is closed: 5xx"),
        ({"gate": "INSUFFICIENT_DATA"}, "inconclusive", "gates shifts is INSUFFICIENT_DATA"),
        ({"gate": ""}, "inconclusive", "gates shifts is unknown"),
        ({"probe_percent": None}, "inconclusive", "the probe has reported nothing"),
        ({"probe_percent": 89.0}, "fail", "89 % of the probes succeeded; 90 % are needed"),
        ({"unreadable": ("requests: no",)}, "inconclusive", "not known: requests: no"),
        ({"green": {"healthy": 2}}, "fail", "green has 2 healthy targets; 10 % of the traffic"),
        ({"green": {"in_service": 0}}, "fail", "green has 0 instances in service"),
        ({"green": {"refreshing": "InProgress"}}, "fail", "an instance refresh of green runs"),
        ({"green": {"requests": 99, "errors": 0}}, "inconclusive", "99 requests; 100 are needed"),
        (
            {"green": {"errors": 30}},
            "fail",
            "3.00 % of green's 1000 requests failed, and 0.10 % of blue's 9000 (p ",
        ),
        ({"green": {"p99_seconds": 0.31}}, "fail", "green's p99 is 0.310 s, blue's 0.200 s; 0.300"),
        (
            {"blue": {"requests": 0, "errors": 0}, "green": {"errors": 30}},
            "fail",
            "3.00 % of green's 1000 requests failed; the limit is 1.0 % (p ",
        ),
        (
            {"blue": {"requests": 0, "errors": 0}, "green": {"p99_seconds": 1.1}},
            "fail",
            "green's p99 is 1.100 s; the limit is 1.0 s",
        ),
    ],
)
def test_a_fault_is_named_with_value_and_limit(
    values: dict[str, Any], outcome: str, reason: str
) -> None:
    verdict = look(**values)

    assert verdict.outcome == outcome
    assert len(verdict.reasons) == 1
    assert reason in verdict.reasons[0]


@pytest.mark.parametrize(
    "values",
    [
        # 0.4 % more than blue is within the margin, whatever the test says.
        {"blue": {"requests": 90000, "errors": 90}, "green": {"requests": 100000, "errors": 500}},
        # 2 of 300 is more than 1 of 1000, and may well be chance.
        {"green": {"requests": 300, "errors": 2}},
        # Half as much again is more than blue's, but only 40 ms.
        {"blue": {"p99_seconds": 0.02}, "green": {"p99_seconds": 0.06}},
        {"blue": {"requests": 0, "errors": 0}, "green": {"errors": 12}},
    ],
)
def test_what_may_be_chance_or_is_small_is_no_fault(values: dict[str, Any]) -> None:
    assert look(**values).outcome is Outcome.PASS


def test_a_latency_of_few_requests_is_not_judged_and_that_is_said() -> None:
    verdict = look(green={"requests": 999, "p99_seconds": 9.0})

    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == ("latency was not judged: 999 requests of green, 1000 needed",)


def test_a_failure_is_worth_more_than_what_is_unknown() -> None:
    verdict = look(gate="INSUFFICIENT_DATA", green={"errors": 300})

    assert verdict.outcome is Outcome.FAIL
    assert len(verdict.reasons) == 1


def test_many_looks_take_more_to_fail() -> None:
    evidence = Look(
        share=10,
        blue=Facts(**GOOD_BLUE),
        green=Facts(requests=1000, errors=8, p99_seconds=0.2),
    ).evidence(AT, AT)

    assert judge(evidence, share=10, limits=LIMITS, looks=1).outcome is Outcome.FAIL
    assert judge(evidence, share=10, limits=LIMITS, looks=100_000).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("share", "desired", "minimum", "needed"),
    [(0, 3, 3, 0), (10, 3, 0, 1), (50, 3, 0, 2), (100, 3, 0, 3), (10, 6, 3, 3), (10, 0, 0, 1)],
)
def test_a_share_takes_its_part_of_the_instances_and_never_less_than_the_minimum(
    share: int, desired: int, minimum: int, needed: int
) -> None:
    facts = Look(share=0, green=Facts(desired=desired, minimum=minimum)).evidence(AT, AT)

    assert needed_targets(facts.colors["green"], share) == needed


def test_the_receiving_color_is_asked_and_not_the_other() -> None:
    evidence = Look(share=0, blue=Facts(healthy=0)).evidence(AT, AT)

    assert judge_gates(evidence, share=10, color="green", limits=LIMITS).outcome is Outcome.PASS
    assert judge_gates(evidence, share=10, color="blue", limits=LIMITS).outcome is Outcome.FAIL


def test_what_may_be_chance_in_many_looks_is_not_passed() -> None:
    found = Look(
        share=10,
        blue=Facts(requests=900, errors=0, p99_seconds=0.2),
        green=Facts(requests=100, errors=3, p99_seconds=0.2),
    ).evidence(AT, AT)
    verdict = judge(found, share=10, limits=LIMITS, looks=20)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0].endswith("(p 0.00097, margin 0.5 %): it may be chance in 20 looks")


def test_a_failure_in_few_requests_is_one_as_well() -> None:
    verdict = look(green={"requests": 40, "errors": 30}, blue={"requests": 360, "errors": 0})

    assert verdict.outcome is Outcome.FAIL
    assert "75.00 % of green's 40 requests failed" in verdict.reasons[0]


def test_more_errors_than_requests_are_all_of_them() -> None:
    assert "100.00 % of green's 1000" in look(green={"errors": 1010}).reasons[0]
