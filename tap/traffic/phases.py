"""Phases of a migration from blue to green, and the shares that belong to them.

The phases and their weights are those of ``modules/alb-bluegreen/traffic.tf``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Color = Literal["blue", "green"]

COLORS: tuple[Color, Color] = ("blue", "green")
_WHOLE = 100


class Phase(StrEnum):
    """Where a migration stands."""

    INITIAL = "initial"
    CANARY = "canary"
    HALF = "half"
    COMPLETE = "complete"
    ROLLED_BACK = "rolled-back"


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


def green_share(percent: int) -> Weights:
    """Return the weights that give green so many percent."""
    return Weights(blue=_WHOLE - percent, green=percent)
