"""How a name server chooses among the records of a zone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tap.emulator.dns_answers import Record, answer

pytestmark = pytest.mark.requirement("DNS-1", "TST-2")

NAME = "app.example.com."


def record(value: str = "", **more: Any) -> Record:
    return Record(**({"name": NAME, "type": "A", "values": (value,)} | more))


def shares(*records: Record) -> dict[str, int]:
    """Ask once for each hundredth of the way through the draw."""
    drawn = (
        answer(records, NAME, "A", lambda limit, at=at: limit * at / 100)  # type: ignore[misc] # bound now
        for at in range(100)
    )
    return dict(Counter(each.values[0] for each in drawn))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (100, 0, {"old": 100}),
        (90, 10, {"old": 90, "new": 10}),
        (50, 50, {"old": 50, "new": 50}),
        (0, 100, {"new": 100}),
        (0, 0, {"old": 50, "new": 50}),
    ],
)
def test_weights_share_the_answers(old: int, new: int, expected: dict[str, int]) -> None:
    assert shares(record("old", weight=old), record("new", weight=new)) == expected


def test_what_is_not_healthy_does_not_answer_while_something_else_can() -> None:
    old = record("old", weight=90, healthy=False)

    assert shares(old, record("new", weight=10)) == {"new": 100}
    assert shares(old, record("new", weight=0)) == {"new": 100}
    assert shares(old, record("new", weight=10, healthy=False)) == {"old": 90, "new": 10}


def test_the_secondary_answers_for_a_primary_that_is_not_healthy() -> None:
    secondary = record("second", failover="SECONDARY")

    assert shares(secondary, record("first", failover="PRIMARY")) == {"first": 100}
    assert shares(secondary, record("first", failover="PRIMARY", healthy=False)) == {"second": 100}
    assert shares(
        record("second", failover="SECONDARY", healthy=False),
        record("first", failover="PRIMARY", healthy=False),
    ) == {"first": 100}


def ask(records: list[Record], name: str, type_: str) -> tuple[str, str, tuple[str, ...]]:
    found = answer(records, name, type_, lambda _: 0.0)
    return found.code, found.type, found.values


def test_an_alias_is_followed_within_the_zone_and_names_what_is_outside() -> None:
    records = [
        record(name="a.example.com.", alias=NAME, values=()),
        record("192.0.2.1"),
        record(name="b.example.com.", alias="lb.example.net.", values=()),
        record(name="loop.example.com.", alias="loop.example.com.", values=()),
    ]

    assert ask(records, "a.example.com.", "A") == ("NOERROR", "A", ("192.0.2.1",))
    assert ask(records, "b.example.com.", "A") == ("NOERROR", "A", ("lb.example.net.",))
    assert ask(records, "loop.example.com.", "A")[0] == "SERVFAIL"


def test_a_cname_answers_a_question_for_an_address_only() -> None:
    records = [record("other.example.net", type="CNAME")]

    assert ask(records, NAME, "A") == ("NOERROR", "CNAME", ("other.example.net",))
    assert ask(records, NAME, "TXT") == ("NOERROR", "TXT", ())


def test_a_name_without_records_does_not_exist_unless_a_wildcard_covers_it() -> None:
    records = [record("192.0.2.1", name="*.example.com."), record("192.0.2.2", name=NAME)]

    assert ask(records, "www.example.com.", "A") == ("NOERROR", "A", ("192.0.2.1",))
    assert ask(records, "deep.www.example.com.", "A") == ("NOERROR", "A", ("192.0.2.1",))
    assert ask(records, f"below.{NAME}", "A") == ("NXDOMAIN", "A", ())
    assert ask(records, "www.example.org.", "A") == ("NXDOMAIN", "A", ())
