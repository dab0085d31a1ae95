"""Which types a configuration names."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tap.warm.names import named_types

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1", "TAP-4")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def names(root: Path, *files: Path) -> set[str]:
    return {name.decode() for name in named_types(root, root / ".terraform", files)}


def test_types_are_named_in_every_kind_of_file(tmp_path: Path) -> None:
    write(tmp_path / "main.tf", 'resource "aws_vpc" "a" {}\ndata "aws_region" "b" {}')
    write(tmp_path / "more.tf.json", '{"resource": {"aws_subnet": {}}}')
    write(tmp_path / "moved.tf", "moved {\n from = aws_eip.a\n to = module.x.aws_lb.b[0]\n}")
    write(tmp_path / "tests" / "a.tftest.hcl", 'mock_resource "aws_sqs_queue" {}')
    write(tmp_path / "tests" / "mocks" / "b.tfmock.hcl", 'mock_data "aws_partition" {}')
    write(tmp_path / "README.md", "aws_dynamodb_table")
    assert names(tmp_path) == {
        "aws_vpc",
        "aws_region",
        "aws_subnet",
        "aws_eip",
        "aws_lb",
        "aws_sqs_queue",
        "aws_partition",
    }


def test_called_modules_count_wherever_they_are(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "main.tf", 'module "m" { source = "../m" }')
    write(tmp_path / "m" / "main.tf", 'resource "aws_kms_key" "k" {}')
    write(tmp_path / "stranger" / "main.tf", 'resource "aws_iam_role" "r" {}')
    manifest = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": "../m"}]}
    write(root / ".terraform" / "modules" / "modules.json", json.dumps(manifest))
    assert names(root) == {"aws_kms_key"}


def test_a_local_state_and_the_plans_that_are_read_count(tmp_path: Path) -> None:
    write(tmp_path / "terraform.tfstate", '{"type": "aws_sns_topic"}')
    write(tmp_path / "terraform.tfstate.d" / "x" / "terraform.tfstate", '{"type": "aws_eip"}')
    plan = tmp_path / "saved"
    with zipfile.ZipFile(plan, "w") as archive:
        archive.writestr("tfplan", b"\x0a\x0caws_instance\x12\x01")
    assert names(tmp_path, plan) == {"aws_sns_topic", "aws_eip", "aws_instance"}


def test_what_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    write(tmp_path / ".terraform" / "modules" / "modules.json", "{")
    (tmp_path / "main.tf").mkdir()
    assert names(tmp_path, tmp_path / "missing") == set()
