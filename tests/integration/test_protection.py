"""A protected environment, rehearsed on the emulator and refused on the way to AWS."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator
from tests.conftest import TAP, Ended, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-5", "TAP-7"), pytest.mark.timeout(300)]

TARGET = ("--target", "localstack")
PLAIN = """
terraform {
  required_version = "~> 1.11"

  backend "s3" {}
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}

resource "terraform_data" "this" {}
"""
# A parameter holds data and is made, replaced and destroyed within a second.
STATEFUL = """
terraform {
  required_version = "~> 1.11"

  backend "s3" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}

provider "aws" {
  region            = "eu-west-1"
  s3_use_path_style = true
  max_retries       = 2
}

resource "aws_ssm_parameter" "kept" {
  name  = "/vault/kept"
  type  = "String"
  value = "ours"
}

resource "aws_ssm_parameter" "renamed" {
  name  = "/vault/first"
  type  = "String"
  value = "ours"
}
"""
SETTINGS = """\
project = "payments"

[environments.open]
account_id = "333333333333"

[environments.plain]
account_id = "333333333333"
protected = true

[environments.same]
account_id = "123456789012"
protected = true

[environments.vault]
protected = true
"""


@dataclass
class Fortress:
    """A committed project of one's own with protected environments.

    Attributes:
        project: Where commands are run.
        endpoint: The emulator of the whole run.
        config: A configuration of AWS that points target ``aws`` at the emulator.
    """

    project: Project
    endpoint: str
    config: Path

    def run(self, *words: str, expected: int = 0, typed: str | None = None, **extra: str) -> Ended:
        """Run a command of ``tap`` on the emulator; ``typed`` is what standard input holds."""
        command = ("tap", *words, *TARGET)
        done = subprocess.run(
            [TAP, *command[1:]],
            cwd=self.project.directory,
            env=self.project.environ(AWS_ENDPOINT_URL=self.endpoint, **extra),
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            text=True,
            check=False,
        )
        ended = Ended(command, done.returncode, done.stdout, done.stderr)
        assert ended.returncode == expected, ended.text
        return ended

    def on_aws(self, *words: str, expected: int) -> Ended:
        """Run a command with target ``aws``, whose calls end at the emulator."""
        return self.project.run(
            *words,
            "--target",
            "aws",
            expected=expected,
            AWS_CONFIG_FILE=str(self.config),
            AWS_ACCESS_KEY_ID="user",
            AWS_SECRET_ACCESS_KEY="user",
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator."""
        target = Target(name="localstack", endpoint=self.endpoint, region="eu-west-1")
        return target.client(service)

    def git(self, *words: str) -> None:
        """Run git in the project."""
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
        subprocess.run(
            ["git", *who, *words],
            cwd=self.project.directory,
            env=self.project.environ(),
            check=True,
        )


