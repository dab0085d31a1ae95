"""A small project whose module needs no provider, so that Terraform itself can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.coverage.survey import Survey, survey
from tap.hcl import load_module

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = """\
variable "size" {
  type = string

  validation {
    condition     = contains(["small", "large"], var.size)
    error_message = "size is ${var.size == null ? "null" : var.size}."
  }

  validation {
    condition     = length(var.size) == 5
    error_message = "size has five letters."
  }
}

variable "names" {
  type    = map(string)
  default = {}
}
"""
MAIN = """\
locals {
  wanted = { for name, value in var.names : name => value if value != "no" }
  bytes  = var.size == "large" ? 200 : 100
}

resource "terraform_data" "this" {
  input = local.bytes
}

resource "terraform_data" "each" {
  for_each = local.wanted
  input    = each.value == "big" ? (var.size == "large" ? 9 : 8) : 1
}

resource "terraform_data" "extra" {
  count = var.size == "large" ? 1 : 0
  input = 1

  lifecycle {
    precondition {
      condition     = length(var.names) < 3
      error_message = "too many names."
    }
  }
}
"""
OUTPUTS = """\
output "bytes" {
  value = local.bytes
}

output "unread" {
  value = 1
}
"""
NATIVE = """\
variables {
  size = "small"
}

run "small_is_small" {
  command = plan

  assert {
    condition     = output.bytes == 100 && terraform_data.this.input == 100
    error_message = "not small"
  }
}

run "nothing_is_asserted" {
  command = plan

  variables {
    size = "large"
  }
}

run "another_size_is_refused" {
  command = plan

  variables {
    size = "other"
  }

  expect_failures = [var.size]
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a project with the module ``demo``."""
    module = tmp_path / "modules" / "demo"
    (module / "tests").mkdir(parents=True)
    (tmp_path / "tap.toml").write_text('project = "demo"\n')
    (module / "variables.tf").write_text(VARIABLES)
    (module / "main.tf").write_text(MAIN)
    (module / "outputs.tf").write_text(OUTPUTS)
    (module / "tests" / "demo.tftest.hcl").write_text(NATIVE)
    return tmp_path


@pytest.fixture
def demo(project: Path) -> Survey:
    """Return what there is to cover in the module."""
    return survey(load_module(project / "modules" / "demo"), name="modules/demo")
