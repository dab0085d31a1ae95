"""What the drivers of a plan cost in a month, as far as prices are known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.cost.drivers import Driver
    from tap.cost.prices import Price, Prices


@dataclass(frozen=True, kw_only=True)
class Line:
    """One driver with its price.

    Attributes:
        driver: What is paid for.
        price: What AWS asks for one; None where no price is known, or where use alone is paid for.
    """

    driver: Driver
    price: Price | None

    @property
    def monthly(self) -> Decimal | None:
        """US dollars in a month of 730 hours; None without a price."""
        if self.price is None:
            return None
        return self.driver.quantity * self.price.usd * self.price.unit.in_a_month


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What an environment costs in a month before anybody uses it.

    Attributes:
        subject: Whose cost it is.
        lines: One for each driver.
    """

    subject: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """The sum of what has a price, in US dollars."""
        return sum((line.monthly for line in self.lines if line.monthly is not None), Decimal(0))

    @property
    def without_price(self) -> tuple[Line, ...]:
        """The drivers that cost something every month, but of which no price is known."""
        return tuple(line for line in self.lines if line.price is None and not line.driver.by_use)


def estimate(subject: str, drivers: Iterable[Driver], prices: Prices) -> Estimate:
    """Return what drivers cost in a month.

    Args:
        subject: Whose they are, for the report.
        drivers: What is paid for.
        prices: What AWS asks for it.
    """
    return Estimate(
        subject=subject,
        lines=tuple(
            Line(
                driver=driver,
                price=None if driver.by_use else prices.find(driver.kind, driver.region),
            )
            for driver in drivers
        ),
    )
