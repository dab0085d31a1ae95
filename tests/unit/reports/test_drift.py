"""Drift for a person, a program and a pull request."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tap.plan import AttributeDrift, Ignored, ObjectDrift
from tap.reports.drift import (
    EnvironmentDrift,
    drift_json,
    drift_markdown,
    drift_text,
    leftovers,
)
from tap.settings import DriftIgnore

pytestmark = pytest.mark.requirement("TAP-1")

IGNORED = Ignored(
    address="aws_z.this", path="tags", owner="ada", reason="a|b *c*", expires="2026-07-01"
)
FOUND = (
    EnvironmentDrift(
        environment="dev",
        suffix="pr42",
        target="dev on an emulator",
        objects=(
            ObjectDrift(
                address='aws_x.this["a|b"]',
                type="aws_x",
                attributes=(
                    AttributeDrift(path="size", before=1, after=None),
                    AttributeDrift(path="text", before="x`y", after="v" * 200),
                ),
            ),
            ObjectDrift(address="aws_y.gone", type="aws_y", deleted=True),
        ),
        ignored=(IGNORED,),
    ),
    EnvironmentDrift(environment="prod", target="prod on an emulator"),
    EnvironmentDrift(environment="qa", error="locked", hint="wait", exit_code=6),
)
LONG = f'"{"v" * 159}...'


def _entry(address: str, expires: date, environment: str = "") -> DriftIgnore:
    return DriftIgnore(
        address=address, owner="ada", reason="known", expires=expires, environment=environment
    )


ENTRIES = (
    _entry("used", date(2027, 1, 1)),
    _entry("old", date(2026, 1, 1)),
    _entry("nowhere", date(2027, 1, 1)),
    _entry("of-dev", date(2027, 1, 1), "dev"),
    _entry("of-qa", date(2027, 1, 1), "qa"),
)


def _leftovers(*environments: str) -> list[tuple[str, str]]:
    found = [EnvironmentDrift(environment=name, used=(0,)) for name in environments]
    left = leftovers(
        ENTRIES, [*found, FOUND[2]], environments=("dev", "prod", "qa"), today=date(2026, 6, 15)
    )
    return [(item.state, item.address) for item in left]


def test_an_entry_is_unused_only_if_everything_it_is_for_was_looked_at() -> None:
    # What could not be looked at (qa, locked) says nothing about entries.
    assert _leftovers("dev") == [("expired", "old"), ("unused", "of-dev")]
    assert _leftovers("dev", "prod") == [("expired", "old"), ("unused", "of-dev")]
    every = [EnvironmentDrift(environment=name) for name in ("dev", "prod", "qa")]
    left = leftovers(ENTRIES, every, environments=("dev", "prod", "qa"), today=date(2026, 6, 15))
    assert [item.address for item in left] == ["used", "old", "nowhere", "of-dev", "of-qa"]


def test_the_text_names_every_change_with_both_values() -> None:
    left = leftovers(ENTRIES[1:2], FOUND, environments=("dev",), today=date(2026, 6, 15))

    assert drift_text(FOUND, left).splitlines() == [
        "dev-pr42: 2 objects changed outside of Terraform",
        '  aws_x.this["a|b"]  (changed)',
        "    size: 1 -> null",
        f'    text: "x`y" -> {LONG}',
        "  aws_y.gone  (deleted)",
        "  ignored: aws_z.this tags until 2026-07-01 (ada: a|b *c*)",
        "prod: no drift",
        "qa: not known, see the error",
        "ignore entry is expired since 2026-01-01: old (ada: known)",
    ]


def test_json_holds_all_of_it_with_whole_values() -> None:
    document = json.loads(drift_json(FOUND, ()))

    assert document["drift"] is True
    assert [item["drift"] for item in document["environments"]] == [True, False, False]
    first = document["environments"][0]
    assert (first["environment"], first["target"]) == ("dev-pr42", "dev on an emulator")
    assert first["objects"][0]["attributes"][1]["after"] == "v" * 200
    assert first["ignored"][0]["owner"] == "ada"
    assert document["environments"][2]["error"] == "locked"
    assert document["ignore_entries"] == []


def test_markdown_is_a_table_that_no_value_breaks() -> None:
    blocks = drift_markdown(FOUND, ()).split("\n\n")

    assert blocks[0] == "### dev-pr42: 2 objects changed outside of Terraform"
    assert blocks[1].splitlines() == [
        "| object | attribute | before | after |",
        "| --- | --- | --- | --- |",
        '| `aws_x.this["a\\|b"]` | `size` | `1` | `null` |',
        f'| `aws_x.this["a\\|b"]` | `text` | `` "x`y" `` | `{LONG}` |',
        "| `aws_y.gone` | *deleted* |  |  |",
    ]
    assert blocks[2] == "- ignored: aws\\_z.this tags until 2026-07-01 (ada: a\\|b \\*c\\*)"
    assert blocks[3:] == ["### prod: no drift", "### qa: not known, see the error"]


def test_what_is_not_applied_has_not_drifted() -> None:
    nothing = EnvironmentDrift(environment="dev", applied=False)

    assert drift_text([nothing], ()) == "dev: no drift, because nothing is applied"
    assert json.loads(drift_json([nothing, FOUND[2]], ()))["environments"][0]["applied"] is False


def test_what_was_accepted_says_so() -> None:
    (first, *_) = FOUND
    accepted = EnvironmentDrift(environment="dev", objects=first.objects[1:], accepted=True)

    assert drift_text([accepted], ()).splitlines()[0] == (
        "dev: 1 object changed outside of Terraform, now in the state"
    )
