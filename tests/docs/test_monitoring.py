"""The guide to monitoring names the alarms that there are."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.requirement("DOC-1", "MON-2")

_VARIABLE = {
    "COLOR": r"(blue|green)",
    "ENDPOINT": r"(stack|legacy)",
    "FUNCTION": r"probe",
    "ZONE": r"[a-z]+-[a-z]+-\d[a-z]",
}


def inventory(environment: str) -> list[dict[str, Any]]:
    file = REPOSITORY / "tests" / "environments" / "inventories" / f"{environment}.json"
    return list(json.loads(file.read_text())["resources"].values())


def rows() -> dict[str, bool]:
    """Return the alarms of the guide's table, and whether the gate closes with them."""
    text = (REPOSITORY / "docs" / "guides" / "monitoring.md").read_text()
    found = re.findall(r"^\| `([^`]+)`( \(gate\))? \|", text, re.MULTILINE)
    return {name: bool(gate) for name, gate in found}


def pattern(name: str) -> re.Pattern[str]:
    for word, form in _VARIABLE.items():
        name = name.replace(word, form)
    return re.compile(f"payments-(dev|staging|prod)-{name}")


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_guide_lists_every_alarm_of_an_environment_and_no_other(environment: str) -> None:
    alarms = [values["alarm_name"] for values in inventory(environment) if "alarm_name" in values]
    patterns = {name: pattern(name) for name in rows()}

    assert [
        alarm for alarm in alarms if not any(each.fullmatch(alarm) for each in patterns.values())
    ] == []
    assert [name for name, each in patterns.items() if not any(map(each.fullmatch, alarms))] == []


@pytest.mark.requirement("TRF-3")
def test_the_guide_marks_the_alarms_that_close_the_gate() -> None:
    (rule,) = [values["alarm_rule"] for values in inventory("prod") if "alarm_rule" in values]
    gating = re.findall(r'ALARM\("([^"]+)"\)', rule)

    for name, marked in rows().items():
        matching = [alarm for alarm in gating if pattern(name).fullmatch(alarm)]
        assert bool(matching) == marked, name
