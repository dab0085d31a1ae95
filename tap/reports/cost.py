"""What an environment costs in a month, for a person, a program or a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap.cost.prices import EVERYWHERE, HOURS_PER_MONTH
from tap.reports.markdown import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from tap.cost.estimate import Estimate, Line
    from tap.cost.prices import Price

_NO_PRICE = "no price"
_BY_USE = "by use"
_ALIGNED = "><<>><"

_INTRODUCTION = f"""\
# Cost of the environments

What each environment costs in a month before anybody uses it, in US dollars before tax, counted
from the plans of the environments: {HOURS_PER_MONTH} hours, at the desired number of instances,
blue and green both, with no free tier but the one that a price names. `tap cost ENV` says the same
of a saved plan; `--output json` adds the source of each price.

A cell is the quantity and, where the price is known, what it comes to. *no price*: it costs
something, but no price was found that could be cited, and none is invented; the sum lacks it.
*by use*: nothing is paid until it is used. Not counted at all is traffic: data through NAT
gateways, endpoints and load balancer, requests to the web ACL, DNS and keys, metrics of the agent,
log data, objects, and backups beyond the size of the database; nor alarms that Auto Scaling makes
for its own policies."""

_SOURCES = """\
## Prices

All prices are in `tap/cost/prices.toml`. They are as old as the column *Read* says; AWS's own page
is linked to check them against."""


def cost_line(estimate: Estimate) -> str:
    """Return the sum as one line, with what it lacks."""
    missing = len(estimate.without_price)
    lacks = f", without {missing} of which no price is known" if missing else ""
    return f"{estimate.subject}: {money(estimate.total)} a month before use{lacks}"


def cost_text(estimate: Estimate) -> str:
    """Return a report for a terminal."""
    rows = [
        (
            *(_number(line), line.driver.name, _where(line), _each(line), _monthly(line)),
            line.driver.detail,
        )
        for line in estimate.lines
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    lines = [
        "  ".join(
            f"{text:{_ALIGNED[column]}{width}}"
            for column, (text, width) in enumerate(zip(row, [*widths, 0], strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", cost_line(estimate)])


def cost_json(estimate: Estimate) -> str:
    """Return everything as one JSON document; amounts are texts, so that none is rounded."""
    document = {
        "subject": estimate.subject,
        "currency": "USD",
        "hours_per_month": HOURS_PER_MONTH,
        "total": str(estimate.total),
        "without_price": [line.driver.kind for line in estimate.without_price],
        "lines": [
            {
                "kind": line.driver.kind,
                "name": line.driver.name,
                "region": line.driver.region,
                "quantity": str(line.driver.quantity),
                "detail": line.driver.detail,
                "by_use": line.driver.by_use,
                "monthly": None if line.monthly is None else str(line.monthly),
                "price": line.price and _price(line.price),
            }
            for line in estimate.lines
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def cost_markdown(estimate: Estimate) -> str:
    """Return a table for a pull request."""
    lines = [
        f"**{cost_line(estimate)}**",
        "",
        "| Quantity | What | Region | USD each | A month | |",
        "| ---: | --- | --- | ---: | ---: | --- |",
    ]
    for line in estimate.lines:
        what = (
            *(line.driver.name, _where(line), _each(line), _monthly(line)),
            line.driver.detail,
        )
        lines.append(f"| {_number(line)} | {' | '.join(map(cell, what))} |")
    return "\n".join(lines)


def cost_reference(estimates: Mapping[str, Estimate], prices: Sequence[Price]) -> str:
    """Return the page of costs, as Markdown with a trailing newline.

    Args:
        estimates: By environment.
        prices: All that are known.
    """
    return "\n\n".join([_INTRODUCTION, cost_table(estimates), _SOURCES, price_table(prices)]) + "\n"


def cost_table(estimates: Mapping[str, Estimate]) -> str:
    """Return the costs of several environments side by side, as Markdown without a heading."""
    names = list(estimates)
    rows: dict[tuple[str, str], dict[str, Line]] = {}
    for name, each in estimates.items():
        for line in each.lines:
            rows.setdefault((line.driver.kind, line.driver.region), {})[name] = line
    lines = [
        f"| What | Region | USD each | {' | '.join(names)} |",
        f"| --- | --- | ---: |{' ---: |' * len(names)}",
    ]
    families = list(dict.fromkeys(kind.partition(":")[0] for kind, _ in rows))
    for key in sorted(rows, key=lambda row: families.index(row[0].partition(":")[0])):
        found = rows[key]
        one = next(iter(found.values()))
        cells = [_in_column(found.get(name)) for name in names]
        lines.append(
            f"| {cell(one.driver.name)} | {_where(one)} | {_each(one)} | {' | '.join(cells)} |"
        )
    sums = [f"**{money(estimates[name].total)}**" for name in names]
    missing = [str(len(estimates[name].without_price)) for name in names]
    lines += [
        f"| **What has a price** | | | {' | '.join(sums)} |",
        f"| Drivers without a price | | | {' | '.join(missing)} |",
    ]
    return "\n".join(lines)


def price_table(prices: Sequence[Price]) -> str:
    """Return prices with their sources, as Markdown."""
    lines = ["| Kind | Region | USD | for a | Page of AWS | Read | Found in |"]
    lines.append("| --- | --- | ---: | --- | --- | --- | --- |")
    for price in prices:
        region = "every" if price.region == EVERYWHERE else price.region
        lines.append(
            f"| `{price.kind}` | {region} | {price.usd} "
            f"| {price.unit} | <{price.page}> | {price.read} | {cell(_linked(price.text))} |"
        )
    return "\n".join(lines)


def money(amount: Decimal) -> str:
    """Return an amount in US dollars, rounded to cents."""
    return f"${amount:,.2f}"


def _linked(text: str) -> str:
    """Return text with its addresses as links."""
    words = (f"<{word}>" if word.startswith("https://") else word for word in text.split(" "))
    return " ".join(words).replace(",>", ">,")


def _number(line: Line) -> str:
    return f"{line.driver.quantity.normalize():f}"


def _where(line: Line) -> str:
    return line.driver.region or "another"


def _each(line: Line) -> str:
    if line.price is None:
        return _BY_USE if line.driver.by_use else _NO_PRICE
    return f"{line.price.usd} per {line.price.unit}"


def _monthly(line: Line) -> str:
    return "" if line.monthly is None else money(line.monthly)


def _in_column(line: Line | None) -> str:
    if line is None:
        return "-"
    if line.monthly is None:
        return _number(line)
    return f"{_number(line)}: {money(line.monthly)}"


def _price(price: Price) -> dict[str, str]:
    return {
        "usd": str(price.usd),
        "unit": price.unit.value,
        "region": price.region,
        "page": price.page,
        "read": price.read.isoformat(),
        "text": price.text,
    }
