"""What every command on an environment refuses before it does anything."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-7"), pytest.mark.timeout(120)]


@pytest.mark.parametrize("command", ["apply", "destroy", "init", "output", "plan", "validate"])
def test_an_unknown_environment_is_refused_with_the_known_ones(tap: Tap, command: str) -> None:
    done = tap(command, "prd")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: unknown environment 'prd'; there are: dev, prod\n"
        "Next: give one of these names, or add a folder below environments/\n"
    )
    assert not (tap.project / ".tap").exists()


@pytest.mark.parametrize(
    ("arguments", "variables"), [(("--target", "azure"), {}), ((), {"TAP_TARGET": "azure"})]
)
@pytest.mark.requirement("TAP-2")
def test_an_unknown_target_is_refused_with_the_known_ones(
    tap: Tap, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = tap("plan", "dev", *arguments, env=tap.environ(**variables))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: unknown target 'azure'; there are: local, localstack, aws\n"
        "Next: give one of these with --target, TAP_TARGET or make TARGET=\n"
    )


@pytest.mark.parametrize(
    ("arguments", "variables"), [(("--suffix", "PR-42"), {}), ((), {"TAP_SUFFIX": "PR-42"})]
)
@pytest.mark.requirement("STK-6")
def test_an_unusable_suffix_is_refused_with_what_is_allowed(
    tap: Tap, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    done = tap("plan", "dev", *arguments, env=tap.environ(**variables))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: unusable name suffix 'PR-42': up to 8 lowercase ")


@pytest.mark.parametrize(
    "arguments", [("plan", "dev"), ("validate",), ("emulator", "status")], ids=" ".join
)
def test_outside_of_a_project_every_command_says_so(
    tap: Tap, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()

    done = tap(*arguments, cwd=outside)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: no tap.toml in {outside} or any folder above it\n"
        'Next: run tap inside a project, or create the file with: project = "NAME"\n'
    )


def test_settings_that_cannot_be_read_are_named_with_file_and_line(tap: Tap) -> None:
    (tap.project / "tap.toml").write_text('project = "shop\n', encoding="utf-8")

    done = tap("plan", "dev")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {tap.project}/tap.toml: cannot be read: ")
    assert "(at line 1, column 16)" in done.stderr


@pytest.mark.parametrize("arguments", [("plan", "dev"), ("validate", "dev")], ids=" ".join)
def test_a_missing_terraform_is_told_with_what_to_set(tap: Tap, arguments: tuple[str, ...]) -> None:
    (tap.project / "environments" / "dev" / "main.tf").touch()

    done = tap(*arguments, env=tap.environ(PATH=str(Path(sys.executable).parent)))

    assert shutil.which("terraform", path=str(Path(sys.executable).parent)) is None
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: Terraform not found: no executable 'terraform' on the PATH\n"
        "Next: install Terraform >= 1.11, or set TAP_TERRAFORM to its path\n"
    )


@pytest.mark.requirement("TAP-5")
def test_aws_is_refused_for_an_environment_without_an_account(tap: Tap) -> None:
    done = tap("plan", "dev", "--target", "aws")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: environment 'dev' names no AWS account\n"
        "Next: set account_id in [environments.dev] of tap.toml\n"
    )


@pytest.mark.requirement("TAP-2")
def test_aws_is_refused_while_a_variable_points_elsewhere(tap: Tap) -> None:
    done = tap("plan", "prod", "--target", "aws", env=tap.environ(AWS_ENDPOINT_URL="http://x"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: target aws is meant, but AWS_ENDPOINT_URL points at something else\n"
        "Next: unset it, or give --target localstack\n"
    )


@pytest.mark.requirement("TST-3")
def test_a_localstack_that_does_not_run_is_told_with_its_endpoint(tap: Tap) -> None:
    done = tap(
        "plan", "dev", "--target", "localstack", env=tap.environ(LOCALSTACK_HOST="127.0.0.1:9")
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: cannot ask http://127.0.0.1:9 which account this is: ")
    assert done.stderr.endswith("Next: check that the emulator runs: tap doctor\n")
