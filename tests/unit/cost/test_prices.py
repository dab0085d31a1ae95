"""The prices that tap brings, and how they are read and looked up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tap.cost.prices import Unit, load_prices, parse_prices
from tap.errors import SettingsError

pytestmark = pytest.mark.requirement("DOC-1")

ENTRY = """
[[prices]]
kind   = "nat-gateway"
region = "eu-west-1"
usd    = 0.048
unit   = "hour"
page   = "https://aws.amazon.com/vpc/pricing/"
read   = 2026-10-02
text   = "a price list"
"""


def test_every_price_says_where_it_holds_and_where_and_when_it_was_read() -> None:
    prices = load_prices().all

    assert len(prices) >= 15
    for price in prices:
        assert price.usd >= 0
        assert price.page.startswith("https://aws.amazon.com/"), price.kind
        assert price.page.endswith("/"), price.kind
        assert date(2026, 1, 1) <= price.read <= date.today(), price.kind  # noqa: DTZ011 - a day
        assert len(price.text) > 20, price.kind
        assert price.region == "*" or price.region.count("-") == 2, price.kind


def test_an_amount_is_exact() -> None:
    price = parse_prices(ENTRY).find("nat-gateway", "eu-west-1")

    assert price is not None
    assert price.usd == Decimal("0.048")
    assert price.unit is Unit.HOUR
    assert Unit.HOUR.in_a_month == 730
    assert Unit.GB_MONTH.in_a_month == 1


def test_a_price_of_another_region_is_none() -> None:
    prices = parse_prices(ENTRY)

    assert prices.find("nat-gateway", "us-east-1") is None
    assert prices.find("nat-gateway", "") is None
    assert prices.find("natgateway", "eu-west-1") is None


def test_a_price_that_holds_everywhere_is_found_everywhere() -> None:
    prices = parse_prices(ENTRY.replace('"eu-west-1"', '"*"'))

    assert prices.find("nat-gateway", "us-east-1") is prices.find("nat-gateway", "") is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY * 2, "two prices of nat-gateway in eu-west-1"),
        (ENTRY.replace('"hour"', '"second"'), "the price nat-gateway cannot be used"),
        (ENTRY.replace("page ", "side "), "the price nat-gateway cannot be used"),
        (ENTRY.replace("0.048", "1"), "the price nat-gateway: usd is 1"),
        (ENTRY.replace("2026-10-02", '"2026"'), "the price nat-gateway: read is '2026'"),
    ],
    ids=["twice", "unknown unit", "unknown key", "no point", "no date"],
)
def test_an_entry_that_cannot_be_used_is_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_prices(text)
