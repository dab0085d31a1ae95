"""A project of a test's own, with small environments and an emulator that nobody else uses."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.aws import Target
from tap.emulator.control import Emulator
from tap.testing.project import Project
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "shop-terraform-state-123456789012"
TABLE = "shop-terraform-locks"

# Rules are for what is built to last: these environments are as small as a test can be.
SETTINGS = """
project = "shop"

[check]
fail_on = "critical"
"""

BACKEND = """
terraform {
  backend "s3" {
    max_retries = 2
  }
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}
"""

PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region            = "eu-west-1"
  s3_use_path_style = true
  max_retries       = 3
}
"""


@dataclass(frozen=True)
class Stage:
    """A project whose commands talk to an emulator as target ``localstack``."""

    project: Project
    endpoint: str

    def environment(self, name: str, text: str, *, provider: bool = False) -> Path:
        """Add an environment and return its folder; the text comes after the backend's."""
        folder = self.project.directory / "environments" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(BACKEND + (PROVIDER if provider else "") + text)
        if provider:
            lock_file = REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl"
            shutil.copy(lock_file, folder)
        return folder

    def client(self, service: str) -> Any:
        """Return a boto3 client that no proxy is in the way of."""
        return Target(name="localstack", endpoint=self.endpoint, region="eu-west-1").client(service)

    def through(self, endpoint: str) -> Project:
        """Return the same project, whose commands talk to another endpoint."""
        variables = {**self.project.variables, "AWS_ENDPOINT_URL": endpoint}
        return Project(self.project.directory, variables)

    def locks(self, name: str) -> set[str]:
        """Return where the state of an environment is locked."""
        listed = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{name}/")
        held = {"s3" for item in listed.get("Contents", ()) if item["Key"].endswith(".tflock")}
        items = self.client("dynamodb").scan(TableName=TABLE)["Items"]
        return held | {
            "dynamodb" for item in items if "Info" in item and f"/{name}/" in item["LockID"]["S"]
        }


@contextmanager
def opened(directory: Path) -> Iterator[Stage]:
    """Make a project in a new folder and end its emulator afterwards."""
    (directory / "home").mkdir(parents=True)
    (directory / "tap.toml").write_text(SETTINGS)
    emulator = Emulator(directory / "emulator")
    try:
        endpoint = str(emulator.start().endpoint)
        variables = {"AWS_ENDPOINT_URL": endpoint, "TAP_TARGET": "localstack"}
        stage = Stage(Project(directory, variables), endpoint)
        _store_states(stage)
        yield stage
    finally:
        emulator.stop()


def _store_states(stage: Stage) -> None:
    """Make what backend/ makes, without the minute that its provider takes for it."""
    s3 = stage.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=BUCKET, Key="backend/terraform.tfstate", Body=b"{}")
    stage.client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
