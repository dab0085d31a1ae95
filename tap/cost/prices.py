"""The prices in ``prices.toml``: each with its region, its source and the day it was read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from tap.errors import SettingsError

# What AWS's own calculator takes for a month: 365 days of 24 hours, divided by 12.
# Source: https://docs.aws.amazon.com/pricing-calculator/latest/userguide/
HOURS_PER_MONTH = 730

EVERYWHERE = "*"
_FILE = Path(__file__).with_name("prices.toml")


class Unit(StrEnum):
    """What a price is for."""

    HOUR = "hour"
    MONTH = "month"
    GB_MONTH = "GB-month"

    @property
    def in_a_month(self) -> int:
        """How many of it a month has."""
        return HOURS_PER_MONTH if self is Unit.HOUR else 1


@dataclass(frozen=True, kw_only=True)
class Price:
    """What AWS asks for one thing.

    Attributes:
        kind: What is paid for, such as ``ec2:t3.micro``.
        region: Where it holds; ``*`` everywhere.
        usd: US dollars for one unit, before tax.
        unit: What it is for.
        page: Address of AWS's own page of such prices.
        read: When it was read there.
        text: The public text it was found in.
    """

    kind: str
    region: str
    usd: Decimal
    unit: Unit
    page: str
    read: date
    text: str


class Prices:
    """Prices, to be looked up by kind and region."""

    def __init__(self, prices: tuple[Price, ...]) -> None:
        self.all = prices
        self._found = {(price.kind, price.region): price for price in prices}

    def find(self, kind: str, region: str) -> Price | None:
        """Return the price in a region; None where none is known, never that of another one."""
        return self._found.get((kind, region)) or self._found.get((kind, EVERYWHERE))


@cache
def load_prices() -> Prices:
    """Return the prices that ``tap`` brings with it."""
    return parse_prices(_FILE.read_text(encoding="utf-8"))


def parse_prices(text: str) -> Prices:
    """Read prices from TOML.

    Raises:
        SettingsError: An entry is incomplete, or there are two for the same thing.
    """
    entries = tomllib.loads(text, parse_float=Decimal)["prices"]
    prices = tuple(_price(entry) for entry in entries)
    seen: set[tuple[str, str]] = set()
    for price in prices:
        if (price.kind, price.region) in seen:
            raise SettingsError(
                f"two prices of {price.kind} in {price.region}", "leave one of them out"
            )
        seen.add((price.kind, price.region))
    return Prices(prices)


def _price(entry: dict[str, Any]) -> Price:
    try:
        price = Price(**{**entry, "unit": Unit(entry["unit"])})
    except (TypeError, KeyError, ValueError) as error:
        raise SettingsError(
            f"the price {entry.get('kind', entry)} cannot be used: {error}",
            "give kind, region, usd, unit, page, read and text",
        ) from None
    for name, kind in (("usd", Decimal), ("read", date)):
        if type(entry[name]) is not kind:
            raise SettingsError(
                f"the price {price.kind}: {name} is {entry[name]!r}",
                "write usd with a point, such as 1.00, and read as a date, such as 2026-08-31",
            )
    return price