@pytest.fixture(scope="module")
def fortress(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Fortress:
    """A project under git, whose states are kept in the run's own emulator."""
    project.run("init", "dev")
    folder = tmp_path_factory.mktemp("fortress")
    directory = folder / "project"
    (directory / "home").mkdir(parents=True)
    shutil.copytree(project.directory / "backend", directory / "backend")
    for name, text in {
        "open": PLAIN,
        "plain": PLAIN,
        "same": PLAIN,
        "vault": STATEFUL,
    }.items():
        root = directory / "environments" / name
        root.mkdir(parents=True)
        (root / "main.tf").write_text(text)
    shutil.copy(
        project.directory / "environments" / "dev" / ".terraform.lock.hcl",
        directory / "environments" / "vault",
    )
    (directory / "tap.toml").write_text(SETTINGS)
    (directory / ".gitignore").write_text("/.tap/\n/home/\n")
    endpoint = str(Emulator(project.directory / ".tap" / "emulator").status().endpoint)
    config = folder / "config"
    config.write_text(f"[default]\nendpoint_url = {endpoint}\n")
    made = Fortress(Project(directory), endpoint, config)
    made.git("init", "-q")
    made.git("add", ".")
    made.git("commit", "-qm", "All of it")
    return made


@pytest.fixture
def dirty(fortress: Fortress) -> Iterator[Path]:
    """A file that is in no commit."""
    file = fortress.project.directory / "notes.txt"
    file.touch()
    yield file
    file.unlink()


def applied(fortress: Fortress, label: str) -> bool:
    """Tell whether anything was ever applied."""
    bucket = "payments-terraform-state-123456789012"
    found = fortress.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{label}/terraform")
    return bool(found["KeyCount"])


@pytest.mark.parametrize(
    ("typed", "got"), [("staging\n", "staging"), ("\n", ""), (None, ""), ("PLAIN-A\n", "PLAIN-A")]
)
def test_a_wrong_name_or_none_applies_nothing(
    fortress: Fortress, typed: str | None, got: str
) -> None:
    ended = fortress.run("apply", "plain", "--suffix", "a", "--protect", typed=typed, expected=2)

    assert "Type plain-a to apply it in account 123456789012: " in ended.stderr
    assert ended.stderr.endswith(
        f"Error: apply of plain-a was not confirmed (got {got!r})\n"
        "Next: run tap apply again, or give --yes where a reviewed plan is applied\n"
    )
    assert not applied(fortress, "plain-a")


def test_a_plan_that_nobody_confirmed_is_kept(fortress: Fortress) -> None:
    fortress.run("plan", "plain", "--suffix", "b")
    folder = fortress.project.directory / ".tap" / "localstack" / "plans"

    fortress.run("apply", "plain", "--suffix", "b", typed="no\n", expected=2, TAP_PROTECT="1")
    kept = sorted(file.name for file in folder.glob("plain-b.*"))
    fortress.run("apply", "plain", "--suffix", "b", typed="plain-b\n", TAP_PROTECT="1")

    assert kept == ["plain-b.tfplan", "plain-b.tfplan.manifest.json", "plain-b.tfplan.shown"]
    assert applied(fortress, "plain-b")
    assert list(folder.glob("plain-b.*")) == []


def test_a_name_typed_at_a_terminal_is_taken(fortress: Fortress) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [TAP, "apply", "plain", "--suffix", "c", "--protect", *TARGET],
        cwd=fortress.project.directory,
        env=fortress.project.environ(AWS_ENDPOINT_URL=fortress.endpoint),
        stdin=follower,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        os.close(follower)
        os.write(leader, b"plain-c\n")
        said = child.communicate()[1]
    os.close(leader)

    assert child.returncode == 0, said
    assert "Type plain-c to apply it in account 123456789012: " in said
    assert applied(fortress, "plain-c")


def test_yes_needs_a_plan_that_somebody_can_have_read(fortress: Fortress) -> None:
    words = ("plain", "--suffix", "d")
    refused = fortress.run("apply", *words, "--yes", expected=2, TAP_PROTECT="1")
    before = applied(fortress, "plain-d")
    fortress.run("plan", *words)
    fortress.run("apply", *words, "--yes", TAP_PROTECT="1")

    assert refused.stderr == (
        "Error: plain-d is protected, and there is no saved plan that --yes could be for\n"
        "Next: plan first, and read it: tap plan plain --target localstack --suffix d\n"
    )
    assert (before, applied(fortress, "plain-d")) == (False, True)


def test_an_emulator_is_a_sandbox_unless_protection_is_rehearsed(
    fortress: Fortress, dirty: Path
) -> None:
    assert dirty.exists()

    ended = fortress.run("apply", "plain", "--suffix", "e")
    gone = fortress.run("destroy", "plain", "--suffix", "e")

    assert "Type " not in ended.stderr + gone.stderr
    assert applied(fortress, "plain-e")


def test_an_environment_that_is_not_protected_is_none_in_a_rehearsal(fortress: Fortress) -> None:
    assert "Type " not in fortress.run("apply", "open", TAP_PROTECT="1").stderr


@pytest.mark.parametrize("verb", ["apply", "destroy"])
def test_a_dirty_work_tree_is_refused_before_anything_is_planned(
    fortress: Fortress, dirty: Path, verb: str
) -> None:
    ended = fortress.run(verb, "plain", "--suffix", "f", "--yes", expected=2, TAP_PROTECT="1")

    assert ended.stdout == ""
    assert ended.stderr == (
        f"Error: plain-f is protected, and the work tree is not clean: {dirty.name}\n"
        "Next: commit or remove these changes, then plan again\n"
    )


@pytest.mark.requirement("TAP-2")
@pytest.mark.parametrize("words", [("apply", "--yes"), ("destroy", "--yes"), ("plan",), ("init",)])
def test_another_account_is_refused_before_anything_else(
    fortress: Fortress, dirty: Path, words: tuple[str, ...]
) -> None:
    verb, *options = words
    buckets = fortress.client("s3").list_buckets()["Buckets"]

    ended = fortress.on_aws(verb, "plain", *options, expected=2)

    assert dirty.exists()
    assert ended.stdout == ""
    assert ended.stderr == (
        "Error: the credentials belong to account 123456789012, but 'plain' may only touch "
        "333333333333\nNext: use credentials of that account\n"
    )
    assert not (fortress.project.directory / ".tap" / "aws").exists()
    assert fortress.client("s3").list_buckets()["Buckets"] == buckets


@pytest.mark.requirement("TAP-2")
def test_on_aws_a_dirty_work_tree_is_refused_right_after_the_account(
    fortress: Fortress, dirty: Path
) -> None:
    ended = fortress.on_aws("apply", "same", "--yes", expected=2)

    assert ended.stderr.startswith(
        f"Error: same is protected, and the work tree is not clean: {dirty.name}\n"
    )
    assert not (fortress.project.directory / ".tap" / "aws").exists()


@pytest.fixture(scope="module")
def vault(fortress: Fortress) -> Fortress:
    """The project with an applied environment that holds data."""
    fortress.run("apply", "vault")
    return fortress


def values(vault: Fortress) -> set[str]:
    """Return the names of the parameters that exist."""
    found = vault.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/vault/"]}]
    )
    return {item["Name"] for item in found["Parameters"]}


