"""Small roots with real plans, and the processes that serve them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.terraform.installation import find_terraform, terraform_environ
from tap.testing.planner import OFFLINE_PROVIDER
from tap.testing.project import TAP
from tests.conftest import REPOSITORY, comparable

if TYPE_CHECKING:
    from collections.abc import Iterator

TERRAFORM = str(find_terraform(os.environ).path)

NETWORK = """
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count      = 8
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}
"""


@dataclass
class SmallRoot:
    """A root of its own after ``terraform init``.

    Attributes:
        folder: Where it is.
        environ: The variables of the person who works in it.
    """

    folder: Path
    environ: dict[str, str]

    def run(
        self, *command: str, expected: int = 0, **extra: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environ, **extra},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == expected, done.stdout + done.stderr
        return done

    def warm(self, *arguments: str, expected: int = 0, **extra: Any) -> Any:
        """Run ``tap warm -- terraform``."""
        return self.run(str(TAP), "warm", "--", TERRAFORM, *arguments, expected=expected, **extra)

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        """Start ``tap warm -- terraform`` and return at once."""
        return subprocess.Popen(
            [TAP, "warm", "--", TERRAFORM, *arguments],
            cwd=self.folder,
            env={**self.environ, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def plan(self, *, warm: bool, **extra: Any) -> dict[str, Any]:
        """Plan into a file and return it as JSON, without what differs from run to run."""
        words = ("plan", "-out=plan.tfplan", "-lock=false")
        show = ("show", "-json", "plan.tfplan")
        if warm:
            self.warm(*words, **extra)
            shown = self.warm(*show, **extra).stdout
        else:
            self.run(TERRAFORM, *words, **extra)
            shown = self.run(TERRAFORM, *show, **extra).stdout
        return comparable(json.loads(shown))


def root_text(body: str, **providers: str) -> str:
    """Return a root with one provider for each region, the first without an alias."""
    blocks = []
    for alias, region in (providers or {"default": "eu-west-1"}).items():
        settings = {"region": region, **OFFLINE_PROVIDER}
        if alias != "default":
            settings["alias"] = alias
        lines = "\n".join(f"  {key} = {json.dumps(value)}" for key, value in settings.items())
        blocks.append(f'provider "aws" {{\n{lines}\n}}')
    required = '  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }'
    return "\n".join([f"terraform {{\n{required}\n}}", *blocks, body])


@pytest.fixture(scope="session")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> SmallRoot:
    """Return a root after ``terraform init``, to be copied."""
    folder = tmp_path_factory.mktemp("initialized")
    foreign = ("AWS_", "TAP_", "TF_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    environ = {
        **terraform_environ(kept, folder=folder),
        "HOME": str(folder),
        "TF_CLI_ARGS": "-no-color",
    }
    (folder / "main.tf").write_text(root_text(NETWORK))
    shutil.copy(REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl", folder)
    root = SmallRoot(folder, environ)
    root.run(TERRAFORM, "init", "-input=false")
    return root


@pytest.fixture
def small_root(initialized: SmallRoot, tmp_path: Path) -> SmallRoot:
    """Return a root of one's own."""
    folder = tmp_path / "root"
    shutil.copytree(initialized.folder, folder, symlinks=True)
    return SmallRoot(folder, initialized.environ)


@pytest.fixture
def sockets() -> Iterator[Path]:
    """Return a short folder for sockets, as ``TMPDIR``; it must be left empty."""
    folder = Path("/tmp") / f"tap-test-{os.getpid()}"  # noqa: S108 - the path has to be short
    folder.mkdir(mode=0o700)
    yield folder
    try:
        assert list(folder.iterdir()) == [], "sockets are left behind"
    finally:
        shutil.rmtree(folder)


def provider_processes(folder: Path) -> list[int]:
    """Return the processes of providers whose sockets are below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environ = (process / "environ").read_bytes()
        except OSError:
            continue
        wanted = f"PLUGIN_UNIX_SOCKET_DIR={folder}/".encode()
        if b"terraform-provider-aws" in command.split(b"\0")[0] and wanted in environ:
            found.append(int(process.name))
    return found


def wait_until(what: str, condition: Any, seconds: float = 60) -> Any:
    """Wait for something and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def provider_source(root: SmallRoot) -> str:
    """Return the address of the provider in a root's lock file."""
    text = (root.folder / ".terraform.lock.hcl").read_text()
    found = re.search(r'provider "([^"]+)"', text)
    assert found is not None
    return found[1]
