"""Whether two shares differ by more than chance, and whether one is above a limit."""

from __future__ import annotations

from math import exp, lgamma, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Below it a further term changes no digit of a probability that is compared with 0.001 or more.
_NEGLIGIBLE = 1e-15


def fisher_greater(errors: int, total: int, other_errors: int, other_total: int) -> float:
    """Return the one-sided p-value of Fisher's exact test.

    It is the probability that chance alone puts this many of all errors, or more, among the
    ``total`` requests. Source: R. A. Fisher, Statistical Methods for Research Workers, 5th ed.
    1934, section 21.02; the same as ``scipy.stats.fisher_exact(..., alternative="greater")``.

    Args:
        errors: Failed requests of the color under trial.
        total: All its requests.
        other_errors: Failed requests of the other color.
        other_total: All its requests.
    """
    whole, failed = total + other_total, errors + other_errors
    largest = min(failed, total)
    scale = _choose(whole, total)
    return _tail(
        lambda number: exp(
            _choose(failed, number) + _choose(whole - failed, total - number) - scale
        ),
        errors,
        largest,
        lowest=max(0, total - (whole - failed)),
    )


def binomial_greater(errors: int, total: int, limit: float) -> float:
    """Return the probability of this many errors, or more, if the ratio were the limit.

    The one-sided exact binomial test: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).

    Args:
        errors: Failed requests.
        total: All requests.
        limit: Ratio from 0 to 1, both excluded.
    """
    return _tail(
        lambda number: exp(
            _choose(total, number) + number * log(limit) + (total - number) * log(1 - limit)
        ),
        errors,
        total,
        lowest=0,
    )


def _tail(probability: Callable[[int], float], first: int, last: int, *, lowest: int) -> float:
    """Add up the probabilities of all numbers from the first on."""
    if first <= lowest:
        return 1.0
    total = 0.0
    before = 0.0
    for number in range(first, last + 1):
        term = probability(number)
        total += term
        # Beyond their peak the terms only fall.
        if term < before and term < _NEGLIGIBLE:
            break
        before = term
    return min(1.0, total)


def _choose(whole: int, part: int) -> float:
    """Return the logarithm of the binomial coefficient."""
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
