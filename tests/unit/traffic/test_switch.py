"""What should steer the traffic, and what weights amount to."""

from __future__ import annotations

import pytest

from tap.traffic.phases import Weights, green_share
from tap.traffic.switch import LiveWeights, idle_color, wanted

pytestmark = pytest.mark.requirement("TRF-2", "TRF-3")


@pytest.mark.parametrize(
    ("green", "idle"), [(0, "green"), (10, "green"), (50, "green"), (51, "blue"), (100, "blue")]
)
def test_the_preview_leads_to_the_color_with_less_traffic_and_to_green_at_half(
    green: int, idle: str
) -> None:
    assert idle_color(green_share(green)) == idle
    assert wanted(green_share(green), "listener") == LiveWeights(
        listener={"blue": 100 - green, "green": green}, preview=idle_color(green_share(green))
    )


def test_where_dns_splits_all_that_arrives_goes_to_green() -> None:
    assert wanted(green_share(10), "dns") == LiveWeights(
        listener={"blue": 0, "green": 100}, preview="green", records={"blue": 90, "green": 10}
    )


@pytest.mark.parametrize(
    ("blue", "green", "shares"),
    [
        (90, 10, Weights(blue=90, green=10)),
        (1, 0, Weights(blue=100, green=0)),
        (3, 1, Weights(blue=75, green=25)),
        (2, 1, None),
        (0, 0, None),
    ],
)
def test_weights_amount_to_shares_if_these_are_whole(
    blue: int, green: int, shares: Weights | None
) -> None:
    weights = {"blue": blue, "green": green}
    everything = {"blue": 0, "green": 100}

    assert LiveWeights(listener=weights, preview="green").shares == shares  # type: ignore[arg-type] # keys are colors
    in_dns = LiveWeights(listener=everything, preview="green", records=weights)  # type: ignore[arg-type] # as above
    assert in_dns.shares == shares


def test_live_weights_are_told_in_one_line() -> None:
    assert str(wanted(green_share(10), "listener")) == "blue 90, green 10 (preview: green)"
    assert str(wanted(green_share(100), "dns")) == (
        "blue 0, green 100 in DNS, listener blue 0, green 100 (preview: blue)"
    )
