from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.errors import HclError
from tap.hcl import Module, load_module
from tap.hcl.declarations import module_of
from tap.hcl.syntax import parse

if TYPE_CHECKING:
    from pathlib import Path


def declared(text: str) -> Module:
    return module_of(parse(text, file="a.tf"))


@pytest.mark.requirement("TAP-4")
def test_a_variable_keeps_all_that_it_declares() -> None:
    module = declared(
        """
variable "size" {
  description = "Number of \\"hosts\\"."
  type        = map(object({ a = optional(string, "x") }))
  default     = { one = { a = "b" } }
  nullable    = false
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = var.size > 1
    error_message = "size must be over 1, got ${var.size}."
  }
  validation {
    condition     = true
    error_message = "never"
  }
}
"""
    )
    size = module.variables["size"]
    assert size.type == 'map(object({ a = optional(string, "x") }))'
    assert size.default is not None
    assert size.default.value == {"one": {"a": "b"}}
    assert size.description == 'Number of "hosts".'
    assert (size.nullable, size.sensitive, size.ephemeral) == (False, True, True)
    assert [check.condition.text for check in size.validations] == ["var.size > 1", "true"]
    assert size.validations[0].error_message.text == '"size must be over 1, got ${var.size}."'
    assert (size.file, size.first_line, size.last_line) == ("a.tf", 2, 18)
    assert size.required is False


@pytest.mark.requirement("TAP-4")
def test_a_variable_without_arguments_has_terraforms_defaults() -> None:
    bare, null = declared(
        'variable "a" {}\nvariable "b" {\n  default = null\n}\n'
    ).variables.values()
    assert (bare.type, bare.default, bare.required) == ("", None, True)
    assert (bare.nullable, bare.sensitive, bare.ephemeral) == (True, False, False)
    assert null.required is False


@pytest.mark.requirement("TAP-4", "STK-9")
def test_settings_of_several_blocks_are_one() -> None:
    module = declared(
        """
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 5.100"
      configuration_aliases = [aws.replica]
    }
    old = "1.0"
  }
}
terraform {
  backend "s3" {
    key = "x"
  }
}
"""
    )
    settings = module.settings
    assert settings.required_version == ">= 1.11, < 2.0"
    aws = settings.required_providers["aws"]
    assert (aws.source, aws.version) == ("hashicorp/aws", "~> 5.100")
    assert aws.configuration_aliases == ("aws.replica",)
    assert settings.required_providers["old"].version == "1.0"
    assert settings.backend is not None
    assert settings.backend.labels == ("s3",)
    assert [block.type for block in module.blocks()] == ["terraform", "terraform"]
    assert module.references() == ()


@pytest.mark.requirement("TAP-4")
def test_a_cloud_block_is_the_backend_too() -> None:
    backend = declared('terraform {\n  cloud {\n    organization = "o"\n  }\n}\n').settings.backend
    assert backend is not None
    assert (backend.type, backend.text("organization")) == ("cloud", "o")


@pytest.mark.requirement("TAP-4")
def test_resources_are_found_by_address_with_their_meta_arguments() -> None:
    module = declared(
        """
resource "aws_x" "many" {
  for_each   = local.all
  provider   = aws.replica
  depends_on = [aws_x.one, module.m]
  name       = each.key
  lifecycle {
    ignore_changes = [tags["a"], name]
  }
}
resource "aws_x" "one" {
  count = var.on ? 1 : 0
  lifecycle {
    ignore_changes = all
  }
}
data "aws_y" "one" {}
ephemeral "aws_z" "one" {}
"""
    )
    assert list(module.resources) == [
        "aws_x.many",
        "aws_x.one",
        "data.aws_y.one",
        "ephemeral.aws_z.one",
    ]
    many, one, data, secret = module.resources.values()
    assert many.for_each is not None
    assert many.for_each.text == "local.all"
    assert many.depends_on == ("aws_x.one", "module.m")
    assert many.provider == "aws.replica"
    assert many.ignore_changes == ('tags["a"]', "name")
    assert one.count is not None
    assert one.count.text == "var.on ? 1 : 0"
    assert one.ignore_changes == ("all",)
    assert (data.mode, data.lifecycle, data.ignore_changes, data.provider) == ("data", None, (), "")
    assert secret.mode == "ephemeral"


@pytest.mark.requirement("TAP-4")
def test_calls_separate_arguments_from_meta_arguments() -> None:
    call = declared(
        """
module "vpc" {
  source     = "../../modules/vpc"
  version    = "1.0"
  count      = 1
  providers  = { aws = aws, aws.replica = aws.other }
  depends_on = [module.x]
  prefix     = var.prefix
}
"""
    ).module_calls["vpc"]
    assert (call.source, call.version) == ("../../modules/vpc", "1.0")
    assert list(call.arguments) == ["prefix"]
    assert call.arguments["prefix"].references == ("var.prefix",)
    assert call.depends_on == ("module.x",)
    assert call.body.attributes["providers"].references == ()
    assert call.providers == {"aws": "aws", "aws.replica": "aws.other"}


