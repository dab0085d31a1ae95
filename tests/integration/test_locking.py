"""Two applies of one environment at the same time, with every way of locking."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tap.aws import Target

if TYPE_CHECKING:
    from tap.testing.project import Project

BUCKET = "payments-terraform-state-123456789012"
TABLE = "payments-terraform-locks"

# Needs no provider, so that nothing but the locks takes time.
SLOW_ROOT = """
terraform {
  required_version = "~> 1.11"

  backend "s3" {
    key = "slow/terraform.tfstate"
  }
}

variable "name_suffix" {
  type = string
}

resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 6"
  }
}
"""


@pytest.fixture
def slow_project(own_project: Project) -> Project:
    """Return a project with one environment, whose apply takes 6 s."""
    shutil.rmtree(own_project.directory / "environments")
    root = own_project.directory / "environments" / "slow"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(SLOW_ROOT)
    settings = own_project.directory / "tap.toml"
    settings.write_text(settings.read_text().partition("[environments")[0])
    return own_project


@pytest.mark.requirement("STA-2", "TAP-7")
@pytest.mark.parametrize("locking", ["s3,dynamodb", "s3", "dynamodb"])
def test_a_second_apply_is_refused_with_who_holds_the_lock(
    slow_project: Project, locking: str
) -> None:
    suffix = locking.replace(",", "")[:8]
    words = ("slow", "--target", "localstack", "--suffix", suffix)
    slow_project.variables["TAP_STATE_LOCKING"] = locking
    slow_project.run("init", *words)
    with slow_project.start("apply", *words) as first:
        expected = {kind for kind in ("s3", "dynamodb") if kind in locking}
        wait_for_apply(slow_project, f"slow-{suffix}", expected)
        second = slow_project.run("apply", *words, expected=6)
        waiting = slow_project.run("apply", *words, "--lock-timeout", "60s")
        stdout, stderr = first.communicate()
    assert first.returncode == 0, stdout + stderr
    assert "the state is locked: " in second.stderr
    assert "@" in second.stderr
    assert "since 20" in second.stderr
    assert "Next: " in second.stderr
    assert "Traceback" not in second.stderr
    assert "No changes." in waiting.stdout
    assert "No changes." in slow_project.run("plan", *words).stdout


def wait_for_apply(project: Project, label: str, kinds: set[str]) -> None:
    """Wait until an apply holds the state's lock, in exactly the given places.

    Terraform takes one lock after the other, so a look in between sees only the first.
    """
    target = Target(
        name="localstack", endpoint=project.variables["AWS_ENDPOINT_URL"], region="eu-west-1"
    )
    s3, dynamodb = target.client("s3"), target.client("dynamodb")
    until = time.monotonic() + 120
    held: dict[str, str] = {}
    while time.monotonic() < until:
        held = {}
        for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{label}/").get("Contents", ()):
            if item["Key"].endswith(".tflock"):
                # It may have been released since it was listed.
                with suppress(s3.exceptions.NoSuchKey):
                    held["s3"] = (
                        s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read().decode()
                    )
        for item in dynamodb.scan(TableName=TABLE)["Items"]:
            if f"/{label}/" in item["LockID"]["S"] and "Info" in item:
                held["dynamodb"] = item["Info"]["S"]
        if set(held) == kinds and all("OperationTypeApply" in info for info in held.values()):
            return
        time.sleep(0.05)
    raise AssertionError(f"{label} was never locked by an apply in {kinds}; last seen: {held}")
