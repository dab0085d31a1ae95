"""What ``tap status`` says of every state the traffic can be in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tap.traffic.metrics import Share
from tap.traffic.phases import Color, Phase, green_share
from tap.traffic.record import Capacity, Entry, Lease, Record
from tap.traffic.report import Status, status_json, status_text
from tap.traffic.samples import ColorFacts, Evidence
from tap.traffic.switch import wanted

pytestmark = pytest.mark.requirement("TRF-3", "TRF-4")

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FACTS = ColorFacts(
    requests=0,
    errors=0,
    p99_seconds=None,
    healthy=2,
    unhealthy=1,
    in_service=3,
    desired=3,
    minimum=2,
)
EVIDENCE = Evidence(
    since=NOON,
    until=NOON,
    gate="",
    gate_reason="",
    probe_percent=None,
    colors={"blue": FACTS, "green": FACTS},
    unreadable=("gate alarm: no answer",),
)
RECORD = Record(
    phase=Phase.CANARY,
    weights=green_share(10),
    capacity=Capacity(blue=True, green=True),
    revision=7,
)


def status(**more: Any) -> Status:
    known: dict[str, Any] = {
        "label": "prod",
        "split": "listener",
        "record": RECORD,
        "problem": "",
        "live": wanted(green_share(10), "listener"),
        "evidence": EVIDENCE,
        "shares": [],
    }
    return Status(**{**known, **more})


def lines(found: Status, *, chart: bool = False) -> list[str]:
    return status_text(found, chart=chart).splitlines()


def test_without_a_request_nothing_is_realised_and_what_is_unknown_is_named() -> None:
    assert lines(status()) == [
        "prod: canary, green has 10 %",
        "  record     blue 90, green 10 (revision 7)",
        "  live       blue 90, green 10 (preview: green)",
        "  realised   no requests",
        "  gate       unknown",
        "  probe      nothing reported",
        "  blue       2 healthy of 3 targets (3 for all traffic), 0 requests, 0 failed",
        "  green      2 healthy of 3 targets (3 for all traffic), 0 requests, 0 failed",
        "  not known  gate alarm: no answer",
    ]


def test_with_requests_their_share_times_and_refreshes_are_shown() -> None:
    green = msgspec.structs.replace(
        FACTS, requests=25, errors=1, p99_seconds=0.25, refreshing="InProgress"
    )
    evidence = msgspec.structs.replace(
        EVIDENCE,
        gate="ALARM",
        gate_reason="in ALARM: errors",
        probe_percent=99.6,
        colors={"blue": msgspec.structs.replace(FACTS, requests=75), "green": green},
        unreadable=(),
    )

    found = lines(status(evidence=evidence, lock=("held by ada",)))

    assert "  realised   green 25.0 %" in found
    assert "  lock       held by ada" in found
    assert "  gate       ALARM: in ALARM: errors" in found
    assert "  probe      100 % succeeded" in found
    assert found[-1] == (
        "  green      2 healthy of 3 targets (3 for all traffic), 25 requests, 1 failed, "
        "p99 0.250 s, refresh InProgress"
    )


@pytest.mark.parametrize(
    ("more", "headline"),
    [
        ({"record": None, "problem": "it is no JSON"}, "the traffic record cannot be used"),
        (
            {"record": msgspec.structs.replace(RECORD, moving=green_share(50))},
            "a move was cut off half way",
        ),
        ({"live": wanted(green_share(50), "listener")}, "record and live weights differ"),
    ],
)
def test_what_is_wrong_is_said_first(more: dict[str, Any], headline: str) -> None:
    found = status(**more)

    assert lines(found)[0] == f"prod: {headline}"
    assert not found.agrees
    assert json.loads(status_json(found))["agrees"] is False


def test_a_problem_a_move_and_who_watches_are_told() -> None:
    assert "  record     it is no JSON" in lines(status(record=None, problem="it is no JSON"))
    lease = Lease(by="ada@ci", host="ci", pid=7, until=NOON)
    watched = msgspec.structs.replace(RECORD, moving=green_share(50), lease=lease)
    found = lines(status(record=watched))
    assert "  cut off    on the way to blue 50, green 50" in found
    assert "  watched    by ada@ci (process 7) until 12:00:00 UTC" in found


def test_the_last_moves_are_listed_and_a_terminal_gets_a_chart() -> None:
    history = tuple(
        Entry(revision=number, at=NOON, by="ada", start=number, end=number + 1, why="passed")
        for number in range(12)
    )
    counted: list[dict[Color, int]] = [
        {"blue": 9, "green": 0},
        {"blue": 0, "green": 9},
        {"blue": 0, "green": 0},
    ]
    shares = [
        Share(at=NOON + timedelta(minutes=number), requests=requests)
        for number, requests in enumerate(counted)
    ]
    told = status(record=msgspec.structs.replace(RECORD, history=history), shares=shares)

    assert "  green      | @?| 0 to 100 %, a minute each" in lines(told, chart=True)
    plain = lines(told)
    assert plain.index("  history") == len(plain) - 11
    assert plain[-1] == "    2026-05-01 12:00:00  11 % -> 12 %  ada  passed"
    assert not [line for line in plain if "|" in line]


def test_the_document_holds_record_weights_and_shares() -> None:
    share = Share(at=NOON, requests={"blue": 3, "green": 1})

    document = json.loads(
        status_json(status(shares=[share], split="dns", live=wanted(green_share(10), "dns")))
    )

    assert (document["environment"], document["agrees"]) == ("prod", True)
    assert document["record"]["weights"] == {"blue": 90, "green": 10}
    assert document["live"] == {
        "listener": {"blue": 0, "green": 100},
        "preview": "green",
        "records": {"blue": 90, "green": 10},
    }
    assert document["shares"][0]["green"] == 25
    assert document["realised_green_percent"] is None
