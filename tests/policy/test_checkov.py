"""An outside opinion: whatever checkov says against prod is accepted for a reason, or gone.

checkov needs an environment of its own and some 10 s, so its answer is recorded by ``make
checkov``. Where that environment is, the record is compared with what checkov says now.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.checkov import RECORD, REQUIREMENTS, counted, failures, installed, scan
from tap.plan.drift import matches

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap.testing.deployment import Deployment

pytestmark = pytest.mark.requirement("TAP-3")

RECORDED: dict[str, Any] = json.loads(RECORD.read_text())
ACCEPTED: list[dict[str, str]] = tomllib.loads(RECORD.with_suffix(".toml").read_text())["accepted"]
FOUND = [(check, address) for check, found in RECORDED["failed"].items() for address in found]


def covers(entry: dict[str, str], check: str, address: str) -> bool:
    return entry["check"] == check and matches(entry["resource"], address)


def test_every_failure_of_checkov_is_accepted_for_a_reason() -> None:
    left = [
        f"{check} {address}"
        for check, address in FOUND
        if not any(covers(entry, check, address) for entry in ACCEPTED)
    ]
    assert left == []
    assert all(len(entry["reason"].split()) > 4 for entry in ACCEPTED)


def test_no_reason_is_left_for_what_checkov_no_longer_finds() -> None:
    assert [e for e in ACCEPTED if not any(covers(e, *found) for found in FOUND)] == []


def test_the_record_is_of_the_pinned_checkov_and_of_the_plan_there_is(repository: Path) -> None:
    pinned = re.search(r"^checkov==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    inventory = repository / "tests" / "environments" / "inventories" / "prod.json"

    assert pinned is not None
    assert RECORDED["version"] == pinned.group(1), "run: make checkov"
    assert RECORDED["resources"] == json.loads(inventory.read_text())["counts"], "run: make checkov"


@pytest.mark.xdist_group("prod")
@pytest.mark.skipif(installed() is None, reason="checkov is not installed: make checkov")
def test_checkov_says_of_prod_what_is_recorded(
    named_deployment: Callable[[str], Deployment], tmp_path: Path
) -> None:
    program = installed()
    assert program is not None
    file = tmp_path / "prod.json"
    file.write_bytes(named_deployment("prod").plan_json)

    assert counted(file.read_bytes()) == RECORDED["resources"]
    assert failures(scan(program, file)) == RECORDED["failed"]
