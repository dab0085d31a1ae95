"""What tap plan judged is taken up by tap apply, and judged again once anything has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

import tap
from tap.emulator.control import Emulator
from tap.terraform.review import Review, Said
from tap.terraform.saved import review_file
from tests.conftest import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

pytestmark = [pytest.mark.requirement("TAP-1", "TAP-4"), pytest.mark.timeout(300)]

TARGET = ("--target", "localstack")

# Needs no provider, so that a plan takes a fraction of a second.
ROOT = """
terraform {
  required_version = "~> 1.11"

  backend "s3" {}
}

variable "name_suffix" {
  description = "Suffix"
  type        = string
}

variable "target" {
  description = "Target"
  type        = string
}

variable "password" {
  description = "Secret"
  type        = string
  sensitive   = true
}

resource "terraform_data" "secret" {
  input = var.password
}
"""
# Both variables that tap gives every root are never read.
BROKEN = "the plan of {} has 2 findings of severity low or above; nothing was changed"
SETTINGS = 'project = "payments"\n[check]\nfail_on = "low"\n'
WAIVER = """
[[waivers]]
rule    = "TF-02"
address = "var.*"
owner   = "platform"
reason  = "tap gives them to every root"
expires = {}
"""
FORGED = "this was kept"


class Bench:
    """A project with environments that need no provider, and whose rules count from low on."""

    def __init__(self, directory: Path, endpoint: str) -> None:
        given = {"AWS_ENDPOINT_URL": endpoint, "TF_VAR_password": "battery staple"}
        self.project = Project(directory, given)
        self.settings = directory / "tap.toml"
        self.environments = directory / "environments"

    def environment(self, name: str) -> None:
        folder = self.environments / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.tf").write_text(ROOT)

    def plan_file(self, name: str) -> Path:
        return self.project.directory / ".tap" / "localstack" / "plans" / f"{name}.tfplan"

    def waive(self, days: int = 1) -> None:
        last = datetime.now(UTC).date() + timedelta(days=days)
        self.settings.write_text(SETTINGS + WAIVER.format(last))

    def run(self, *words: str, expected: int = 0, **extra: str) -> Ended:
        return self.project.run(*words, *TARGET, expected=expected, **extra)

    def forge(self, name: str) -> None:
        """Make a review tell that it was taken up, and refuse."""
        file = review_file(self.plan_file(name))
        review = msgspec.json.decode(file.read_bytes().partition(b"\n")[2], type=Review)
        forged = msgspec.structs.replace(review, rules=Said(lines=(FORGED,), against=7))
        content = msgspec.json.encode(forged)
        file.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


@pytest.fixture(scope="module")
def bench(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A project whose environments keep their states in the run's own emulator."""
    project.run("init", "dev")
    directory = tmp_path_factory.mktemp("reviews") / "project"
    (directory / "home").mkdir(parents=True)
    shutil.copytree(project.directory / "backend", directory / "backend")
    (directory / "environments" / "_stack").mkdir(parents=True)
    endpoint = str(Emulator(project.directory / ".tap" / "emulator").status().endpoint)
    bench = Bench(directory, endpoint)
    bench.settings.write_text(SETTINGS)
    return bench


@pytest.fixture
def logged(tmp_path: Path) -> tuple[str, Path]:
    """A Terraform that writes down what it is asked for."""
    script, log = tmp_path / "terraform", tmp_path / "log"
    script.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec terraform "$@"\n')
    script.chmod(0o755)
    return str(script), log


def test_an_apply_says_what_the_plan_said_and_asks_terraform_for_nothing_but_the_apply(
    bench: Bench, logged: tuple[str, Path]
) -> None:
    script, log = logged
    bench.environment("kept")
    bench.waive()
    planned = bench.run("plan", "kept", TAP_TERRAFORM=script)
    log.unlink()
    mode = stat.S_IMODE(review_file(bench.plan_file("kept")).stat().st_mode)
    applied = bench.run("apply", "kept", TAP_TERRAFORM=script)

    said = [line for line in planned.stderr.splitlines() if line.startswith("check of")]
    assert said == [line for line in applied.stderr.splitlines() if line.startswith("check of")]
    assert planned.stdout == applied.stdout
    assert log.read_text().split() == ["version", "apply"]
    assert mode == 0o600
    assert "battery" not in planned.text + applied.text
    assert list(bench.plan_file("kept").parent.glob("kept.*")) == []


