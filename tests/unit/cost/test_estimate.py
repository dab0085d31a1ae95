"""What drivers cost in a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tap.cost.drivers import Driver
from tap.cost.estimate import Estimate, estimate
from tap.cost.prices import Price, Prices, Unit

pytestmark = pytest.mark.requirement("DOC-1")


def price(kind: str, usd: str, unit: Unit) -> Price:
    return Price(
        kind=kind,
        region="eu-west-1",
        usd=Decimal(usd),
        unit=unit,
        page="https://aws.amazon.com/",
        read=date(2026, 10, 2),
        text="a price list",
    )


PRICES = Prices(
    (
        price("nat-gateway", "0.048", Unit.HOUR),
        price("kms-key", "1.00", Unit.MONTH),
        price("ebs:gp3", "0.088", Unit.GB_MONTH),
        price("aws_s3_bucket", "9.00", Unit.MONTH),
    )
)


def of(kind: str, quantity: int, *, by_use: bool = False) -> Estimate:
    driver = Driver(
        kind=kind, name=kind, quantity=Decimal(quantity), region="eu-west-1", by_use=by_use
    )
    return estimate("prod", [driver], PRICES)


@pytest.mark.parametrize(
    ("kind", "quantity", "monthly"),
    [
        ("nat-gateway", 3, "105.12"),  # 3 x 730 h x 0.048
        ("kms-key", 4, "4"),
        ("ebs:gp3", 120, "10.56"),
    ],
)
def test_an_hour_counts_730_times_and_a_month_once(kind: str, quantity: int, monthly: str) -> None:
    found = of(kind, quantity)

    assert found.lines[0].monthly == found.total == Decimal(monthly)
    assert found.without_price == ()


def test_what_has_no_price_is_named_and_not_counted_as_nothing() -> None:
    found = of("rds:mysql:db.m5.large:multi-az", 1)

    assert found.lines[0].monthly is None
    assert found.total == 0
    assert [line.driver.kind for line in found.without_price] == ["rds:mysql:db.m5.large:multi-az"]


def test_what_is_paid_by_use_has_no_price_and_lacks_none() -> None:
    found = of("aws_s3_bucket", 2, by_use=True)

    assert found.total == 0
    assert found.without_price == ()
