"""``tap validate``: one environment, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(120)]

VALID = 'resource "terraform_data" "this" {}\n'


@pytest.fixture
def tap(tap: Tap) -> Tap:
    for folder in ("modules/leaf", "environments/_stack", "environments/dev", "backend"):
        (tap.project / folder).mkdir(parents=True, exist_ok=True)
        (tap.project / folder / "main.tf").write_text(VALID, encoding="utf-8")
    (tap.project / "environments" / "prod" / "main.tf").write_text(VALID, encoding="utf-8")
    return tap


def test_everything_is_validated_and_told_folder_by_folder(tap: Tap) -> None:
    done = tap("validate")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "modules/leaf: valid",
        "environments/_stack: valid",
        "environments/dev: valid",
        "environments/prod: valid",
        "backend: valid",
    ]


def test_one_environment_is_validated_alone(tap: Tap) -> None:
    done = tap("validate", "dev")

    assert (done.returncode, done.stderr) == (0, "environments/dev: valid\n")


@pytest.mark.requirement("TAP-7")
def test_an_invalid_folder_ends_the_command_with_file_and_line(tap: Tap) -> None:
    file = tap.project / "environments" / "dev" / "outputs.tf"
    file.write_text('output "id" {\n  value = terraform_data.that.id\n}\n', encoding="utf-8")

    done = tap("validate")

    assert done.returncode == 1
    assert done.stderr.splitlines()[:5] == [
        "modules/leaf: valid",
        "environments/_stack: valid",
        "Error: environments/dev: terraform validate failed:",
        "Reference to undeclared resource",
        "  at outputs.tf:2",
    ]
    assert done.stderr.splitlines()[-1] == "Next: correct the above and run it again"
