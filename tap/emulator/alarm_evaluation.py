"""Decide the state of an alarm from its data points, or from the states of other alarms.

Sources:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"

EXTRA_POINTS = 2
"""How many more points than the evaluation periods are looked at, to find enough real ones."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """When a metric alarm goes off.

    Attributes:
        comparison: Such as ``GreaterThanThreshold``.
        threshold: What points are compared with.
        periods: How many of the latest points count (N).
        to_alarm: How many of them must breach (M); all of them if None.
        missing: What a missing point counts as: ``missing``, ``ignore``, ``breaching`` or
            ``notBreaching``.
    """

    comparison: str
    threshold: float
    periods: int
    to_alarm: int | None = None
    missing: str = "missing"

    def breached(self, value: float) -> bool:
        """Tell whether one value breaches the threshold."""
        return _COMPARISONS[self.comparison](value, self.threshold)


def evaluate(  # noqa: PLR0911 - one for each row of the table that AWS gives
    condition: Condition, points: Sequence[float | None], current: str
) -> str:
    """Return the state of a metric alarm.

    Args:
        condition: Of the alarm.
        points: One for each period of the range, the latest last; None where there is no data.
        current: The state it has, kept where the data do not say more.
    """
    to_alarm = condition.to_alarm or condition.periods
    breaches = [condition.breached(point) for point in points if point is not None]
    if len(breaches) >= condition.periods:
        return ALARM if sum(breaches[-condition.periods :]) >= to_alarm else OK
    filled = condition.periods - len(breaches)
    if condition.missing == "breaching":
        return ALARM if sum(breaches) + filled >= to_alarm else OK
    if sum(breaches) >= to_alarm:
        return ALARM
    if condition.missing == "notBreaching" or not all(breaches):
        return OK
    if condition.missing == "ignore":
        return current
    if not breaches:
        return INSUFFICIENT_DATA
    # All that is known breaches. Only a breach that is old enough is one: the next may be fine.
    recent = points[-condition.periods :]
    oldest = next((len(recent) - at for at, point in enumerate(recent) if point is not None), 0)
    return ALARM if oldest >= to_alarm else current


_TOKEN = re.compile(
    r'\s*(?:(?P<word>[A-Za-z_]+)(?P<call>\s*\(\s*(?:"(?P<quoted>[^"]*)"|'
    r"(?P<bare>[^\s()]+))\s*\))|(?P<plain>[A-Za-z]+|[()]))"
)


@dataclass(frozen=True)
class Rule:
    """The rule of a composite alarm.

    Attributes:
        text: Such as ``ALARM("a") AND NOT OK("b")``.

    Raises:
        ValueError: It is no rule.
    """

    text: str

    def __post_init__(self) -> None:
        _Parser(self.text, lambda _: OK).parse()

    @property
    def alarms(self) -> tuple[str, ...]:
        """Return names or ARNs of the alarms it refers to, in order, each once."""
        return tuple(
            dict.fromkeys(
                found["quoted"] or found["bare"]
                for found in _TOKEN.finditer(self.text)
                if found["call"] and found["word"].upper() in {OK, ALARM, INSUFFICIENT_DATA}
            )
        )

    def state(self, state_of: Callable[[str], str]) -> str:
        """Return ALARM if the rule holds, or else OK.

        Args:
            state_of: Tells the state of an alarm by the name or ARN in the rule.
        """
        return ALARM if _Parser(self.text, state_of).parse() else OK


class _Parser:
    """Reads and evaluates a rule; AND binds more tightly than OR."""

    def __init__(self, text: str, state_of: Callable[[str], str]) -> None:
        self._text = text.strip()
        self._at = 0
        self._state_of = state_of

    def parse(self) -> bool:
        value = self._either()
        if self._at != len(self._text):
            raise ValueError(f"not understood: {self._text[self._at :]}")
        return value

    def _either(self) -> bool:
        value = self._both()
        while self._take("OR"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._take("AND"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._take("NOT"):
            return not self._one()
        if self._take("("):
            value = self._either()
            if not self._take(")"):
                raise ValueError("a parenthesis is not closed")
            return value
        if self._take("TRUE"):
            return True
        if self._take("FALSE"):
            return False
        return self._alarm()

    def _alarm(self) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if not found or not found["call"]:
            raise ValueError(f"an alarm is wanted at: {self._text[self._at :]}")
        state = found["word"].upper()
        if state not in {OK, ALARM, INSUFFICIENT_DATA}:
            raise ValueError(f"no function {found['word']}")
        self._at = found.end()
        return self._state_of(found["quoted"] or found["bare"]) == state

    def _take(self, word: str) -> bool:
        found = re.compile(
            rf"\s*{re.escape(word)}" + (r"(?![\w])\s*" if word.isalpha() else r"\s*"),
            re.IGNORECASE,
        ).match(self._text, self._at)
        if found:
            self._at = found.end()
        return bool(found)
