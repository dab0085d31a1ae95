from __future__ import annotations

import pytest

from tap.reports.emulators import emulators_reference

REQUIREMENTS = """
| ID | what | where | test | status |
|---|---|---|---|---|
| NET-1 | network | `a.tf` | `a.py` | met |
| NET-2 | routes | `b.tf` | `b.py` | partly: one of them |
| NET-3 | rules |  |  | open |
"""
RECORD = {
    "version": "4.14.0",
    "requirements": {
        "NET-1": {"status": "shown", "skipped": ["LocalStack has no elbv2: not known: a.b"]},
        "NET-2": {"status": "skipped", "skipped": ["LocalStack has no rds", "a | b"]},
    },
}


@pytest.mark.requirement("TST-3", "DOC-1")
def test_every_requirement_has_a_row_with_both_emulators_and_why() -> None:
    page = emulators_reference(REQUIREMENTS, RECORD)
    assert [line for line in page.splitlines() if line.startswith("| NET")] == [
        "| NET-1 | shown | shown | not known: a.b |",
        "| NET-2 | shown in part | skipped | LocalStack has no rds; a \\| b |",
        "| NET-3 | - | - |  |",
    ]
    assert "LocalStack 4.14.0" in page
    assert "Whatever is not applied or not known: LocalStack has no elbv2." in page
