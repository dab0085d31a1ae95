"""Phases of a migration from blue to green, the shares that belong to them, and the legal moves.

Phases and weights are those of ``modules/alb-bluegreen/traffic.tf``; a test compares them.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import msgspec

from tap.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

Color = Literal["blue", "green"]

COLORS: tuple[Color, Color] = ("blue", "green")
_WHOLE = 100
_HALF = 50


class Phase(StrEnum):
    """Where a migration stands."""

    INITIAL = "initial"
    CANARY = "canary"
    HALF = "half"
    COMPLETE = "complete"
    ROLLED_BACK = "rolled-back"


SHARES: dict[Phase, int] = {
    Phase.INITIAL: 0,
    Phase.CANARY: 10,
    Phase.HALF: 50,
    Phase.COMPLETE: 100,
    Phase.ROLLED_BACK: 0,
}
"""Green's share of each phase in percent."""

STEPS = (10, 50, 100)
"""Green's shares in percent of a shift that is not told others."""


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of each color in percent.

    Attributes:
        blue: Whole number from 0 to 100.
        green: The rest to 100.

    Raises:
        ValueError: They are out of range or do not add up to 100.
    """

    blue: int
    green: int

    def __post_init__(self) -> None:
        """Refuse weights that are no shares of a whole."""
        whole = all(0 <= weight <= _WHOLE for weight in (self.blue, self.green))
        if not whole or self.blue + self.green != _WHOLE:
            raise ValueError(
                "weights must be whole numbers from 0 to 100 for blue and green that add up to "
                f"100; got blue {self.blue}, green {self.green}"
            )

    def of(self, color: Color) -> int:
        """Return the share of one color in percent."""
        return self.blue if color == "blue" else self.green

    def __str__(self) -> str:
        """Return them in one line."""
        return f"blue {self.blue}, green {self.green}"


def green_share(percent: int) -> Weights:
    """Return the weights that give green so many percent."""
    return Weights(blue=_WHOLE - percent, green=percent)


def phase_of(percent: int) -> Phase:
    """Return the phase that a share of green belongs to.

    A share between those of two phases belongs to the earlier one, but green's first request makes
    a canary: 5 and 25 are canary, 75 is half.
    """
    if percent == 0:
        return Phase.INITIAL
    if percent < _HALF:
        return Phase.CANARY
    return Phase.HALF if percent < _WHOLE else Phase.COMPLETE


def parse_steps(text: str) -> tuple[int, ...]:
    """Return the steps of a shift, such as ``5,25,50,100``.

    Raises:
        SettingsError: They are not whole numbers from 1 to 100 that rise and end at 100.
    """
    parts = [part.strip() for part in text.split(",")]
    numbers = tuple(int(part) for part in parts if part.isdecimal())
    rising = all(one < other for one, other in pairwise(numbers))
    if len(numbers) != len(parts) or not rising or numbers[0] < 1 or numbers[-1] != _WHOLE:
        raise SettingsError(
            f"the steps {text!r} are not whole numbers from 1 to 100 that rise and end at 100",
            "for example: --steps 5,25,50,100",
        )
    return numbers


def next_step(percent: int, steps: Sequence[int] = STEPS) -> int | None:
    """Return green's next share from where it is, None at the end."""
    return next((step for step in steps if step > percent), None)


def legal_moves(percent: int, steps: Sequence[int] = STEPS) -> list[int]:
    """Return green's shares that may follow: the next step, and every earlier one."""
    earlier = [step for step in (0, *steps) if step < percent]
    forward = next_step(percent, steps)
    return sorted([*earlier, *([forward] if forward is not None else [])])


def check_move(percent: int, goal: int, steps: Sequence[int] = STEPS) -> None:
    """Refuse a move that leaves out a step.

    Args:
        percent: Green's share now.
        goal: Green's share afterwards.
        steps: Green's shares on the way, in percent, rising.

    Raises:
        SettingsError: It is no legal move; the legal ones are named.
    """
    legal = legal_moves(percent, steps)
    if goal in legal:
        return
    named = ", ".join(f"{phase_of(each)} ({each} %)" for each in legal)
    if goal == percent:
        problem = f"green already has {percent} % of the traffic"
    else:
        problem = f"green cannot go from {percent} % to {goal} % at once"
    raise SettingsError(f"{problem}; legal moves: {named}", "give one of them, or use --auto")
