"""What the unit tests share: a clean environment, projects to work in and the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCOUNT_ID = "123456789012"

# An environment that needs no provider, with the arguments that tap gives to every environment.
ENVIRONMENT = """\
terraform {
  required_version = "~> 1.11"

  backend "s3" {
    encrypt = true
  }
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}

resource "terraform_data" "this" {
  input = "from ${var.target}${var.name_suffix}"
}

output "content" {
  value = terraform_data.this.output
}

output "password" {
  value     = "correct horse"
  sensitive = true
}
"""

_FOREIGN = ("TAP_", "AWS_", "TF_", "LOCALSTACK_", "XDG_")
_FOREIGN_NAMES = {"EDGE_PORT", "NO_COLOR", "NO_PROXY", "USE_LEGACY_PORTS", "USE_SSL"}


def is_foreign(name: str) -> bool:
    """Tell whether a variable of the developer would change what a test sees."""
    return name.startswith(_FOREIGN) or name in _FOREIGN_NAMES


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own settings from code that runs inside the test process."""
    for name in list(os.environ):
        if is_foreign(name):
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Tap:
    """Runs the installed ``tap`` as a user does, in a project and home of its own."""

    project: Path
    home: Path

    @property
    def program(self) -> Path:
        """The console script beside this interpreter."""
        return Path(sys.executable).parent / "tap"

    def environ(self, **variables: str) -> dict[str, str]:
        """Return an environment that holds nothing of the developer but the PATH."""
        # How coverage.py follows a run into its child processes.
        measured = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        return {
            **measured,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            **variables,
        }

    def __call__(
        self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; ``env`` replaces the clean environment."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=cwd or self.project,
            env=self.environ() if env is None else env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two environments that hold nothing."""
    root = tmp_path / "project"
    for name in ("dev", "prod"):
        (root / "environments" / name).mkdir(parents=True)
    (root / "tap.toml").write_text(
        'project = "shop"\n\n[environments.prod]\naccount_id = "333333333333"\n', encoding="utf-8"
    )
    return root


@pytest.fixture
def tap(project: Path, tmp_path: Path) -> Iterator[Tap]:
    """The command, called inside ``project``; an emulator it started is stopped."""
    home = tmp_path / "home"
    home.mkdir()
    command = Tap(project, home)
    yield command
    if (project / ".tap" / "emulator").exists():
        command("emulator", "stop")


@dataclass(frozen=True)
class World:
    """A project on an emulator that holds its state storage, for environments without provider."""

    tap: Tap
    target: Target

    def environment(self, name: str, text: str = ENVIRONMENT) -> Path:
        """Add an environment and return its folder."""
        folder = self.tap.project / "environments" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(text, encoding="utf-8")
        return folder

    def plan_file(self, label: str) -> Path:
        """Return where the saved plan of an environment is."""
        return self.tap.project / ".tap" / "local" / "plans" / f"{label}.tfplan"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a project whose emulator runs; tests add environments with names of their own."""
    folder = tmp_path_factory.mktemp("world")
    tap = Tap(folder / "project", folder / "home")
    tap.project.mkdir()
    tap.home.mkdir()
    (tap.project / "tap.toml").write_text('project = "shop"\n', encoding="utf-8")
    emulator = Emulator(tap.project / ".tap" / "emulator")
    target = Target(name="local", endpoint=emulator.start().endpoint, region="eu-west-1")
    _store_states(target)
    yield World(tap, target)
    emulator.stop()


def _store_states(target: Target) -> None:
    """Make what backend/ makes, without the minute that its provider takes for it."""
    bucket = f"shop-terraform-state-{ACCOUNT_ID}"
    client = target.client("s3")
    client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": target.region}
    )
    client.put_object(Bucket=bucket, Key="backend/terraform.tfstate", Body=b"{}")
    target.client("dynamodb").create_table(
        TableName="shop-terraform-locks",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
