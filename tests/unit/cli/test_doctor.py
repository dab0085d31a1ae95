"""``tap doctor``, as text and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-7"), pytest.mark.timeout(60)]

SUBJECTS = ["python", "project", "terraform", "provider", "emulator"]


def test_a_machine_in_order_gets_a_line_for_everything(tap: Tap) -> None:
    done = tap("doctor")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", subject] for subject in SUBJECTS]
    assert lines[1] == f"ok   project     shop at {tap.project}: dev, prod"
    assert not (tap.project / ".tap").exists()


def test_json_holds_the_same_for_a_program(tap: Tap) -> None:
    done = tap("doctor", env=tap.environ(TAP_OUTPUT="json"))

    assert (done.returncode, done.stderr) == (0, "")
    findings = json.loads(done.stdout)
    assert [finding["subject"] for finding in findings] == SUBJECTS
    assert findings[1] == {
        "subject": "project",
        "ok": True,
        "text": f"shop at {tap.project}: dev, prod",
        "hint": "",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_something_missing_ends_with_2_and_what_to_do(tap: Tap, form: str) -> None:
    alone = tap.environ(PATH=str(Path(sys.executable).parent))

    done = tap("doctor", "--output", form, env=alone)

    assert done.returncode == 2
    assert done.stderr == (
        "Error: terraform: Terraform not found: no executable 'terraform' on the PATH\n"
        "Next: install Terraform >= 1.11, or set TAP_TERRAFORM to its path\n"
    )
    if form == "json":
        assert [item["subject"] for item in json.loads(done.stdout) if not item["ok"]] == [
            "terraform"
        ]
    else:
        assert "bad  terraform   Terraform not found" in done.stdout
