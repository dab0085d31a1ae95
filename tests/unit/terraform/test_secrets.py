"""Which inputs of a root are secret before Terraform says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.terraform.secrets import secret_inputs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-6")

VARIABLES = """
variable "password" {
  type      = string
  sensitive = true
  default   = "preset-word"
}

variable "login" {
  type      = object({ name = string, word = string })
  sensitive = true
}

variable "pin" {
  type      = number
  sensitive = true
}

variable "key" {
  sensitive = true
  default   = <<-EOT
    first line
    second line
  EOT
}

variable "open" {
  type    = string
  default = "open-preset"
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    return tmp_path


def test_defaults_of_sensitive_variables_are_secret_and_others_are_not(root: Path) -> None:
    found = secret_inputs(root, {})

    assert "preset-word" in found
    assert any("first line" in text for text in found)
    assert "open-preset" not in found


def test_values_of_variables_are_secret_with_everything_inside(root: Path) -> None:
    found = secret_inputs(
        root,
        {
            "TF_VAR_password": "from the environment",
            "TF_VAR_login": '{ name = "ada", word = "a \\"quoted\\" word" }',
            "TF_VAR_open": "not secret",
            "HOME": "/root",
        },
    )

    assert {"from the environment", "ada", 'a "quoted" word'} <= found
    assert not {"not secret", "/root"} & found


def test_files_of_values_are_read_as_terraform_does(root: Path) -> None:
    (root / "terraform.tfvars").write_text('password = "in a file"\nopen = "not secret"\n')
    (root / "a.auto.tfvars").write_text(
        'login = { name = "bob", word = "x-${1}-y" }\npin = 471147\n'
    )
    (root / "b.auto.tfvars.json").write_text('{"password": "in json", "open": "not secret"}')
    (root / "other.tfvars").write_text('password = "not read by itself"\n')
    found = secret_inputs(root, {})

    assert {"in a file", "bob", "x-${1}-y", "471147", "in json"} <= found
    assert not {"not secret", "not read by itself"} & found


def test_broken_files_of_values_are_left_to_terraform(root: Path) -> None:
    (root / "a.auto.tfvars").write_text("password = \n")
    (root / "b.auto.tfvars.json").write_text("{")

    assert "preset-word" in secret_inputs(root, {})


def test_where_the_root_cannot_be_read_every_value_counts(root: Path) -> None:
    (root / "broken.tf").write_text("variable {")

    assert secret_inputs(root, {"TF_VAR_open": "who knows"}) == {"who knows"}


def test_a_root_without_secrets_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "broken.tf").write_text("variable {")

    assert secret_inputs(tmp_path, {"TF_VAR_open": "open"}) == set()
