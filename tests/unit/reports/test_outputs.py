"""Outputs for a person and for a program; secrets for neither."""

from __future__ import annotations

import json

import pytest

from tap.reports.outputs import outputs_json, outputs_text
from tap.terraform.root import Output

pytestmark = pytest.mark.requirement("STK-7", "TAP-3")

OUTPUTS = {
    "vpc": Output(
        value={
            "id": "vpc-1",
            "subnets": {"eu-west-1b": "subnet-b", "eu-west-1a": "subnet-a"},
            "cidr_blocks": ["10.0.0.0/16", "10.1.0.0/16"],
            "nat_gateways": {},
            "rules": [{"port": 443, "open": True}, None],
        }
    ),
    "empty": Output(value=None),
    "blank": Output(value=""),
    "count": Output(value=0),
    "share": Output(value=0.5),
    "on": Output(value=False),
    "list": Output(value=[]),
    "password": Output(value={"plain": "correct horse"}, sensitive=True),
}


def test_text_is_a_sorted_tree_that_writes_values_as_terraform_does() -> None:
    assert outputs_text(OUTPUTS).splitlines() == [
        "blank = -",
        "count = 0",
        "empty = -",
        "list = -",
        "on = false",
        "password = (sensitive)",
        "share = 0.5",
        "vpc",
        "  cidr_blocks = 10.0.0.0/16, 10.1.0.0/16",
        "  id = vpc-1",
        "  nat_gateways = -",
        '  rules = {"port":443,"open":true}, -',
        "  subnets",
        "    eu-west-1a = subnet-a",
        "    eu-west-1b = subnet-b",
    ]


def test_json_holds_every_value_but_the_sensitive_ones() -> None:
    document = json.loads(outputs_json(OUTPUTS))

    assert document == {
        **{name: item.value for name, item in OUTPUTS.items()},
        "password": "(sensitive)",
    }


@pytest.mark.requirement("TAP-6")
def test_a_sensitive_value_is_in_neither_form() -> None:
    assert "horse" not in outputs_text(OUTPUTS) + outputs_json(OUTPUTS)


def test_no_outputs_are_an_empty_tree_and_an_empty_document() -> None:
    assert outputs_text({}) == ""
    assert json.loads(outputs_json({})) == {}
