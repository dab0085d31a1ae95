"""How long changes took, and how long the rest takes at least."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap.cli.progress import Timings, duration_text, remaining_seconds, work_of
from tap.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1")

DATABASE, QUEUE, ROLE = (("aws_db", "create"), ("aws_sqs", "create"), ("aws_iam", "update"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "local" / "timings.json"


def test_durations_are_kept_and_the_last_counts_half(file: Path) -> None:
    timings = Timings(file)
    timings.add(DATABASE, 80)
    timings.add(DATABASE, 40)
    timings.save()

    assert Timings(file).of(DATABASE) == 60
    assert Timings(file).of(("aws_db", "delete")) is None
    assert json.loads(file.read_text()) == {"version": 1, "seconds": {"aws_db create": 60.0}}
    assert [item.name for item in file.parent.iterdir()] == ["timings.json"]


def test_what_another_command_wrote_meanwhile_is_kept(file: Path) -> None:
    one, other = Timings(file), Timings(file)
    one.add(DATABASE, 80)
    one.save()
    other.add(QUEUE, 25)
    other.save()

    assert (Timings(file).of(DATABASE), Timings(file).of(QUEUE)) == (80, 25)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1, "seconds": {"a": "b"}}', b"\xff", b"null"]
)
def test_a_damaged_file_is_ignored_and_replaced(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    timings = Timings(file)
    assert timings.of(DATABASE) is None
    timings.add(DATABASE, 80)
    timings.save()

    assert Timings(file).of(DATABASE) == 80


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    timings = Timings(tmp_path / "taken" / "timings.json")
    timings.add(DATABASE, 80)
    timings.save()

    assert timings.of(DATABASE) == 80


def test_the_file_is_bounded_and_forgets_what_was_not_seen_for_longest(file: Path) -> None:
    timings = Timings(file)
    for number in range(501):
        timings.add((f"type{number}", "create"), 1)
    timings.save()

    assert Timings(file).of(("type0", "create")) is None
    assert Timings(file).of(("type500", "create")) == 1
    assert len(json.loads(file.read_text())["seconds"]) == 500


@pytest.fixture
def known(file: Path) -> Timings:
    timings = Timings(file)
    for work, seconds in ((DATABASE, 80.0), (QUEUE, 20.0)):
        timings.add(work, seconds)
    timings.save()
    return timings


def test_the_longest_change_is_the_least_that_is_left(known: Timings) -> None:
    assert remaining_seconds([DATABASE, QUEUE], {}, known) == 80
    assert remaining_seconds([QUEUE], {"a": (DATABASE, 30.0)}, known) == 50
    assert remaining_seconds([], {"a": (DATABASE, 100.0)}, known) == 0


def test_of_many_changes_ten_are_worked_on_at_a_time(known: Timings) -> None:
    assert remaining_seconds([QUEUE] * 100, {}, known) == 200


def test_what_is_not_known_is_taken_for_usual_unless_it_is_most(known: Timings) -> None:
    assert remaining_seconds([DATABASE, QUEUE, ROLE], {}, known) == 80
    assert remaining_seconds([DATABASE, ROLE, ROLE], {}, known) is None
    assert remaining_seconds([], {}, known) is None


def test_the_work_of_a_plan_is_every_change_of_a_managed_object() -> None:
    changes = [
        ("managed", "a", ["create"]),
        ("managed", "b", ["delete", "create"]),
        ("managed", "c", ["no-op"]),
        ("data", "d", ["read"]),
        ("managed", "e", ["update"]),
    ]
    plan = Plan.decode(
        json.dumps(
            {
                "format_version": "1.2",
                "planned_values": {},
                "configuration": {},
                "resource_changes": [
                    {
                        "address": kind,
                        "mode": mode,
                        "type": kind,
                        "name": "this",
                        "change": {"actions": actions},
                    }
                    for mode, kind, actions in changes
                ],
            }
        ).encode()
    )

    assert work_of(plan) == [("a", "create"), ("b", "delete"), ("b", "create"), ("e", "update")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (45, "45 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (3800, "1 h 3 min")],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
