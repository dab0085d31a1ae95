"""The arithmetic of the live proof, on requests that were made up."""

from __future__ import annotations

import random

import pytest

from tests.integration.live import figures
from tests.integration.live.figures import Damage, Step
from tests.integration.live.follower import Change, Follower
from tests.integration.live.load import Request
from tests.integration.live.meter import thinned

pytestmark = pytest.mark.requirement("TRF-3")

CHANGES = [
    Change(blue=100, green=0, begun_at=0.0, done_at=0.5),
    Change(blue=90, green=10, begun_at=10.0, done_at=11.0),
    Change(blue=100, green=0, begun_at=20.0, done_at=21.0),
]


def sent(sent_at: float, ended_at: float, color: str = "blue", fault: str = "") -> Request:
    return Request(sent_at, ended_at, color, fault)


def test_only_requests_that_lie_within_a_step_count_for_it() -> None:
    requests = [
        sent(0.4, 0.6),
        sent(0.5, 10.0),
        sent(9.9, 10.1),
        sent(10.5, 11.5, "green"),
        sent(11.0, 12.0, "green"),
        sent(12.0, 20.0),
        sent(19.0, 20.5, "green"),
        sent(20.9, 22.0, "green"),
        sent(21.0, 99.0),
    ]
    assert figures.steps(requests, CHANGES) == [Step(0, 1, 0), Step(10, 2, 1), Step(0, 1, 0)]


# 10 % of 5000 are 500 with a standard deviation of 21.2; one in a million lies beyond 4.89 of them.
@pytest.mark.parametrize(
    ("step", "within"),
    [
        (Step(10, 5000, 500), True),
        (Step(10, 5000, 604), True),
        (Step(10, 5000, 605), False),
        (Step(10, 5000, 396), True),
        (Step(10, 5000, 395), False),
        (Step(0, 5000, 0), True),
        (Step(0, 5000, 1), False),
        (Step(100, 5000, 5000), True),
        (Step(100, 5000, 4999), False),
        (Step(50, 0, 0), False),
    ],
)
def test_a_share_agrees_with_its_weight_within_a_binomial_bound(
    step: Step, *, within: bool
) -> None:
    assert step.within is within


def test_a_load_balancer_that_draws_keeps_to_the_bound() -> None:
    draw = random.Random(1)  # noqa: S311 - no secret
    shares = (Step(10, 1000, sum(draw.random() < 0.1 for _ in range(1000))) for _ in range(1000))
    assert all(step.within for step in shares)


def test_damage_is_counted_from_the_first_failure_to_the_end_of_greens_traffic() -> None:
    requests = [
        sent(9.0, 9.5),
        sent(11.0, 12.0, "green"),
        sent(12.0, 13.5, "green", "500"),
        sent(13.0, 14.0),
        sent(14.0, 16.0, "green", "500"),
        sent(20.0, 21.5),
        sent(21.5, 22.0),
    ]
    assert figures.damage(requests, CHANGES) == Damage(failed=2, exposed=5, seconds=7.5)


def test_a_follower_hands_on_what_is_new() -> None:
    rule = {"blue": 100, "green": 0}
    told: list[dict[str, int]] = []
    follower = Follower(lambda: dict(rule), lambda **weights: told.append(weights))
    follower.look()
    follower.look()
    rule |= {"blue": 90, "green": 10}
    follower.look()
    assert told == [{"blue": 100, "green": 0}, {"blue": 90, "green": 10}]
    assert [(change.blue, change.green) for change in follower.changes] == [(100, 0), (90, 10)]


def test_a_request_is_read_as_it_was_written() -> None:
    request = Request(1.25, 2.5, "", "ConnectionResetError(104, 'Connection reset by peer')")
    assert Request.parse(f"{request}\n") == request


def test_few_values_stand_for_many() -> None:
    assert thinned([3.0, 1.0]) == [3.0, 1.0]
    few = thinned([float(number) for number in range(1001)])
    assert len(few) == 40
    assert (few[0], few[19], few[-1]) == (25.0, 500.0, 1000.0)
