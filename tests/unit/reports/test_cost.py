"""The costs of several environments side by side, with the sources of the prices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tap.cost.drivers import Driver
from tap.cost.estimate import estimate
from tap.cost.prices import load_prices
from tap.reports.cost import cost_reference, cost_table

pytestmark = pytest.mark.requirement("DOC-1", "STK-2")


def driver(kind: str, name: str, quantity: int, *, by_use: bool = False) -> Driver:
    return Driver(
        kind=kind, name=name, quantity=Decimal(quantity), region="eu-west-1", by_use=by_use
    )


def test_environments_stand_side_by_side_and_equal_kinds_together() -> None:
    dev = [driver("ec2:t3.micro", "Instance t3.micro", 2), driver("dashboard", "Dashboard", 1)]
    prod = [
        driver("ec2:t3.micro", "Instance t3.micro", 3),
        driver("ec2:m5.large", "Instance m5.large", 3),
        driver("dashboard", "Dashboard", 1),
        driver("log-group:365", "Log group", 8, by_use=True),
    ]
    table = cost_table(
        {
            "dev": estimate("dev", dev, load_prices()),
            "prod": estimate("prod", prod, load_prices()),
        }
    )

    assert table.splitlines() == [
        "| What | Region | USD each | dev | prod |",
        "| --- | --- | ---: | ---: | ---: |",
        "| Instance t3.micro | eu-west-1 | 0.0114 per hour | 2: $16.64 | 3: $24.97 |",
        "| Instance m5.large | eu-west-1 | 0.107 per hour | - | 3: $234.33 |",
        "| Dashboard | eu-west-1 | no price | 1 | 1 |",
        "| Log group | eu-west-1 | by use | - | 8 |",
        "| **What has a price** | | | **$16.64** | **$259.30** |",
        "| Drivers without a price | | | 1 | 1 |",
    ]


def test_the_page_lists_every_price_with_a_link_and_a_date() -> None:
    prices = load_prices().all
    page = cost_reference({"dev": estimate("dev", [], load_prices())}, prices)

    for price in prices:
        assert f"| `{price.kind}` |" in page
        assert f"| <{price.page}> | {price.read} |" in page
