"""What a configuration names."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tap.warm.names import find_named

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1", "TAP-4")


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def names(root: Path, *files: Path) -> set[str]:
    return {name.decode() for name in find_named(root, root / ".terraform", files).types}


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


def test_every_word_counts_and_every_attribute_that_is_read(tmp_path: Path) -> None:
    write(
        tmp_path / "main.tf",
        """
        resource "aws_wafv2_web_acl" "this" {
          dynamic "rule" {
            content { or_statement {} }
          }
        }
        output "arn" { value = aws_wafv2_web_acl.this.arn }
        output "ids" { value = aws_subnet.this["a"].id }
        output "all" { value = [for key, acl in aws_lb.this : acl] }
        """,
    )
    found = find_named(tmp_path, tmp_path / ".terraform")
    assert found.words is not None
    assert {b"rule", b"or_statement"} <= found.words
    assert b"and_statement" not in found.words
    assert found.references == {
        (b"aws_wafv2_web_acl", b"arn"),
        (b"aws_subnet", b"id"),
        (b"aws_lb", b""),
    }


def test_words_do_not_count_where_values_come_from_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "main.tf", 'resource "aws_vpc" "a" {}')
    data = tmp_path / ".terraform"
    assert set(find_named(tmp_path, data).words or ()) == {b"resource", b"aws_vpc", b"a"}
    assert find_named(tmp_path, data, every_block=True).words is None


@pytest.mark.parametrize(
    "content",
    [
        b"\xa4rule\x92\xacor_statement\x90\xadnot_statement\xc0\xadand_statement\x91\x81",
        b"\xa4rule\xdc\x00\x10\xadand_statement\x91\x81\xacor_statement\xd4\x00\x00",
        b'{"rule": [{"or_statement": [], "not_statement": null, "and_statement":\n [ {} ]}]}',
    ],
    ids=["plan", "long list", "state"],
)
def test_blocks_with_content_in_a_plan_or_state_count(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "values").write_bytes(content)
    found = find_named(tmp_path, tmp_path / ".terraform", [tmp_path / "values"])
    assert set(found.words or ()) == {b"rule", b"and_statement"}


def test_configurations_of_the_provider_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "main.tf", 'resource "aws_vpc" "a" {}')
    data = tmp_path / ".terraform"
    assert find_named(tmp_path, data).configurations == 1
    write(tmp_path / "providers.tf", 'provider "aws" {}\nprovider "aws" { alias = "b" }\n')
    write(tmp_path / "a.tftest.hcl", 'mock_provider "aws" {}')
    assert find_named(tmp_path, data).configurations == 2
