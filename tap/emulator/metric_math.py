"""Evaluate metric math, the part of it that alarms and dashboards commonly use.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap.emulator.metric_statistics import Series

Value: TypeAlias = "float | Series | list[Series]"

_TOKEN = re.compile(
    r"\s*(\d+\.?\d*(?:[eE][+-]?\d+)?|\w+|&&|\|\||[<>=!]=|[-+*/^<>(),\[\]]|\"[^\"]*\")"
)

_OPERATORS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"||": lambda a, b: float(bool(a or b)), "OR": lambda a, b: float(bool(a or b))},
    {"&&": lambda a, b: float(bool(a and b)), "AND": lambda a, b: float(bool(a and b))},
    {
        "==": lambda a, b: float(a == b),
        "!=": lambda a, b: float(a != b),
        "<": lambda a, b: float(a < b),
        "<=": lambda a, b: float(a <= b),
        ">": lambda a, b: float(a > b),
        ">=": lambda a, b: float(a >= b),
    },
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv},
    {"^": operator.pow},
)
"""From the ones that bind least to those that bind most."""

_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}

_EACH: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
}


@dataclass(frozen=True, kw_only=True)
class Range:
    """The time that is evaluated.

    Attributes:
        start: Start of the first period, in seconds since the epoch.
        end: End of the last period.
        period: Seconds.
    """

    start: int
    end: int
    period: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.end, self.period))


def evaluate(expression: str, metrics: Mapping[str, Series], span: Range) -> Series:
    """Return the values of an expression; a number stands for a series of that number.

    Args:
        expression: Such as ``100 * FILL(errors, 0) / requests``.
        metrics: The series that it may refer to, by id.
        span: The time to fill, for FILL and numbers.

    Raises:
        ValueError: It is no expression, refers to something unknown, or yields several series.
    """
    value = _Evaluation(expression, metrics, span).run()
    if isinstance(value, list):
        if len(value) != 1:
            raise ValueError(f"yields {len(value)} series: {expression}")
        return value[0]
    return value if isinstance(value, dict) else dict.fromkeys(span, value)


class _Evaluation:
    def __init__(self, expression: str, metrics: Mapping[str, Series], span: Range) -> None:
        self._tokens = _tokens(expression)
        self._metrics = metrics
        self._span = span

    def run(self) -> Value:
        value = self._binary(0)
        if self._tokens:
            raise ValueError(f"not understood: {self._tokens[0]}")
        return value

    def _binary(self, level: int) -> Value:
        if level == len(_OPERATORS):
            return self._unary()
        value = self._binary(level + 1)
        while self._tokens and self._tokens[0].upper() in _OPERATORS[level]:
            function = _OPERATORS[level][self._tokens.pop(0).upper()]
            value = _combine(function, value, self._binary(level + 1))
        return value

    def _unary(self) -> Value:
        if self._take("-"):
            return _combine(operator.mul, -1.0, self._unary())
        if self._take("("):
            value = self._binary(0)
            self._expect(")")
            return value
        if self._take("["):
            return [each for value in self._list("]") for each in _all_series(value, self._span)]
        if not self._tokens:
            raise ValueError("an expression ends too early")
        token = self._tokens.pop(0)
        if token[0].isdigit():
            return float(token)
        if self._take("("):
            return self._call(token.upper())
        if token not in self._metrics:
            raise ValueError(f"no metric {token}")
        return self._metrics[token]

    def _call(self, name: str) -> Value:
        if name == "METRICS":
            wanted = "" if self._take(")") else self._text()
            return [found for id_, found in self._metrics.items() if wanted in id_]
        if name == "FILL":
            return self._fill()
        arguments = self._list(")")
        if name == "IF":
            return _choose(*arguments)
        if name in _AGGREGATES:
            return _aggregate(_AGGREGATES[name], arguments)
        if name in _EACH:
            return _map(_EACH[name], arguments[0])
        functions: dict[str, Callable[[Series], Value]] = {
            "DIFF": lambda found: _steps(found, lambda rise, _: rise),
            "PERIOD": lambda _: float(self._span.period),
            "RATE": lambda found: _steps(found, lambda rise, seconds: rise / seconds),
            "RUNNING_SUM": _running_sum,
        }
        if name not in functions:
            raise ValueError(f"no function {name}")
        return functions[name](_series(arguments[0]))

    def _fill(self) -> Value:
        value = self._binary(0)
        self._expect(",")
        if self._tokens and self._tokens[0] in {"REPEAT", "LINEAR"}:
            how = self._tokens.pop(0)
            self._expect(")")
            return _repeat(_series(value), self._span) if how == "REPEAT" else value
        filling = self._binary(0)
        self._expect(")")
        blank = _all_series(filling, self._span)[0]
        filled = [{**blank, **each} for each in _all_series(value, self._span)]
        return filled if isinstance(value, list) else dict(sorted(filled[0].items()))

    def _text(self) -> str:
        text = self._tokens.pop(0).strip('"')
        self._expect(")")
        return text

    def _list(self, end: str) -> list[Value]:
        values: list[Value] = []
        if self._take(end):
            return values
        while True:
            values.append(self._binary(0))
            if self._take(end):
                return values
            self._expect(",")

    def _take(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise ValueError(f"{token} is missing before: {' '.join(self._tokens) or 'the end'}")


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    text = expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise ValueError(f"not understood: {text[at:].strip()}")
        tokens.append(found[1])
        at = found.end()
    return tokens


def _series(value: Value) -> Series:
    if not isinstance(value, dict):
        raise ValueError("a time series is wanted")  # noqa: TRY004 - a fault of the expression
    return value


def _all_series(value: Value, span: Range) -> list[Series]:
    if isinstance(value, list):
        return value
    return [value if isinstance(value, dict) else dict.fromkeys(span, value)]


def _map(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, list):
        return [{at: function(each) for at, each in found.items()} for found in value]
    if isinstance(value, dict):
        return {at: function(each) for at, each in value.items()}
    return function(value)


def _combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Combine where both sides have a value; what cannot be computed is missing."""
    if isinstance(left, list):
        return [_series(_combine(function, each, right)) for each in left]
    if isinstance(right, list):
        return [_series(_combine(function, left, each)) for each in right]
    if not isinstance(left, dict) and not isinstance(right, dict):
        return function(left, right)
    times = set(left if isinstance(left, dict) else right)  # type: ignore[arg-type] # one of them
    if isinstance(right, dict):
        times &= set(right)
    combined = {}
    for at in sorted(times):
        try:
            combined[at] = function(_at(left, at), _at(right, at))
        except (ArithmeticError, ValueError):
            continue
    return combined


