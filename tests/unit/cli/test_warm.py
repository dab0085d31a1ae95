"""``tap warm`` around any command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(120)]


def test_a_program_that_does_not_exist_is_one_error(tap: Tap) -> None:
    done = tap("warm", "--", "no-such-program", "plan")

    assert (done.returncode, done.stderr) == (
        2,
        (
            "Error: there is no program 'no-such-program' on the PATH\n"
            "Next: give one, such as: tap warm -- terraform plan\n"
        ),
    )


def test_a_command_that_reads_nothing_runs_as_it_is_and_gives_its_status(tap: Tap) -> None:
    done = tap("warm", "--", "sh", "-c", "echo said; exit 7")

    assert (done.returncode, done.stdout) == (7, "said\n")
    assert done.stderr == "without warm providers: sh is no command that reads\n"


def test_a_root_without_the_provider_is_validated_and_shown_as_by_terraform(
    tap: Tap, project: Path
) -> None:
    root = project / "environments" / "dev"
    (root / "main.tf").write_text('output "said" {\n  value = "hello"\n}\n', encoding="utf-8")

    valid = tap("warm", "--", "terraform", f"-chdir={root}", "validate", "-no-color")
    assert (valid.returncode, "Success! " in valid.stdout) == (0, True)

    shown = tap("warm", "--", "terraform", f"-chdir={root}", "show", "-no-color")
    assert (shown.returncode, "No state" in shown.stdout) == (0, True)
