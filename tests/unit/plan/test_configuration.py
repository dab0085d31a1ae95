from __future__ import annotations

from pathlib import Path

import pytest

from tap.plan import Plan, references
from tap.plan.configuration import without_keys

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.decode((DATA / "plan_changes.json").read_bytes())


@pytest.mark.requirement("TAP-3")
def test_a_change_finds_the_block_it_comes_from(plan: Plan) -> None:
    address = 'module.network["a"].aws_subnet.this["x"]'
    change = next(c for c in plan.resource_changes if c.address == address)
    block = plan.configuration_of(change)
    assert block is not None
    assert block.address == "aws_subnet.this"
    assert references(block.expressions) == ("aws_vpc.this", "aws_vpc.this.id", "each.value")
    assert block.for_each_expression == {"references": ["var.subnets"]}


@pytest.mark.requirement("TAP-3")
def test_a_change_whose_block_is_gone_has_no_configuration(plan: Plan) -> None:
    gone = next(c for c in plan.resource_changes if c.name == "gone")
    assert plan.configuration_of(gone) is None


@pytest.mark.requirement("TAP-3")
def test_module_calls_lead_to_the_module_and_its_inputs(plan: Plan) -> None:
    call = plan.configuration.root_module.module_calls["network"]
    assert call.source == "./network"
    assert references(call.expressions) == ("each.key", "var.stage")
    assert plan.configuration.module('module.network["b"]') is call.module
    assert plan.configuration.module("module.network.module.none") is None
    assert plan.configuration.module("") is plan.configuration.root_module


@pytest.mark.requirement("TAP-3")
def test_references_are_found_in_nested_blocks(plan: Plan) -> None:
    block = plan.configuration.root_module.resource("data.aws_iam_policy_document.read")
    assert block is not None
    assert references(block.expressions) == (
        'module.network["b"]',
        'module.network["b"].vpc_id',
    )


@pytest.mark.requirement("TAP-3")
def test_constants_and_blocks_named_references_are_no_references() -> None:
    assert references({"references": [{"x": {"references": ["var.y"]}}]}) == ("var.y",)
    assert references({"constant_value": {"references": ["var.x"]}}) == ()


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("a.b", "a.b"),
        ('module.m["x.y"].a.b[0]', "module.m.a.b"),
        (r'a.b["say \"]\" twice"].c', "a.b.c"),
    ],
)
def test_instance_keys_are_taken_off_an_address(address: str, bare: str) -> None:
    assert without_keys(address) == bare


@pytest.mark.requirement("TAP-3")
def test_variables_keep_their_marks(plan: Plan) -> None:
    variables = plan.configuration.root_module.variables
    assert variables["token"].sensitive is True
    assert variables["token"].default == "tok-4711-secret"
    assert variables["stage"].sensitive is False