def _at(value: float | Series, at: int) -> float:
    return value[at] if isinstance(value, dict) else value


def _choose(condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    if not isinstance(condition, (dict, list)):
        return then if condition else (otherwise if otherwise is not None else {})
    chosen = {}
    for at, holds in _series(condition).items():
        side = then if holds else otherwise
        if isinstance(side, dict):
            if at in side:
                chosen[at] = side[at]
        elif isinstance(side, (int, float)):
            chosen[at] = side
    return chosen


def _aggregate(function: Callable[[list[float]], float], arguments: list[Value]) -> Value:
    """Aggregate one series over time, or several series at each time."""
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return function(list(arguments[0].values())) if arguments[0] else {}
    found = [each for value in arguments for each in (value if isinstance(value, list) else [])]
    times = sorted({at for each in found for at in each})
    return {at: function([each[at] for each in found if at in each]) for at in times}


def _steps(found: Series, function: Callable[[float, int], float]) -> Series:
    times = sorted(found)
    return {
        later: function(found[later] - found[earlier], later - earlier)
        for earlier, later in itertools.pairwise(times)
    }


def _running_sum(found: Series) -> Series:
    total, sums = 0.0, {}
    for at in sorted(found):
        total += found[at]
        sums[at] = total
    return sums


def _repeat(found: Series, span: Range) -> Series:
    filled: Series = {}
    last: float | None = None
    for at in span:
        last = found.get(at, last)
        if last is not None:
            filled[at] = last
    return filled


def words(expression: str) -> list[str]:
    """Return the names in an expression: functions and ids of metrics."""
    return [token for token in _tokens(expression) if token[0].isalpha()]
