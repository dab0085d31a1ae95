"""What was measured last, and what the README quotes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import RESULTS, kept_table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_the_readme_quotes_what_was_measured_last(file: Path, repository: Path) -> None:
    assert kept_table(file) in (repository / "README.md").read_text()