@pytest.mark.requirement("TAP-3")
@pytest.mark.last
def test_what_holds_data_is_replaced_and_destroyed_only_by_name(vault: Fortress) -> None:
    main = vault.project.directory / "environments" / "vault" / "main.tf"
    main.write_text(main.read_text().replace("/vault/first", "/vault/second"))
    vault.git("commit", "-aqm", "Rename the second parameter")

    planned = vault.run("plan", "vault")
    unnamed = vault.run("apply", "vault", "--yes", "--protect", expected=2)
    before = values(vault)
    address = "aws_ssm_parameter.renamed"
    replaced = vault.run(*("apply", "vault", "--yes", "--protect", "--allow-destroy", address))
    after = values(vault)
    half = vault.run(
        *("destroy", "vault", "--yes", "--protect", "--allow-destroy", address), expected=2
    )
    kept = values(vault)
    both = ("--allow-destroy", address, "--allow-destroy", "aws_ssm_parameter.kept")
    vault.run("destroy", "vault", "--yes", "--protect", *both)

    assert planned.stdout.startswith(
        "CANNOT BE UNDONE:\n"
        "! replace  aws_ssm_parameter.renamed\n"
        "    parameter: its value and history are lost\n"
    )
    assert "  aws_ssm_parameter.renamed  (forced by name)\n" in planned.stdout
    assert unnamed.stderr.endswith(
        "Error: vault is protected, and this would end what holds data:\n"
        "  aws_ssm_parameter.renamed  (parameter: its value and history are lost)\n"
        "Next: if each of them may end, name each one: "
        "tap apply vault --target localstack --allow-destroy aws_ssm_parameter.renamed ...\n"
    )
    assert before == {"/vault/kept", "/vault/first"}
    assert "applying the saved plan .tap/localstack/plans/vault.tfplan, " in replaced.stderr
    assert after == {"/vault/kept", "/vault/second"}
    assert "\n  aws_ssm_parameter.kept  (parameter: " in half.stderr
    assert "\n  aws_ssm_parameter.renamed  (" not in half.stderr
    assert kept == after
    assert values(vault) == set()
