"""Turn the samples of a metric into one value for each period.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Series = dict[int, float]
"""Values by the start of their period, in seconds since the epoch."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


class Sample(NamedTuple):
    """One value, or a set of values of which only the statistics are known.

    Attributes:
        at: When, in seconds since the epoch.
        minimum: The least value of the set.
        maximum: The greatest value of the set.
        total: The sum of the set.
        number: How many values the set has.
    """

    at: float
    minimum: float
    maximum: float
    total: float
    number: float = 1.0


def series(samples: Iterable[Sample], statistic: str, period: int) -> Series:
    """Return a statistic for each period that has samples.

    Args:
        samples: In any order.
        statistic: ``Average``, ``Maximum``, ``Minimum``, ``SampleCount``, ``Sum`` or a percentile
            such as ``p99`` or ``p99.9``.
        period: Seconds; periods begin at its multiples since the epoch.

    Raises:
        ValueError: There is no such statistic.
    """
    periods: dict[int, list[Sample]] = {}
    for sample in samples:
        periods.setdefault(int(sample.at // period) * period, []).append(sample)
    return {start: _statistic(periods[start], statistic) for start in sorted(periods)}


def needed_samples(statistic: str) -> float:
    """Return how many samples a percentile needs to say something; 0 for other statistics.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    found = _PERCENTILE.fullmatch(statistic)
    if found is None:
        return 0
    share = float(found[1]) / 100
    return 10 / max(1 - share if share >= 0.5 else share, 1e-9)  # noqa: PLR2004 - half


def _statistic(samples: Sequence[Sample], name: str) -> float:
    count = sum(sample.number for sample in samples)
    total = sum(sample.total for sample in samples)
    simple = {
        "Average": total / count if count else 0.0,
        "Maximum": max(sample.maximum for sample in samples),
        "Minimum": min(sample.minimum for sample in samples),
        "SampleCount": count,
        "Sum": total,
    }
    if name in simple:
        return simple[name]
    if (found := _PERCENTILE.fullmatch(name)) is None:
        raise ValueError(f"no statistic {name}")
    return _percentile(samples, float(found[1]))


def _percentile(samples: Sequence[Sample], percent: float) -> float:
    """Return the least value that this share of all values does not exceed.

    A set of values counts as all its values at their mean: CloudWatch knows no more either.
    """
    ordered = sorted((sample.total / sample.number, sample.number) for sample in samples)
    wanted = math.ceil(percent / 100 * sum(count for _, count in ordered) - 1e-9)
    seen = 0.0
    for value, count in ordered:
        seen += count
        if seen >= wanted:
            return value
    return ordered[-1][0]
