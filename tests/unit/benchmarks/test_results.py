"""What was measured last, and what the README quotes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import RESULTS, warm_table, wrapper_table
from benchmarks.check import check_table
from benchmarks.measure import Pairs

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {"warm-providers": warm_table, "wrapper": wrapper_table, "check": check_table}


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_the_readme_quotes_what_was_measured_last(file: Path, repository: Path) -> None:
    rows = [
        Pairs(row["work"], row["all_plain_seconds"], row["all_tap_seconds"], row["memory_bytes"])
        for row in json.loads(file.read_text())["rows"]
    ]

    assert TABLES[file.stem](rows) in (repository / "README.md").read_text()
