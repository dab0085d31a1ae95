"""What is found on a machine, and what is wrong with it."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

import pytest

from tap import __version__
from tap.doctor import Finding, examine
from tap.emulator.control import Emulator
from tap.terraform.installation import PROVIDER, platform_name

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-7"), pytest.mark.timeout(60)]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine with Terraform and with a mirror of the provider."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "mirror" / PROVIDER / "5.100.0" / platform_name()).mkdir(parents=True)
    return {"PATH": str(program.parent), "TAP_PROVIDER_MIRROR": str(tmp_path / "mirror")}


def _examine(folder: Path, environ: dict[str, str], home: Path) -> dict[str, Finding]:
    findings = examine(folder, environ, home=home, software_folders=())
    return {finding.subject: finding for finding in findings}


def test_a_machine_in_order_is_described_and_nothing_is_made(
    project: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    before = sorted(project.rglob("*"))

    findings = _examine(project, environ, tmp_path)

    assert {name: finding.text for name, finding in findings.items()} == {
        "python": f"{platform.python_version()} at {sys.executable}, tap {__version__}",
        "project": f"shop at {project}: dev, prod",
        "terraform": f"1.11.4 at {tmp_path}/bin/terraform (from PATH)",
        "provider": f"hashicorp/aws 5.100.0 from {tmp_path}/mirror (TAP_PROVIDER_MIRROR)",
        "emulator": "not running; the commands that need it start it",
    }
    assert all(finding.ok and not finding.hint for finding in findings.values())
    assert sorted(project.rglob("*")) == before


def test_everything_that_is_wrong_is_told_at_once_with_what_helps(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "bin" / "terraform").unlink()
    environ["TAP_PROVIDER_MIRROR"] = str(tmp_path / "gone")

    findings = _examine(tmp_path, environ, tmp_path)

    wrong = {name: finding for name, finding in findings.items() if not finding.ok}
    assert set(wrong) == {"project", "terraform", "provider", "emulator"}
    assert all(finding.hint for finding in wrong.values())
    assert wrong["project"].text.startswith("no tap.toml in ")
    assert wrong["terraform"].text.startswith("Terraform not found")
    assert wrong["provider"].text.startswith("TAP_PROVIDER_MIRROR=")


def test_a_terraform_named_by_a_variable_is_told_as_such(
    project: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["TAP_TERRAFORM"] = str(tmp_path / "bin" / "terraform")

    text = _examine(project, environ, tmp_path)["terraform"].text

    assert text == f"1.11.4 at {tmp_path}/bin/terraform (from TAP_TERRAFORM)"


def test_a_provider_of_the_users_own_installation_has_no_known_version(
    project: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / ".terraformrc"
    file.write_text("provider_installation {\n  direct {}\n}\n", encoding="utf-8")

    text = _examine(project, environ, tmp_path)["provider"].text

    assert text == f"hashicorp/aws from {file} (user configuration)"


def test_a_provider_from_the_registry_says_what_was_not_found(
    project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    environ.update(TAP_PROVIDER_MIRROR="", XDG_DATA_DIRS=str(tmp_path / "data"))

    text = _examine(project, environ, project)["provider"].text

    assert text == (
        f"hashicorp/aws from the public registry: no mirror for {platform_name()} was found"
    )


@pytest.mark.requirement("TAP-2")
def test_an_emulator_that_runs_is_told_with_endpoint_and_process(
    project: Path, tmp_path: Path
) -> None:
    emulator = Emulator(project / ".tap" / "emulator")
    status = emulator.start()
    try:
        text = _examine(project, dict(os.environ), tmp_path)["emulator"].text
    finally:
        emulator.stop()

    assert text == f"{status.endpoint} (process {status.pid})"
