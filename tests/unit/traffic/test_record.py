"""The traffic record as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.errors import RecordError
from tap.traffic.phases import Phase, green_share
from tap.traffic.record import Capacity, Entry, Lease, Record, decode, encode

pytestmark = pytest.mark.requirement("TRF-2", "TRF-4")

AT = datetime(2026, 1, 1, tzinfo=UTC)
# As Terraform creates it.
FRESH: dict[str, Any] = {
    "capacity": {"blue": True, "green": True},
    "history": [],
    "phase": "initial",
    "revision": 0,
    "version": 1,
    "weights": {"blue": 100, "green": 0},
}


def entry(number: int, why: str = "") -> Entry:
    return Entry(revision=number, at=AT, by="ada@ci", start=0, end=10, why=why)


def read(text: str) -> Record:
    return decode(text, name="/p/traffic", words="prod")


def test_what_terraform_creates_is_read() -> None:
    assert read(json.dumps(FRESH)) == Record(
        phase=Phase.INITIAL,
        weights=green_share(0),
        capacity=Capacity(blue=True, green=True),
        revision=0,
    )


@given(
    st.lists(st.text(max_size=400), max_size=80),
    st.integers(0, 100),
    st.none() | st.integers(0, 100),
    st.sampled_from([None, Lease(by="ada@ci", host="ci", pid=1, until=AT)]),
)
def test_every_record_fits_the_parameter_and_keeps_its_newest_moves(
    whys: list[str], percent: int, moving: int | None, lease: Lease | None
) -> None:
    record = Record(
        phase=Phase.CANARY,
        weights=green_share(percent),
        capacity=Capacity(blue=True, green=True),
        revision=7,
        history=tuple(entry(number, why) for number, why in enumerate(whys)),
        moving=None if moving is None else green_share(moving),
        lease=lease,
    )
    text = encode(record)
    found = read(text)

    assert len(text) <= 4096
    assert (found.weights, found.moving, found.lease) == (
        record.weights,
        record.moving,
        record.lease,
    )
    kept = [each.revision for each in found.history]
    assert kept == list(range(len(whys)))[len(whys) - len(kept) :]
    assert kept or not whys


def test_a_move_names_from_and_to_in_the_document() -> None:
    record = read(json.dumps(FRESH))
    text = encode(
        Record(
            phase=record.phase,
            weights=record.weights,
            capacity=record.capacity,
            revision=1,
            history=(entry(1),),
        )
    )
    document = json.loads(text)

    assert (document["history"][0]["from"], document["history"][0]["to"]) == (0, 10)
    # Terraform writes neither.
    assert not {"moving", "lease"} & document.keys()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be used: "),
        ("[]", "cannot be used: "),
        (json.dumps(FRESH | {"phase": "done"}), "Invalid enum value 'done'"),
        (json.dumps(FRESH | {"weights": {"blue": 60, "green": 60}}), "that add up to 100"),
        (json.dumps(FRESH | {"weights": {"blue": 100}}), "missing required field `green`"),
        (json.dumps(FRESH | {"capacity": {"blue": 1, "green": True}}), "Expected `bool`"),
        (json.dumps(FRESH | {"version": 2}), "has version 2; this tap knows 1"),
    ],
)
def test_a_broken_record_is_refused_with_the_command_that_repairs_it(
    text: str, reason: str
) -> None:
    with pytest.raises(RecordError) as caught:
        read(text)

    assert "the traffic record /p/traffic " in caught.value.message
    assert reason in caught.value.message
    assert "tap rollback prod" in caught.value.hint


def test_of_a_long_history_the_newest_moves_stay() -> None:
    record = read(json.dumps(FRESH))
    moves = tuple(entry(number, "x" * 500) for number in range(80))
    found = read(encode(msgspec.structs.replace(record, history=moves)))

    assert 10 < len(found.history) < 80
    assert found.history[-1] == entry(79, "x" * 120)
