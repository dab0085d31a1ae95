"""The plugin in the repository of somebody else: plans that are kept, one apply for all workers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tap.terraform.installation import find_terraform
from tap.testing.planner import Planner

if TYPE_CHECKING:
    from pathlib import Path

    from tap.warm.providers import WarmProviders
    from tests.integration.stage import Stage

pytestmark = pytest.mark.requirement("TST-1")

OUTER = """
variable "size" {
  type = number
}

module "inner" {
  source = "../inner"
  size   = var.size
}
"""

INNER = """
variable "size" {
  type = number
}

resource "terraform_data" "this" {
  input = var.size
}
"""

SHOP = """
resource "terraform_data" "this" {
  input = "sold"
}

output "sign" {
  value = terraform_data.this.output
}
"""

APPLIED = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it_is_applied(applied, aws, number):
    assert applied.outputs["sign"] == "sold"
    state = aws.client("s3").get_object(Bucket=BUCKET, Key=f"{applied.label}/terraform.tfstate")
    assert b"terraform_data" in state["Body"].read()
"""


@dataclass(frozen=True)
class Theirs:
    """A repository with tests, and a Terraform that notes what it is asked for."""

    folder: Path
    variables: dict[str, str]

    def pytest(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run its tests; every one must pass."""
        foreign = ("PYTEST_", "AWS_", "TAP_", "TF_")
        environ = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:randomly", *options],
            cwd=self.folder,
            env=environ | self.variables,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def asked(self) -> list[str]:
        """Return what Terraform was asked for since the last time, but for reading."""
        log = self.folder / "terraform.log"
        words = [line.split()[0] for line in log.read_text().splitlines() if line]
        log.write_text("")
        return [word for word in words if word in {"apply", "plan"}]


def theirs_in(folder: Path, variables: dict[str, str]) -> Theirs:
    program = folder / "noting-terraform"
    real = find_terraform(os.environ).path
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/terraform.log\nexec {real} "$@"\n')
    program.chmod(0o755)
    (folder / "terraform.log").touch()
    (folder / "pytest.ini").write_text("[pytest]\ntap_files = tap.toml environments\n")
    return Theirs(folder, {**variables, "TAP_TERRAFORM": str(program)})


def test_a_plan_is_made_again_only_when_what_made_it_has_changed(
    tmp_path: Path, warm_providers: WarmProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"outer": OUTER, "inner": INNER}.items():
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").write_text(text)
    theirs = theirs_in(tmp_path, {})
    monkeypatch.setenv("TAP_TERRAFORM", theirs.variables["TAP_TERRAFORM"])
    (tmp_path / "kept").mkdir()

    def made(run: str, size: int) -> int:
        """Return how often Terraform was asked for a plan in one run of tests."""
        planner = Planner(
            folder=tmp_path / run,
            kept=tmp_path / "kept",
            lock_file=None,
            warm=warm_providers,
            target_environ=dict,
        )
        planned = planner.plan(tmp_path / "modules" / "outer", {"size": size})
        (change,) = planned.resource_changes
        assert change.address == "module.this.module.inner.terraform_data.this"
        assert change.change.after["input"] == size
        return len(theirs.asked())

    assert made("first", 3) == 1
    assert made("second", 3) == 0
    assert made("another variable", 4) == 1
    inner = tmp_path / "modules" / "inner" / "main.tf"
    inner.write_text(INNER + "# A file of a module that the planned one calls.\n")
    assert made("another file", 3) == 1
    monkeypatch.setenv("TAP_WARM", "0")
    assert made("another provider", 3) == 1
    (tmp_path / "modules" / "outer" / ".terraform.lock.hcl").write_text("# None is needed.\n")
    assert made("another lock file", 3) == 1


def test_an_environment_is_applied_once_for_all_workers_and_destroyed_in_the_end(
    stage: Stage,
) -> None:
    stage.environment("shop", SHOP)
    bucket = "shop-terraform-state-123456789012"
    folder = stage.project.directory
    (folder / "test_shop.py").write_text(f"BUCKET = {bucket!r}\n{APPLIED}")
    variables = {"AWS_ENDPOINT_URL": stage.endpoint, "HOME": str(folder / "home")}
    theirs = theirs_in(folder, variables)
    done = theirs.pytest(
        "--target", "localstack", "--env", "shop", "-n", "2", "-p", "no:cacheprovider"
    )
    # From nothing, at once after the apply, and to destroy it.
    assert theirs.asked() == ["plan", "apply", "plan", "plan", "apply"]
    for line in ("shop: planning", "shop: applying", "shop: applied", "shop: destroying"):
        assert f"s] {line}\n" in done.stdout
    state = stage.client("s3").get_object(Bucket=bucket, Key="shop/terraform.tfstate")
    assert b'"resources": []' in state["Body"].read()
