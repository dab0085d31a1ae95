"""What the HCL tells where the plan does not: every form an argument can be written in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.policy import Planned, Sources, UnknownValueError
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from pathlib import Path

    from tap.policy import Resource

pytestmark = pytest.mark.requirement("TAP-3", "TAP-4")

GROUPS = """
variable "rules" {
  type    = map(object({ to = string, also = optional(string, "b") }))
  default = { one = { to = "a" }, two = { to = "b", also = "a" } }
}

resource "aws_group" "this" {
  for_each = toset(["a", "b"])
}

resource "aws_group" "one" {
  count = 2
}

locals {
  chosen = { for key, group in aws_group.this : key => group.id if key != "a" }
  two    = flatten([for group in aws_group.this : [group.id]])
}
"""
CALLED = """
variable "groups" { type = map(string) }
variable "key" { type = string }
resource "aws_rule" "this" {
  group = var.groups[var.key]
}
output "group" { value = var.groups[var.key] }
"""
A, B = 'aws_group.this["a"]', 'aws_group.this["b"]'


def made(
    folder: Path, rule: str, *more: Any, index: Any = None, unknown: Any = None, **after: Any
) -> Planned:
    """Return a plan that does not know ``group`` and ``document`` of a rule, beside its HCL."""
    (folder / "called").mkdir()
    (folder / "called" / "main.tf").write_text(CALLED)
    (folder / "main.tf").write_text(f"{GROUPS}\n{rule}")
    later = {"id": True, "arn": True, "group": True, "document": True, "part": True}
    key = {} if index is None else {"key": index}
    shown = "" if index is None else f"[{json.dumps(index)}]"
    changes = [
        *(change(f'aws_group.this["{name}"]', key=name, unknown=later) for name in "ab"),
        *(change(f"aws_group.one[{number}]", key=number, unknown=later) for number in (0, 1)),
        change(f"aws_rule.this{shown}", after, unknown=unknown or later, **key),
        *more,
    ]
    plan = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {"resources": [block("aws_rule.this")]}},
        "resource_changes": changes,
    }
    return Planned(Plan.decode(json.dumps(plan).encode()), sources=Sources(folder, base=folder))


def rule_of(plan: Planned) -> Resource:
    return plan.resources("aws_rule")[0]


def names(plan: Planned) -> list[str]:
    return [item.address for item in rule_of(plan).targets("group", "aws_group")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('aws_group.this["b"].id', [B]),
        ('local.chosen["b"]', [B]),
        ("one(values(local.chosen))", [B]),
        ("values(aws_group.this)[*].id", [A, B]),
        ("local.two", [A, B]),
        ('[for key in ["b"] : aws_group.this[key].id]', [B]),
        ('aws_group.this[var.rules["one"].also].id', [B]),
        ("aws_group.one[1].id", ["aws_group.one[1]"]),
        ("aws_group.one[*].arn", ["aws_group.one[0]", "aws_group.one[1]"]),
        ('length(var.rules) > 1 ? aws_group.this["a"].id : aws_group.this["b"].id', [A]),
        ('coalesce(null, aws_group.this["a"].id)', [A]),
        ('try(aws_group.this["none"].id, aws_group.this["b"].id)', [B]),
        ('lookup({ x = aws_group.this["a"].id }, "x", null)', [A]),
        ('merge({ x = aws_group.this["a"].id }, { x = aws_group.this["b"].id }).x', [B]),
        ('format("%s/*", aws_group.this["a"].arn)', [A]),
        ('split("/", aws_group.this["a"].arn)[1]', [A]),
        ('aws_group.this["a"].a_list[0].of.something', [A]),
        ("null", []),
        ("module.called.group", [B]),
    ],
)
def test_an_argument_names_what_its_expression_comes_to(
    tmp_path: Path, written: str, expected: list[str]
) -> None:
    call = """
    module "called" {
      source = "./called"
      key    = "b"
      groups = { for key, group in aws_group.this : key => group.id }
    }
    """
    plan = made(tmp_path, f'{call}\nresource "aws_rule" "this" {{\n  group = {written}\n}}')
    assert names(plan) == expected
    assert rule_of(plan).is_set("group") is (written != "null")


@pytest.mark.parametrize(
    "written",
    [
        "aws_group.this[uuid()].id",
        'aws_group.this["a"].x == "1" ? aws_group.this["a"].id : aws_group.this["b"].id',
        'element(reverse([aws_group.this["a"].id]), aws_group.this["a"].number)',
        "local.nowhere",
        'unheard_of(aws_group.this["a"].id)',
    ],
)
def test_what_cannot_be_worked_out_stays_unknown(tmp_path: Path, written: str) -> None:
    plan = made(tmp_path, f'resource "aws_rule" "this" {{\n  group = {written}\n}}')
    rule_of(plan).configuration = None  # So that no references in the plan tell it either.
    with pytest.raises(UnknownValueError, match="cannot be resolved"):
        names(plan)


@pytest.mark.parametrize(("key", "expected"), [("one", [A]), ("two", [B])])
def test_the_element_of_a_loop_decides(tmp_path: Path, key: str, expected: list[str]) -> None:
    rule = """
    resource "aws_rule" "this" {
      for_each = var.rules
      group    = aws_group.this[each.value.to].id
    }
    """
    assert names(made(tmp_path, rule, index=key)) == expected


@pytest.mark.parametrize("number", [0, 1])
def test_the_number_of_an_instance_decides(tmp_path: Path, number: int) -> None:
    rule = """
    resource "aws_rule" "this" {
      count = 2
      group = aws_group.one[count.index].id
    }
    """
    assert names(made(tmp_path, rule, index=number)) == [f"aws_group.one[{number}]"]


@pytest.mark.parametrize("key", ["a", "b"])
def test_each_instance_of_a_module_has_arguments_of_its_own(tmp_path: Path, key: str) -> None:
    call = """
    module "called" {
      for_each = toset(["a", "b"])
      source   = "./called"
      key      = each.key
      groups   = { for key, group in aws_group.this : key => group.id }
    }
    resource "aws_rule" "this" {
      group = module.called["b"].group
    }
    """
    inner = change("aws_rule.this", unknown={"group": True})
    address = f'module.called["{key}"]'
    inner |= {"address": f"{address}.aws_rule.this", "module_address": address}
    plan = made(tmp_path, call, inner)
    found = plan.by_address[f"{address}.aws_rule.this"].targets("group")
    assert [item.address for item in found] == [f'aws_group.this["{key}"]']
    assert names(plan) == [B]


def test_blocks_of_a_dynamic_block_are_told_apart_by_what_is_known(tmp_path: Path) -> None:
    rule = """
    resource "aws_rule" "this" {
      part {
        order = 3
      }
      dynamic "part" {
        for_each = var.rules
        iterator = rule
        content {
          order = rule.key == "one" ? "1" : "2"
          group = aws_group.this[rule.value.to].id
        }
      }
    }
    """
    later = [{"group": True}, {"group": True}, {"group": True}]
    planned = [{"order": 2}, {"order": 3}, {"order": 1}]
    plan = made(tmp_path, rule, unknown={"part": later}, part=planned)
    two, three, one = rule_of(plan).blocks("part")
    assert [item.address for item in two.targets("group")] == [B]
    assert three.targets("group") == ()
    assert [item.address for item in one.targets("group")] == [A]


def test_references_do_not_tell_which_of_several_is_chosen(tmp_path: Path) -> None:
    plan = made(tmp_path, 'resource "aws_rule" "this" {\n  group = aws_group.this[uuid()].id\n}')
    configuration = rule_of(plan).configuration
    assert configuration is not None
    configuration.expressions["group"] = {"references": ["aws_group.this"]}
    with pytest.raises(UnknownValueError, match="cannot be resolved"):
        names(plan)


def test_a_policy_is_read_with_addresses_for_what_is_chosen_later(tmp_path: Path) -> None:
    rule = """
    resource "aws_rule" "this" {
      document = jsonencode({
        Statement = [{ Action = "a:b", Resource = "${aws_group.this["a"].arn}/*" }]
      })
    }
    """
    (statement,) = rule_of(made(tmp_path, rule)).statements("document")
    assert statement.resources == ('{aws_group.this["a"].arn}/*',)


def test_a_policy_of_something_that_is_not_understood_is_unknown(tmp_path: Path) -> None:
    rule = 'resource "aws_rule" "this" {\n  document = jsonencode({ Statement = uuid() })\n}'
    with pytest.raises(UnknownValueError, match="document is known only after apply"):
        rule_of(made(tmp_path, rule)).statements("document")
