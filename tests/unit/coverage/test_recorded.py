"""What is made of plans that were recorded, and of what tests read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.coverage import records
from tap.coverage.recorded import RecordedPlan, recorded_sightings
from tap.coverage.records import PLANS, READS, PlanRecord, Read
from tap.coverage.sighting import Spot
from tap.coverage.survey import survey
from tap.hcl import load_module

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tap.coverage.survey import Survey

pytestmark = pytest.mark.requirement("TST-4")

DEMO = "modules/demo"
OUTER = "modules/outer"
ROOT = """\
module "demo" {
  source = "../../modules/demo"
  size   = "large"
}

module "outer" {
  source = "../../modules/outer"
}

module "foreign" {
  source = "registry/foreign/x"
}

output "bytes" {
  value = module.demo.bytes
}

output "all" {
  value = { first = module.demo.bytes, second = module.outer.inner }
}

output "whole" {
  value = module.demo
}

output "nothing" {
  value = "text"
}
"""
WRAPPING = """\
module "inner" {
  source = "../demo"
  size   = "small"
}

output "inner" {
  value = module.inner.unread
}
"""


def changed(module: str, block: str) -> dict[str, Any]:
    kind, name = block.split(".")
    return {
        "address": f"{module}.{block}",
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {"actions": ["create"], "after": {"input": 200}},
    }


PLAN = {
    "format_version": "1.2",
    "planned_values": {},
    "configuration": {},
    "resource_changes": [changed("module.demo", "terraform_data.this")],
}


@pytest.fixture
def surveys(project: Path, demo: Survey) -> dict[str, Survey]:
    outer = project / OUTER
    outer.mkdir()
    (outer / "main.tf").write_text(WRAPPING)
    return {DEMO: demo, OUTER: survey(load_module(outer), name=OUTER)}


@pytest.fixture
def accepted(project: Path) -> PlanRecord:
    return PlanRecord(root=str(project / "examples" / "x"), files={"main.tf": ROOT}, plan=PLAN)


def seen(
    record: PlanRecord, surveys: dict[str, Survey], reads: Iterable[Read]
) -> dict[str, set[str]]:
    """Return what is looked at by module, of all instances."""
    found: dict[str, set[str]] = {}
    for sighting in RecordedPlan(record, surveys).sightings("t", reads):
        assert (sighting.test, sighting.tripped) == ("t", frozenset())
        assert sighting.observed.accepted
        found.setdefault(sighting.observed.module, set()).update(sighting.looked_at)
    return found


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (("", "output.bytes", ""), {DEMO: {"output.bytes"}}),
        (("", "output.all", "first"), {DEMO: {"output.bytes"}}),
        # An output that a module hands on is one of the module that it calls, too.
        (
            ("", "output.all", "second"),
            {OUTER: {"output.inner", "module.inner"}, DEMO: {"output.unread"}},
        ),
        (
            ("", "output.all", ""),
            {
                OUTER: {"output.inner", "module.inner"},
                DEMO: {"output.unread", "output.bytes"},
            },
        ),
        (("", "output.whole", "bytes"), {DEMO: {"output.bytes"}}),
        (("", "output.whole", ""), {}),
        (("", "output.nothing", ""), {}),
        (("", "output.missing", ""), {}),
        (("module.foreign", "output.x", ""), {}),
        (("module.demo", "terraform_data.this", "input"), {DEMO: {"terraform_data.this"}}),
        # Tags say nothing about the resource.
        (("module.demo", "terraform_data.this", "tags"), {}),
    ],
)
def test_a_read_counts_for_the_modules_behind_it(
    accepted: PlanRecord,
    surveys: dict[str, Survey],
    read: tuple[str, str, str],
    expected: dict[str, set[str]],
) -> None:
    assert seen(accepted, surveys, [Read("digest", *read)]) == expected


def test_without_the_files_of_the_root_nothing_is_seen_of_modules(
    accepted: PlanRecord, surveys: dict[str, Survey]
) -> None:
    record = msgspec.structs.replace(accepted, files={})
    assert seen(record, surveys, [Read("digest", "", "output.bytes")]) == {}


def test_every_test_of_a_plan_sees_what_the_plan_tells(
    accepted: PlanRecord, surveys: dict[str, Survey], tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    (folder / PLANS).mkdir(parents=True)
    (folder / PLANS / "d.json").write_bytes(msgspec.json.encode(accepted))
    reads = (Read("d", "module.demo", "terraform_data.this", "input"),)
    tests = [records.TestRecord(test=name, reads=reads) for name in ("one", "two")]
    (folder / f"{READS}1.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, tests)))

    first, second = recorded_sightings(folder, surveys)

    assert (first.test, second.test) == ("one", "two")
    assert first.observed == second.observed
    assert first.observed.given == {"var.size"}
    assert first.observed.present == {"terraform_data.this"}
    probes = surveys[DEMO].probes
    taken = {probes[name].item.name: each for name, each in first.observed.taken.items()}
    assert taken['local.bytes: var.size == "large"'] == {"true"}


def refusal(project: Path, errors: str) -> PlanRecord:
    return PlanRecord(root=str(project / "examples" / "x"), files={"main.tf": ROOT}, errors=errors)


def test_a_refusal_is_seen_by_the_module_whose_condition_it_was(
    project: Path, surveys: dict[str, Survey]
) -> None:
    errors = "This was checked by the validation rule at ../../modules/demo/variables.tf:4,3-13."

    (only,) = RecordedPlan(refusal(project, errors), surveys).sightings("t", [])

    assert only.test == "t"
    assert only.looked_at == {"var.size"}
    assert only.tripped == {Spot("variables.tf", 4)}
    assert (only.observed.module, only.observed.accepted) == (DEMO, False)


@pytest.mark.parametrize(
    "errors",
    [
        "Error: no such provider",
        "This was checked by the validation rule at ../../modules/demo/variables.tf:400,3-13.",
    ],
)
def test_a_refusal_for_another_reason_is_seen_by_nobody(
    project: Path, surveys: dict[str, Survey], errors: str
) -> None:
    assert list(RecordedPlan(refusal(project, errors), surveys).sightings("t", [])) == []


def test_a_refused_root_without_files_calls_nothing(
    project: Path, surveys: dict[str, Survey]
) -> None:
    errors = "This was checked by the validation rule at ../../modules/demo/variables.tf:4,3-13."
    record = msgspec.structs.replace(refusal(project, errors), files={})
    assert list(RecordedPlan(record, surveys).sightings("t", [])) == []
