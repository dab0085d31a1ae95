"""The variables that commands of tests are run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.testing.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.requirement("TST-1", "TAP-6")
@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "1"),
        ({"TAP_TARGET": "localstack"}, "1"),
        ({"TAP_WARM_APPLY": "0"}, "0"),
        ({"TAP_TARGET": "aws"}, None),
    ],
)
def test_an_apply_of_a_test_shares_providers_only_on_an_emulator(
    tmp_path: Path, variables: dict[str, str], wanted: str | None
) -> None:
    assert Project(tmp_path, variables).environ().get("TAP_WARM_APPLY") == wanted
