"""Override files: Terraform merges them into the others, and so does the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.errors import HclError
from tap.hcl import load_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-4")

MAIN = """
terraform {
  required_version = ">= 1.5"
  backend "s3" {}
}

provider "aws" {
  region      = "eu-west-1"
  max_retries = 3
}

variable "size" {
  type    = number
  default = 1
}

locals {
  name = "main"
  kept = "main"
}

resource "aws_instance" "this" {
  ami           = "ami-1"
  instance_type = "t3.micro"

  ebs_block_device {
    device_name = "a"
  }
  ebs_block_device {
    device_name = "b"
  }
  metadata_options {
    http_tokens = "required"
  }
  lifecycle {
    prevent_destroy       = true
    create_before_destroy = true
  }
}

output "id" {
  value = aws_instance.this.id
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # Read after override files by name, and still overridden by them.
    (tmp_path / "z.tf").write_text(MAIN)
    return tmp_path


def test_arguments_are_replaced_one_by_one_and_the_rest_is_kept(folder: Path) -> None:
    (folder / "a_override.tf").write_text(
        'provider "aws" {\n  max_retries = 9\n}\n'
        'variable "size" {\n  default = 2\n}\n'
        'locals {\n  name = "other"\n}\n'
        'output "id" {\n  value = "none"\n}\n'
        'terraform {\n  required_version = "~> 1.11"\n  backend "local" {}\n}\n'
    )
    module = load_module(folder)

    provider = module.providers["aws"].body.attributes
    assert {key: value.value for key, value in provider.items()} == {
        "region": "eu-west-1",
        "max_retries": 9,
    }
    size = module.variables["size"]
    assert (size.type, size.default.value if size.default else None) == ("number", 2)
    assert {key: local.value.string for key, local in module.locals.items()} == {
        "name": "other",
        "kept": "main",
    }
    assert module.outputs["id"].value is not None
    assert module.outputs["id"].value.string == "none"
    assert module.settings.required_version == "~> 1.11"
    assert module.settings.backend is not None
    assert module.settings.backend.labels == ("local",)
    # What is said of a declaration names its original place.
    assert size.file == str(folder / "z.tf")


def test_nested_blocks_are_replaced_by_type_and_lifecycle_is_merged(folder: Path) -> None:
    (folder / "override.tf").write_text(
        'resource "aws_instance" "this" {\n'
        '  ebs_block_device {\n    device_name = "c"\n  }\n'
        "  lifecycle {\n    prevent_destroy = false\n  }\n}\n"
    )
    body = load_module(folder).resources["aws_instance.this"].body

    assert [block.text("device_name") for block in body.of_type("ebs_block_device")] == ["c"]
    assert len(body.of_type("metadata_options")) == 1
    [lifecycle] = body.of_type("lifecycle")
    assert {key: value.value for key, value in lifecycle.attributes.items()} == {
        "prevent_destroy": False,
        "create_before_destroy": True,
    }
    assert body.text("instance_type") == "t3.micro"


def test_the_last_override_file_wins(folder: Path) -> None:
    (folder / "a_override.tf").write_text('locals {\n  name = "a"\n}\n')
    (folder / "b_override.tf.json").write_text('{"locals": {"name": "b"}}')
    assert load_module(folder).locals["name"].value.string == "b"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('variable "other" {}\n', "variable 'other'"),
        ('resource "aws_x" "other" {}\n', "resource 'aws_x.other'"),
        ('locals {\n  other = "x"\n}\n', "local 'other'"),
    ],
)
def test_what_is_not_there_cannot_be_overridden(folder: Path, text: str, named: str) -> None:
    (folder / "x_override.tf").write_text(text)
    with pytest.raises(HclError, match=r"x_override\.tf:\d:1: there is no ") as raised:
        load_module(folder)
    assert named in raised.value.message


def test_only_the_name_makes_an_override_file(folder: Path) -> None:
    (folder / "overrides.tf").write_text('variable "size" {}\n')
    with pytest.raises(HclError, match="declared twice"):
        load_module(folder)
