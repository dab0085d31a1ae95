"""Which minutes count after a shift, and how shares follow from counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap.traffic.metrics import Share, Window, window

pytestmark = pytest.mark.requirement("TRF-3")

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (at(0), at(5), Window(since=at(0), until=at(5), period=60)),
        (at(0.1), at(5.5), Window(since=at(1), until=at(5.5), period=60)),
        (at(0.9), at(1.9), Window(since=at(1), until=at(1.9), period=60)),
    ],
)
def test_a_window_begins_with_the_first_full_minute(
    since: datetime, until: datetime, expected: Window
) -> None:
    assert window(since, until) == expected
    assert not expected.empty


def test_a_window_of_less_than_a_minute_counts_seconds() -> None:
    since = NOON + timedelta(seconds=0.25)

    found = window(since, since + timedelta(seconds=10))

    assert found == Window(
        since=NOON + timedelta(seconds=1), until=since + timedelta(seconds=10), period=1
    )


def test_a_window_in_which_no_period_begins_is_empty() -> None:
    assert window(NOON, NOON).empty
    assert window(NOON + timedelta(seconds=0.1), NOON + timedelta(seconds=0.9)).empty


def test_a_share_is_of_all_requests_of_its_time() -> None:
    share = Share(at=NOON, requests={"blue": 270, "green": 30})

    assert (share.percent("blue"), share.percent("green")) == (90, 10)
    assert Share(at=NOON, requests={"blue": 0, "green": 0}).percent("green") is None
