"""Answer a DNS question from the records of one hosted zone, as Route 53 chooses among them.

Sources:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ADDRESSES = {"A", "AAAA"}
_MAX_CHAIN = 8


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record set.

    Attributes:
        name: In full, in lower case, with the dot at its end.
        type: Such as ``A``.
        values: What it answers; empty for an alias.
        alias: The name that an alias stands for; empty for others.
        weight: Of a weighted record, 0 to 255; None for others.
        failover: ``PRIMARY``, ``SECONDARY`` or None.
        healthy: Whether its health check, and its alias target where that is asked for, are.
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    alias: str = ""
    weight: int | None = None
    failover: str | None = None
    healthy: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a name server says.

    Attributes:
        code: ``NOERROR`` or ``NXDOMAIN``.
        type: Of the record it comes from: ``CNAME`` may answer a question for an address.
        values: The data; for an alias of something outside of the zone its name, because here
            nothing has an address.
    """

    code: str
    type: str
    values: tuple[str, ...] = ()


def answer(
    records: Sequence[Record], name: str, type_: str, draw: Callable[[float], float]
) -> Answer:
    """Answer one question.

    Args:
        records: All of the zone.
        name: In full, in lower case, with the dot at its end.
        type_: Such as ``A``.
        draw: Returns a random number from 0 up to, but without, its argument.
    """
    for _ in range(_MAX_CHAIN):
        named = _named(records, name)
        if not named:
            return Answer(code="NXDOMAIN", type=type_)
        found = [record for record in named if record.type == type_]
        if not found and type_ in _ADDRESSES:
            found = [record for record in named if record.type == "CNAME"]
        if not found:
            return Answer(code="NOERROR", type=type_)
        chosen = choose(found, draw)
        if not chosen.alias:
            return Answer(code="NOERROR", type=chosen.type, values=chosen.values)
        if not _named(records, chosen.alias):
            return Answer(code="NOERROR", type=chosen.type, values=(chosen.alias,))
        name = chosen.alias
    return Answer(code="SERVFAIL", type=type_)


def choose(records: Sequence[Record], draw: Callable[[float], float]) -> Record:
    """Choose among records of one name and type; if none is healthy, all count as healthy."""
    healthy = [record for record in records if record.healthy]
    weighted = [record for record in healthy if record.weight]
    if not weighted and all(record.weight is not None for record in records):
        # Records of weight 0 answer only in place of others that cannot.
        healthy_spares = [record for record in healthy if record.weight == 0]
        any_weight = [record for record in records if record.weight]
        return _weighted(healthy_spares or any_weight or list(records), draw)
    if weighted:
        return _weighted(weighted, draw)
    usable = healthy or list(records)
    return next((record for record in usable if record.failover == "PRIMARY"), usable[0])


def _weighted(records: Sequence[Record], draw: Callable[[float], float]) -> Record:
    # Where all weights are 0, all are equally likely.
    weights = [record.weight or 0 for record in records]
    if not any(weights):
        weights = [1] * len(records)
    point = draw(sum(weights))
    for record, weight in zip(records, weights, strict=True):
        if point < weight:
            return record
        point -= weight
    return records[-1]


def _named(records: Sequence[Record], name: str) -> list[Record]:
    """Return the records of a name, or else those of the nearest wildcard above it."""
    exact = [record for record in records if record.name == name]
    if exact:
        return exact
    rest = name
    while "." in rest.rstrip("."):
        rest = rest.partition(".")[2]
        if wild := [record for record in records if record.name in {f"*.{rest}", f"\\052.{rest}"}]:
            return wild
        if any(record.name == rest for record in records):
            return []
    return []
