"""What can come of asking whether something holds."""

from __future__ import annotations

from enum import StrEnum


class Answer(StrEnum):
    """Whether something holds."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