@pytest.mark.requirement("TAP-4")
def test_the_remaining_kinds_of_blocks_are_told_apart() -> None:
    module = declared(
        """
provider "aws" {}
provider "aws" {
  alias = "replica"
}
locals {
  a = 1
  b = local.a
}
output "o" {
  description = "D."
  value       = local.b
  sensitive   = true
}
moved {
  from = aws_x.a
  to   = module.m.aws_x.a["k"]
}
import {
  to = aws_x.b
  id = var.id
}
removed {
  from = aws_x.c
  lifecycle {
    destroy = false
  }
}
check "c" {
  data "http" "h" {}
  assert {
    condition     = true
    error_message = "no"
  }
}
run "named" {}
"""
    )
    assert list(module.providers) == ["aws", "aws.replica"]
    assert module.locals["b"].value.references == ("local.a",)
    assert (module.locals["b"].file, module.locals["b"].value.first_line) == ("a.tf", 8)
    output = module.outputs["o"]
    assert output.value is not None
    assert (output.value.text, output.description, output.sensitive) == ("local.b", "D.", True)
    [move] = module.moves
    assert (move.source, move.destination) == ("aws_x.a", 'module.m.aws_x.a["k"]')
    [imported] = module.imports
    assert imported.id is not None
    assert (imported.to, imported.id.text) == ("aws_x.b", "var.id")
    assert module.removals[0].source == "aws_x.c"
    assert module.checks["c"].assertions[0].error_message.value == "no"
    assert list(module.resources) == ["data.http.h"]
    assert [(block.type, block.labels) for block in module.others] == [("run", ("named",))]


@pytest.mark.requirement("TAP-4")
def test_what_a_module_refers_to_leaves_out_addresses_that_are_gone() -> None:
    module = declared(
        "moved {\n  from = aws_x.a\n  to = aws_x.b\n}\nremoved {\n  from = aws_x.c\n}\n"
        'locals {\n  a = var.a\n}\noutput "o" {\n  value = local.a\n}\n'
        'variable "a" {\n  validation {\n    condition = var.b\n    error_message = "x"\n  }\n}\n'
        'import {\n  to = aws_x.d\n  id = var.id\n}\nprovider "aws" {\n  region = var.region\n}\n'
    )
    assert module.references() == (
        "aws_x.d",
        "local.a",
        "var.a",
        "var.b",
        "var.id",
        "var.region",
    )


@pytest.mark.requirement("TAP-4")
def test_values_for_variables_are_top_level_arguments() -> None:
    module = declared('name = "x"\nsizes = [1, 2]\n')
    assert {name: value.value for name, value in module.attributes.items()} == {
        "name": "x",
        "sizes": [1, 2],
    }


@pytest.mark.requirement("TAP-4", "TAP-7")
@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            '\nresource "aws_x" {}\n',
            "a.tf:2:1: a resource block needs 2 labels (type, name), got 1",
            'write: resource "TYPE" "NAME" { ... }',
        ),
        ("variable {}\n", "a.tf:1:1: a variable block needs 1 label (name), got 0", "NAME"),
        ("moved {\n  from = a.b\n}\n", "a.tf:1:1: a moved block needs the argument 'to'", "add to"),
        (
            'variable "a" {\n  validation {\n    condition = true\n  }\n}\n',
            "a.tf:2:1: a validation block needs the argument 'error_message'",
            "begins on line 2",
        ),
        (
            'variable "a" {}\n\nvariable "a" {}\n',
            "a.tf:3:1: variable 'a' is declared twice, first at a.tf:1:1",
            "remove or rename",
        ),
        (
            "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n",
            "a.tf:5:1: local 'a' is declared twice, first at a.tf:2:1",
            "remove or rename",
        ),
    ],
)
def test_incomplete_and_repeated_declarations_are_refused(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(HclError) as caught:
        declared(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.requirement("TAP-4")
def test_every_module_of_this_project_is_read_without_an_error(repository: Path) -> None:
    folders = {
        path.parent
        for root in ("backend", "environments", "modules")
        for path in (repository / root).rglob("*.tf")
        if ".terraform" not in path.parts
    }
    modules = {folder: load_module(folder) for folder in folders}
    assert modules[repository / "modules" / "vpc"].resources["aws_vpc.this"].type == "aws_vpc"
    assert all(module.settings.required_version for module in modules.values())
