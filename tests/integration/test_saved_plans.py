"""Saved plans: applied as they were shown, or refused with the reason and kept."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator
from tests.conftest import Ended, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-1", "TAP-7"), pytest.mark.timeout(300)]

BUCKET = "payments-terraform-state-123456789012"
TARGET = ("--target", "localstack")

# Needs no provider, so that a plan takes a fraction of a second.
ROOT = """
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

variable "color" {
  type    = string
  default = "blue"
}

variable "password" {
  type      = string
  default   = ""
  sensitive = true
}

module "page" {
  source = "../../modules/page"
  color  = var.color
}

resource "terraform_data" "secret" {
  input = var.password
}
"""
MODULE = """
terraform {
  required_version = "~> 1.11"
}

variable "color" {
  type = string
}

resource "terraform_data" "page" {
  input = templatefile("${path.module}/page.html", { color = var.color })
}
"""


@dataclass
class Bench:
    """A project of one's own with environments that need no provider.

    Attributes:
        project: Where commands are run.
        endpoint: The emulator of the whole run.
    """

    project: Project
    endpoint: str

    def environment(self, name: str) -> Path:
        """Add an environment and return its folder."""
        folder = self.project.directory / "environments" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(ROOT)
        (folder / "terraform.tfvars").write_text('color = "green"\n')
        return folder

    def plan(self, label: str) -> Path:
        """Return where the saved plan of an environment is."""
        return self.project.directory / ".tap" / "localstack" / "plans" / f"{label}.tfplan"

    def manifest(self, label: str) -> Path:
        """Return where its manifest is."""
        return self.plan(label).with_name(f"{label}.tfplan.manifest.json")

    def run(self, *words: str, expected: int = 0, **extra: str) -> Ended:
        """Run a command of ``tap`` on the shared emulator."""
        return self.project.run(*words, *TARGET, expected=expected, **extra)

    def state(self, label: str) -> Any:
        """Return the state of an environment."""
        target = Target(name="localstack", endpoint=self.endpoint, region="eu-west-1")
        found = target.client("s3").get_object(Bucket=BUCKET, Key=f"{label}/terraform.tfstate")
        return json.loads(found["Body"].read())


@pytest.fixture(scope="module")
def bench(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project whose environments keep their states in the run's own emulator."""
    project.run("init", "dev")
    directory = tmp_path_factory.mktemp("bench") / "project"
    (directory / "home").mkdir(parents=True)
    (directory / "modules" / "page" / "tests").mkdir(parents=True)
    (directory / "modules" / "page" / "main.tf").write_text(MODULE)
    (directory / "modules" / "page" / "page.html").write_text("<p>${color}</p>\n")
    (directory / "tap.toml").write_text('project = "payments"\n')
    shutil.copytree(project.directory / "backend", directory / "backend")
    endpoint = str(Emulator(project.directory / ".tap" / "emulator").status().endpoint)
    return Bench(Project(directory, {"AWS_ENDPOINT_URL": endpoint}), endpoint)


@dataclass
class Planned:
    """An environment with a saved plan that would be applied if nothing had changed."""

    bench: Bench
    folder: Path
    plan: Path
    manifest: Path

    @property
    def module(self) -> Path:
        """The folder of the local module."""
        return self.bench.project.directory / "modules" / "page"


@pytest.fixture(scope="module")
def original(bench: Bench) -> Planned:
    """One plan that all hostile cases share."""
    folder = bench.environment("shop")
    bench.environment("other")
    for name in ("shop", "other"):
        bench.run("plan", name)
    return Planned(bench, folder, bench.plan("shop"), bench.manifest("shop"))


@pytest.fixture
def planned(original: Planned) -> Iterator[Planned]:
    """The plan, put back afterwards with everything that a case has changed."""
    root = original.bench.project.directory
    kept = {
        file: file.read_bytes()
        for folder in ("environments", "modules", ".tap/localstack/plans")
        for file in (root / folder).rglob("*")
        if file.is_file()
    }
    yield original
    for folder in ("environments", "modules", ".tap/localstack/plans"):
        for file in (root / folder).rglob("*"):
            if file.is_file() and file not in kept:
                file.unlink()
    for file, content in kept.items():
        file.write_bytes(content)


