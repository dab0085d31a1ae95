from __future__ import annotations

import json
from typing import Any

import pytest

from tap.plan import Plan
from tap.proofs.access.planned import Inventory
from tap.proofs.network.references import referred

pytestmark = pytest.mark.requirement("TAP-3")

SUBNETS = ['module.net.aws_subnet.one["a"]', 'module.net.aws_subnet.one["b"]']
VPC = "module.net.aws_vpc.main"
GROUPS = ['module.net.aws_security_group.each["x"]', 'module.net.aws_security_group.each["y"]']


def change(address: str) -> dict[str, Any]:
    module, _, local = address.rpartition(".aws_")
    kind, _, rest = f"aws_{local.removeprefix('aws_')}".partition(".")
    name, _, key = rest.partition("[")
    return {
        "address": address, "module_address": module, "mode": "managed", "type": kind,
        "name": name, "index": json.loads(key[:-1]) if key else None,
        "change": {"actions": ["create"], "after": {}, "after_unknown": {"id": True}},
    }  # fmt: skip


def block(address: str, **more: Any) -> dict[str, Any]:
    kind, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, **more}


def refer(*names: str) -> dict[str, Any]:
    return {"references": list(names)}


def found(
    *names: str,
    user: str = "module.app.aws_lb.this",
    over: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
) -> list[str] | None:
    """Return what a load balancer in a module beside the network refers to."""
    lb = block("aws_lb.this", for_each_expression=refer(*over) if over else None)
    plan = {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": [change(each) for each in (*SUBNETS, *GROUPS, VPC, user, *more)],
        "configuration": {"root_module": {"module_calls": {
            "net": {"module": {
                "resources": [
                    block("aws_vpc.main"),
                    block("aws_subnet.one", for_each_expression=refer("var.zones")),
                    block("aws_security_group.each", for_each_expression=refer("local.groups")),
                ],
                "outputs": {
                    "vpc_id": {"expression": refer("aws_vpc.main.id", "aws_vpc.main")},
                    "subnet_ids": {"expression": refer("aws_subnet.one")},
                    "group_ids": {"expression": refer("aws_security_group.each")},
                },
            }},
            "app": {
                "expressions": {
                    "vpc": refer("module.net.vpc_id", "module.net"),
                    "subnets": refer("module.net.subnet_ids", "module.net"),
                    "groups": refer("module.net.group_ids", "module.net"),
                    "mixed": refer("module.net.vpc_id", "var.on", "module.net"),
                    "loop": refer("module.app.loop"),
                },
                "module": {
                    "resources": [lb, block("aws_eip.a", for_each_expression=refer("var.subnets"))],
                    "outputs": {"loop": {"expression": refer("var.loop")}},
                },
            },
        }}},
    }  # fmt: skip
    inventory = Inventory(Plan.decode(json.dumps(plan).encode()))
    [item] = [each for each in inventory.of("aws_lb") if each.address == user]
    resources = referred(item, refer(*names), inventory)
    return None if resources is None else sorted(each.address for each in resources)


@pytest.mark.parametrize(
    ("names", "resources"),
    [
        (["var.vpc"], [VPC]),
        (["var.vpc.id", "var.vpc"], [VPC]),
        (["var.subnets"], SUBNETS),
        # The load balancer itself, in its own module.
        (["aws_lb.this.id", "aws_lb.this"], ["module.app.aws_lb.this"]),
    ],
)
def test_references_are_followed_through_calls_and_outputs(
    names: list[str], resources: list[str]
) -> None:
    assert found(*names) == resources


def test_a_resource_for_each_of_others_refers_to_the_one_with_its_key() -> None:
    user = 'module.app.aws_lb.this["a"]'

    assert found("each.value", user=user, over=("var.subnets",)) == SUBNETS[:1]
    assert found("each.value.id", "each.value", user=user, over=("var.subnets",)) == SUBNETS[:1]
    assert found("each.value", user=user, over=("local.subnets",)) is None
    # Of two that both have the key, one may hide the other.
    more = ('module.app.aws_eip.a["a"]', 'module.app.aws_eip.b["a"]')
    assert found("each.value", user=user, over=("aws_eip.a",), more=more) == [more[0]]
    assert found("each.value", user=user, over=("aws_eip.a", "aws_eip.b"), more=more) is None
    assert found("each.value", user=user) is None
    assert found("each.value", user='module.app.aws_lb.this["z"]', over=("var.subnets",)) is None


@pytest.mark.parametrize(
    "names",
    [
        ["local.anything"],
        ["data.aws_vpc.main.id", "data.aws_vpc.main"],
        # A part of a map, or one of a list.
        ["var.groups.x", "var.groups"],
        ["var.subnets[0]", "var.subnets"],
        # Something may choose between the two.
        ["var.vpc", "var.subnets"],
        ["aws_lb.this", "var.vpc"],
        ["var.mixed"],
        # What is made of itself.
        ["var.loop"],
        ["module.other.id", "module.other"],
    ],
)
def test_what_a_plan_does_not_tell_is_nothing_rather_than_all(names: list[str]) -> None:
    assert found(*names) is None


def test_an_instance_that_is_named_by_its_key_is_the_only_one() -> None:
    users = ('module.app.aws_lb.this["a"]', "module.app.aws_lb.this[0]")

    for user in users:
        key = user.removeprefix("module.app.")
        assert found(f"{key}.id", key, user=user) == [user]
        assert found('aws_lb.this["z"]', user=user) == []


def test_outputs_are_those_of_the_instance_of_a_module_that_is_named() -> None:
    main = "module.net[{}].aws_vpc.main"
    more = (main.format('"x"'), main.format('"y"'), main.format(1))

    for key in ('"x"', "1"):
        module = f"module.net[{key}]"
        names = (f"{module}.vpc_id", module)
        assert found(*names, user="aws_lb.this", more=more) == [main.format(key)]


@pytest.mark.parametrize(
    ("names", "resources"),
    [
        # A variable of the root is a value that somebody gave.
        (["var.vpc"], []),
        (["module.net.vpc_id", "module.net"], [VPC]),
        (["module.net.vpc_id.id", "module.net.vpc_id", "module.net"], [VPC]),
        # A part of an output, the module as a whole, and an output that it does not have.
        (["module.net.vpc_id.tags", "module.net.vpc_id", "module.net"], None),
        (["module.net"], None),
        (["module.net.zones", "module.net"], None),
    ],
)
def test_of_the_root_modules_are_followed_to_what_they_give(
    names: list[str], resources: list[str] | None
) -> None:
    assert found(*names, user="aws_lb.this") == resources


def test_a_key_of_a_module_that_cannot_be_read_tells_nothing() -> None:
    assert found("var.vpc", user='module.app["a]b"].aws_lb.this') is None
    assert found("var.vpc", user='module.app["a.b"].aws_lb.this') == [VPC]
