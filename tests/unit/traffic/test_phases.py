"""Phases, shares and legal moves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.errors import SettingsError
from tap.traffic.phases import (
    SHARES,
    STEPS,
    Phase,
    Weights,
    check_move,
    green_share,
    legal_moves,
    next_step,
    parse_steps,
    phase_of,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TRF-1")

steps_lists = st.sets(st.integers(1, 99)).map(lambda found: (*sorted(found), 100))


def test_phases_and_shares_are_those_of_terraform(repository: Path) -> None:
    text = (repository / "modules" / "alb-bluegreen" / "traffic.tf").read_text()
    block = text.partition("  phases = {\n")[2].partition("\n  }\n")[0]
    found = re.findall(r"^\s*([\w-]+)\s*= \{ blue = (\d+), green = (\d+) \}$", block, re.MULTILINE)

    assert {name: (int(blue), int(green)) for name, blue, green in found} == {
        str(phase): (100 - share, share) for phase, share in SHARES.items()
    }


@pytest.mark.parametrize(
    ("percent", "phase"),
    [
        (0, Phase.INITIAL),
        (1, Phase.CANARY),
        (10, Phase.CANARY),
        (49, Phase.CANARY),
        (50, Phase.HALF),
        (99, Phase.HALF),
        (100, Phase.COMPLETE),
    ],
)
def test_every_share_belongs_to_a_phase(percent: int, phase: Phase) -> None:
    assert phase_of(percent) is phase


@pytest.mark.parametrize(
    ("percent", "legal"),
    [(0, [10]), (10, [0, 50]), (50, [0, 10, 100]), (100, [0, 10, 50]), (30, [0, 10, 50])],
)
def test_the_next_step_and_every_earlier_one_are_legal(percent: int, legal: list[int]) -> None:
    assert legal_moves(percent) == legal


def test_a_step_that_is_left_out_is_refused_with_the_legal_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        check_move(10, 100)

    assert caught.value.message == (
        "green cannot go from 10 % to 100 % at once; legal moves: initial (0 %), half (50 %)"
    )


def test_where_green_is_already_is_no_move() -> None:
    with pytest.raises(SettingsError, match=r"^green already has 10 % of the traffic; legal moves"):
        check_move(10, 10)


@given(steps_lists, st.integers(0, 100), st.integers(0, 100))
def test_forward_goes_one_step_and_backward_any(
    steps: tuple[int, ...], percent: int, goal: int
) -> None:
    forward = next_step(percent, steps)
    legal = goal == forward or (goal < percent and goal in (0, *steps))
    if legal:
        check_move(percent, goal, steps)
    else:
        with pytest.raises(SettingsError, match="legal moves: "):
            check_move(percent, goal, steps)


@given(steps_lists)
def test_steps_lead_from_nothing_to_everything(steps: tuple[int, ...]) -> None:
    assert parse_steps(",".join(map(str, steps))) == steps
    walked, percent = [], 0
    while (forward := next_step(percent, steps)) is not None:
        walked.append(forward)
        percent = forward
    assert tuple(walked) == steps


@pytest.mark.parametrize(
    "text", ["", "10", "10,50", "0,100", "50,10,100", "10,10,100", "a,100", "10,101"]
)
def test_other_steps_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"the steps {text!r} are not")) as caught:
        parse_steps(text)
    assert caught.value.hint == "for example: --steps 5,25,50,100"


@given(st.integers(), st.integers())
def test_weights_are_shares_of_a_whole(blue: int, green: int) -> None:
    if 0 <= blue <= 100 and blue + green == 100:
        assert Weights(blue=blue, green=green) == green_share(green)
    else:
        with pytest.raises(ValueError, match="add up to 100"):
            Weights(blue=blue, green=green)


def test_the_default_steps_are_those_of_the_phases() -> None:
    assert tuple(sorted(set(SHARES.values()) - {0})) == STEPS
