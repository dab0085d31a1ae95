"""The two tests of significance, against published values and a count of all cases."""

from __future__ import annotations

from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.traffic.statistics import binomial_greater, fisher_greater

pytestmark = pytest.mark.requirement("TRF-3")


def test_the_lady_tasting_tea() -> None:
    # R. A. Fisher, The Design of Experiments (1935): 4 of 4 by chance is 1 in 70, 3 of 4 is 17.
    assert isclose(fisher_greater(4, 4, 0, 4), 1 / 70)
    assert isclose(fisher_greater(3, 4, 1, 4), 17 / 70)


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_fisher_is_the_share_of_all_ways_to_spread_the_errors(
    total: int, other_total: int, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(0, total))
    other = data.draw(st.integers(0, other_total))
    failed, whole = errors + other, total + other_total
    ways = sum(
        comb(total, number) * comb(other_total, failed - number)
        for number in range(errors, min(failed, total) + 1)
        if failed - number <= other_total
    )

    assert isclose(
        fisher_greater(errors, total, other, other_total), ways / comb(whole, failed), rel_tol=1e-9
    )


@given(st.integers(1, 40), st.floats(0.001, 0.9), st.data())
def test_the_binomial_test_is_the_sum_of_its_terms(
    total: int, limit: float, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(0, total))
    chance = sum(
        comb(total, number) * limit**number * (1 - limit) ** (total - number)
        for number in range(errors, total + 1)
    )

    assert isclose(binomial_greater(errors, total, limit), chance, rel_tol=1e-6, abs_tol=1e-12)


def test_large_counts_are_no_trouble() -> None:
    assert fisher_greater(3000, 1_000_000, 2900, 1_000_000) == pytest.approx(0.0971, abs=0.002)
    assert fisher_greater(300_000, 1_000_000, 100, 1_000_000) == pytest.approx(0, abs=1e-12)
    assert binomial_greater(0, 1_000_000, 0.01) == 1.0