def test_a_waiver_that_comes_or_goes_after_the_plan_counts_in_the_apply(bench: Bench) -> None:
    bench.environment("waived")
    bench.waive()
    passed = bench.run("plan", "waived")
    bench.settings.write_text(SETTINGS)
    refused = bench.run("apply", "waived", expected=3)
    bench.run("plan", "waived")
    kept = bench.run("apply", "waived", expected=3)
    bench.waive()
    applied = bench.run("apply", "waived")

    assert "check of the plan of waived: passed: 2 waived;" in passed.stderr
    assert f"Error: {BROKEN.format('waived')}\n" in refused.stderr
    # The same words, whether it was judged now or when it was planned.
    assert kept.stderr.partition("check of")[2] == refused.stderr.partition("check of")[2]
    assert "check of the plan of waived: passed: 2 waived;" in applied.stderr


def test_an_intent_that_comes_after_the_plan_counts_in_the_apply(bench: Bench) -> None:
    intents = bench.environments / "_stack" / "intents.txt"
    bench.environment("meant")
    bench.waive()
    try:
        intents.write_text("# nothing yet\n")
        passed = bench.run("plan", "meant")
        intents.write_text("deny app -> db:3306\n")
        refused = bench.run("apply", "meant", expected=3)
    finally:
        intents.unlink()

    assert "intents of the plan of meant hold: there are none\n" in passed.stderr
    assert "Error: the plan of meant breaks what is meant to hold; nothing was changed\n" in (
        refused.stderr
    )


def beside(bench: Bench, _: pytest.MonkeyPatch) -> None:
    bench.environment("other")


def settings(bench: Bench, _: pytest.MonkeyPatch) -> None:
    bench.settings.write_text(f"{SETTINGS}\n[environments.forged]\nprotected = true\n")


def rules(bench: Bench, patch: pytest.MonkeyPatch) -> None:
    """Let another tap run, which differs by a comment in one rule."""
    package = Path(tap.__file__).parent
    copy = bench.project.directory / "newer" / "tap"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "policy" / "rules" / "tf.py").open("a") as file:
        file.write("# newer\n")
    patch.setenv("PYTHONPATH", str(copy.parent))


def damage(bench: Bench, _: pytest.MonkeyPatch) -> None:
    file = review_file(bench.plan_file("forged"))
    os.truncate(file, file.stat().st_size - 1)


def remove(bench: Bench, _: pytest.MonkeyPatch) -> None:
    review_file(bench.plan_file("forged")).unlink()


CHANGES: dict[str, Callable[[Bench, pytest.MonkeyPatch], None]] = {
    "another environment": beside,
    "settings": settings,
    "another tap": rules,
    "damaged": damage,
    "removed": remove,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_judged_is_judged_again_when_it_could_come_out_otherwise(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    shutil.rmtree(bench.environments / "other", ignore_errors=True)
    bench.environment("forged")
    bench.settings.write_text(SETTINGS)
    bench.run("plan", "forged")
    bench.forge("forged")
    as_kept = bench.run("apply", "forged", expected=3)
    CHANGES[name](bench, monkeypatch)
    again = bench.run("apply", "forged", expected=3)

    assert f"\n{FORGED}\n" in as_kept.stderr
    assert "has 7 findings of severity low or above" in as_kept.stderr
    assert FORGED not in again.stderr
    assert f"Error: {BROKEN.format('forged')}\n" in again.stderr


def test_of_a_plan_in_a_file_of_ones_own_nothing_is_kept_or_taken_up(bench: Bench) -> None:
    bench.environment("forged")
    bench.settings.write_text(SETTINGS)
    bench.run("plan", "forged")
    bench.forge("forged")
    file = bench.project.directory / "own" / "forged.tfplan"
    file.parent.mkdir()
    bench.run("plan", "forged", "--out", str(file))
    made = [each.name for each in sorted(file.parent.iterdir())]
    for each in bench.plan_file("forged").parent.glob("forged.tfplan*"):
        shutil.copy(each, file.parent)
    refused = bench.run("apply", "forged", "--plan", str(file), expected=3)

    assert made == ["forged.tfplan", "forged.tfplan.manifest.json"]
    assert FORGED not in refused.stderr
    assert f"Error: {BROKEN.format('forged')}\n" in refused.stderr
