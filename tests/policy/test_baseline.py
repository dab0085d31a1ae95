"""Every row of the baseline, and every fault that stacks of this kind had, has a rule.

Only the words of a row say what its rules have to find; fixtures hold the rules to that.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tap.policy import all_rules

pytestmark = pytest.mark.requirement("TAP-3")

TABLE: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("baseline.toml").read_text()
)
BASELINE, FAULTS = TABLE["baseline"], TABLE["faults"]
RULES = {rule.id: rule for rule in all_rules()}


@pytest.mark.parametrize("row", BASELINE, ids=lambda row: row["references"][0])
def test_rules_of_a_row_of_the_baseline_name_its_controls(row: dict[str, Any]) -> None:
    named = {name: set(RULES[name].references) for name in row["rules"] if name in RULES}

    assert named.keys() == set(row["rules"]), "rules that do not exist"
    assert set(row["references"]) <= set().union(*named.values()), "controls that no rule names"
    strangers = [name for name, found in named.items() if not found & set(row["references"])]
    assert strangers == [], "rules that name none of the controls"


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row["fault"])
def test_a_fault_has_rules_that_exist_or_a_reason_why_there_are_none(row: dict[str, Any]) -> None:
    assert ("rules" in row) != ("reason" in row)
    assert [name for name in row.get("rules", ()) if name not in RULES] == []
    assert row.get("rules") or len(row["reason"].split()) > 4


def test_no_control_and_no_fault_stands_in_the_table_twice() -> None:
    controls = [(row["area"], name) for row in BASELINE for name in row["references"]]
    faults = [row["fault"] for row in FAULTS]

    assert len(set(controls)) == len(controls) > 0
    assert len(set(faults)) == len(faults) > 0