def assert_refused(ended: Ended, planned: Planned, reason: str, again: str) -> None:
    """Check the one message and its hint, and that the plan is where it was."""
    assert ended.stderr.count("Error: ") == 1, ended.text
    message, _, hint = ended.stderr.partition("Error: ")[2].partition("\nNext: ")
    assert reason in message, ended.text
    assert hint == f"{again}\n", ended.text
    assert "Traceback" not in ended.text
    assert planned.plan.is_file()


def flip(planned: Planned) -> None:
    content = bytearray(planned.plan.read_bytes())
    content[len(content) // 2] ^= 1
    planned.plan.write_bytes(content)


def truncate(planned: Planned) -> None:
    os.truncate(planned.plan, planned.plan.stat().st_size - 1)


def copy_both(planned: Planned) -> None:
    shutil.copy(planned.bench.plan("other"), planned.plan)
    shutil.copy(planned.bench.manifest("other"), planned.manifest)


def copy_plan(planned: Planned) -> None:
    shutil.copy(planned.bench.plan("other"), planned.plan)


def edit(**values: Any) -> Callable[[Planned], None]:
    def change(planned: Planned) -> None:
        document = json.loads(planned.manifest.read_text())
        planned.manifest.write_text(json.dumps({**document, **values}))

    return change


def append(name: str, text: str = "\n# edited\n") -> Callable[[Planned], None]:
    def change(planned: Planned) -> None:
        with (planned.bench.project.directory / name).open("a") as stream:
            stream.write(text)

    return change


CHANGES: dict[str, tuple[Callable[[Planned], object], str]] = {
    "one byte flipped": (flip, "shop.tfplan was altered: its manifest describes another file"),
    "truncated": (truncate, "shop.tfplan was altered: its manifest describes another file"),
    "manifest missing": (
        lambda planned: planned.manifest.unlink(),
        "shop.tfplan has no manifest shop.tfplan.manifest.json beside it",
    ),
    "manifest edited": (
        edit(created="2999-01-01T00:00:00Z"),
        "shop.tfplan.manifest.json was edited after the plan was made",
    ),
    "manifest of another version": (
        edit(format=2),
        "shop.tfplan.manifest.json has format 2; this tap knows format 1",
    ),
    "manifest broken": (
        lambda planned: planned.manifest.write_text("{"),
        "shop.tfplan.manifest.json cannot be read: ",
    ),
    "plan and manifest of another environment": (
        copy_both,
        "the saved plan was made for environment other, and this is environment shop",
    ),
    "plan of another environment": (
        copy_plan,
        "shop.tfplan was altered: its manifest describes another file",
    ),
    "root edited": (
        append("environments/shop/main.tf"),
        "the saved plan is stale: its inputs changed: environments/shop/main.tf (changed)",
    ),
    "file added to the root": (
        append("environments/shop/more.tf"),
        "its inputs changed: environments/shop/more.tf (new)",
    ),
    "module edited": (
        append("modules/page/main.tf"),
        "its inputs changed: modules/page/main.tf (changed)",
    ),
    "template edited": (
        append("modules/page/page.html"),
        "its inputs changed: modules/page/page.html (changed)",
    ),
    "template removed": (
        lambda planned: (planned.module / "page.html").unlink(),
        "its inputs changed: modules/page/page.html (gone)",
    ),
    "variable file edited": (
        append("environments/shop/terraform.tfvars"),
        "its inputs changed: environments/shop/terraform.tfvars (changed)",
    ),
    "lock file added": (
        append("environments/shop/.terraform.lock.hcl"),
        "its inputs changed: environments/shop/.terraform.lock.hcl (new)",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_plan_that_no_longer_fits_is_refused_with_the_reason_and_kept(
    planned: Planned, name: str
) -> None:
    change, reason = CHANGES[name]
    change(planned)
    before = planned.plan.read_bytes()

    ended = planned.bench.run("apply", "shop", expected=5)

    assert_refused(ended, planned, reason, "plan again: tap plan shop --target localstack")
    assert planned.plan.read_bytes() == before
    # Refused before Terraform was asked.
    assert ended.stdout == ""
    assert ended.stderr.startswith("Error: ")


@pytest.mark.parametrize("value", ["true-blue", ""], ids=["set", "set to nothing"])
@pytest.mark.requirement("TAP-6")
def test_a_variable_that_is_given_now_is_a_changed_input(planned: Planned, value: str) -> None:
    ended = planned.bench.run("apply", "shop", expected=5, TF_VAR_color=value)

    assert_refused(
        ended,
        planned,
        "the saved plan is stale: its inputs changed: TF_VAR_color (new)",
        "plan again: tap plan shop --target localstack",
    )
    assert "true-blue" not in ended.text


def test_a_plan_that_is_too_old_says_how_old_it_may_be(planned: Planned) -> None:
    ended = planned.bench.run("apply", "shop", expected=5, TAP_PLAN_MAX_AGE="1s")

    assert_refused(
        ended,
        planned,
        " old, and plan_max_age is 1 s",
        "plan again: tap plan shop --target localstack",
    )


def test_a_plan_is_for_one_copy_of_an_environment(planned: Planned) -> None:
    ended = planned.bench.run(
        "apply", "shop", "--suffix", "pr1", "--plan", str(planned.plan), expected=5
    )

    assert_refused(
        ended,
        planned,
        "the saved plan was made for environment shop, and this is environment shop-pr1",
        f"plan again: tap plan shop --target localstack --suffix pr1 --out {planned.plan}",
    )


@pytest.mark.requirement("TAP-2")
def test_a_plan_is_for_one_target(planned: Planned, tmp_path: Path) -> None:
    # The user's own configuration file is the one way left to point target aws elsewhere.
    project = planned.bench.project
    settings = project.directory / "tap.toml"
    before = settings.read_text()
    settings.write_text(f'{before}[environments.shop]\naccount_id = "123456789012"\n')
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {planned.bench.endpoint}\n")
    kept = {**project.variables}
    del project.variables["AWS_ENDPOINT_URL"]
    try:
        ended = project.run(
            *("apply", "shop", "--target", "aws", "--plan", str(planned.plan)),
            expected=5,
            AWS_CONFIG_FILE=str(tmp_path / "config"),
            AWS_ACCESS_KEY_ID="user",
            AWS_SECRET_ACCESS_KEY="user",
        )
    finally:
        project.variables.update(kept)
        settings.write_text(before)

    assert_refused(
        ended,
        planned,
        "the saved plan was made for target localstack, and this is target aws",
        f"plan again: tap plan shop --target aws --out {planned.plan}",
    )


def test_a_plan_is_for_one_version_of_terraform(planned: Planned, tmp_path: Path) -> None:
    wrapper = tmp_path / "terraform"
    wrapper.write_text('#!/bin/sh\necho \'{"terraform_version": "1.12.0"}\'\n')
    wrapper.chmod(0o755)

    ended = planned.bench.run("apply", "shop", expected=5, TAP_TERRAFORM=str(wrapper))

    assert_refused(
        ended,
        planned,
        "was made for Terraform 1.11.4, and this is Terraform 1.12.0",
        "plan again: tap plan shop --target localstack",
    )


def test_a_plan_that_is_not_there_is_named(bench: Bench, original: Planned) -> None:
    assert original.plan.is_file()

    ended = bench.run("apply", "shop", "--plan", "ci.tfplan", expected=2)

    assert f"Error: there is no saved plan {bench.project.directory}/ci.tfplan\n" in ended.stderr
    assert "Next: make it: tap plan shop --target localstack --out ci.tfplan\n" in ended.stderr


def test_a_plan_is_applied_once_and_never_again(bench: Bench) -> None:
    bench.environment("once")
    bench.run("plan", "once")
    files = [bench.plan("once"), bench.manifest("once")]
    saved = [file.read_bytes() for file in files]

    applied = bench.run("apply", "once")
    left = [file.exists() for file in files]
    state = bench.state("once")
    for file, content in zip(files, saved, strict=True):
        file.write_bytes(content)
    refused = bench.run("apply", "once", expected=5)

    assert "Plan: 2 to add, 0 to change, 0 to destroy.\n" in applied.stdout
    assert "[2/2] " in applied.stderr
    assert left == [False, False]
    lineage = state["lineage"].partition("-")[0]
    assert (
        "Error: the saved plan is stale: the state moved on: it was made on no state, "
        f"and now there is serial {state['serial']} of state {lineage}\n"
    ) in refused.stderr
    assert bench.state("once") == state


def test_a_plan_to_destroy_is_planned_again_as_one(bench: Bench) -> None:
    folder = bench.environment("gone")
    bench.run("apply", "gone")
    bench.run("plan", "gone", "--destroy")
    content = (folder / "main.tf").read_text()
    (folder / "main.tf").write_text(f"{content}\n")

    refused = bench.run("apply", "gone", expected=5)
    (folder / "main.tf").write_text(content)
    applied = bench.run("apply", "gone")

    assert "Next: plan again: tap plan gone --target localstack --destroy\n" in refused.stderr
    assert "Plan: 0 to add, 0 to change, 2 to destroy.\n" in applied.stdout
    assert bench.state("gone")["resources"] == []


def test_a_file_that_changes_while_it_is_planned_makes_no_plan(
    bench: Bench, tmp_path: Path
) -> None:
    bench.environment("moving")
    bench.run("plan", "moving")
    before = bench.plan("moving").read_bytes()
    editor = tmp_path / "terraform"
    editor.write_text(
        '#!/bin/sh\n[ "$1" = plan ] && touch made && echo >> main.tf\nexec terraform "$@"\n'
    )
    editor.chmod(0o755)

    refused = bench.run("plan", "moving", expected=1, TAP_TERRAFORM=str(editor))

    assert refused.stderr.endswith(
        "Error: files changed while they were planned: environments/moving/main.tf (changed)\n"
        "Next: run it again\n"
    )
    assert bench.plan("moving").read_bytes() == before
    assert sorted(file.name for file in bench.plan("moving").parent.glob("moving.*")) == [
        "moving.tfplan",
        "moving.tfplan.manifest.json",
        "moving.tfplan.shown",
    ]


@pytest.mark.requirement("TST-5")
def test_a_plan_in_a_file_of_ones_own_is_applied_from_there(bench: Bench) -> None:
    folder = bench.environment("ci")
    file = folder / "ci-default.tfplan"
    shown = folder / "ci-default.json"

    made = bench.run("plan", "ci", "--out", str(file), "--output", "markdown")
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (file, file.with_name("ci-default.tfplan.manifest.json"))
    ]
    shown.write_text("{}")
    applied = bench.run("apply", "ci", "--plan", str(file), SHOWFILE=str(shown))
    again = bench.run("plan", "ci", "--out", str(file), SHOWFILE=str(shown))
    nothing = bench.run("apply", "ci", "--plan", str(file), SHOWFILE=str(shown))

    lines = made.stdout.splitlines()
    assert lines[0].startswith("### ci on LocalStack at http://")
    assert lines[-1] == "Plan: 2 to add, 0 to change, 0 to destroy."
    assert f"apply it with: tap apply ci --target localstack --plan {file}\n" in made.stderr
    assert modes == [0o600, 0o600]
    assert "applying the saved plan environments/ci/ci-default.tfplan, made " in applied.stderr
    assert again.stdout.startswith("No changes.")
    assert nothing.stdout.startswith("No changes.")
    assert [path.name for path in sorted(folder.iterdir())] == [
        "ci-default.json",
        "main.tf",
        "terraform.tfvars",
    ]


@pytest.mark.requirement("TAP-6")
def test_a_manifest_says_what_a_plan_was_made_of_but_no_value(bench: Bench) -> None:
    folder = bench.environment("told")
    (folder / "terraform.tfvars").write_text('password = "battery staple"\n')

    bench.run("plan", "told", "--suffix", "pr1", TF_VAR_color="ultramarine")

    text = bench.manifest("told-pr1").read_text()
    found = json.loads(text)
    assert found["environment"] == "told-pr1"
    assert (found["target"], found["endpoint"]) == ("localstack", "emulator")
    assert (found["account_id"], found["destroy"]) == ("123456789012", False)
    assert found["terraform"] == "1.11.4"
    assert found["state"] == {"lineage": "", "serial": 0}
    assert found["folders"] == ["environments/told", "modules/page"]
    assert sorted(found["files"]) == [
        "environments/told/main.tf",
        "environments/told/terraform.tfvars",
        "modules/page/main.tf",
        "modules/page/page.html",
    ]
    listed = subprocess.run(
        ["sha256sum", *(name for name in found["files"] if not name.endswith(".tfvars"))],
        cwd=bench.project.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listed.stdout.splitlines():
        digest, name = line.split()
        assert found["files"][name] == digest
    assert found["lock_file"] is None
    assert sorted(found["variables"]) == [
        "TF_VAR_color",
        "TF_VAR_name_suffix",
        "TF_VAR_password",
        "TF_VAR_target",
    ]
    assert found["variables"]["TF_VAR_password"] is None
    assert len(found["variables"]["TF_VAR_color"]) == 64
    for value in ("battery", "staple", "ultramarine", "green", 'pr1"'):
        assert value not in text.replace('"told-pr1"', "")
    assert stat.S_IMODE(bench.plan("told-pr1").stat().st_mode) == 0o600
