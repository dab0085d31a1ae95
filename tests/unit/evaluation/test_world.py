"""Values of arguments, as the configuration and what is planned of them tell together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.evaluation import UNKNOWN, Attributes, StandIn, Step, Unknown, World
from tap.hcl import load_module
from tap.plan import Change, Configuration, Plan, ResourceChange
from tap.plan.model import StateValues, VariableValue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.hcl import Module

pytestmark = pytest.mark.requirement("TAP-4")

GROUP = """\
variable "ports" {
  type    = list(number)
  default = [443, 80]
}

variable "later" {}

resource "aws_security_group" "this" {
  name  = "shop"
  names = [var.later, "b", "a"]
  tags  = { Name = "shop" }
  rules = [{ port = 80, on = true }, { port = 443, on = var.later }]
  none  = null

  ingress {
    port   = "443"
    cidrs  = ["10.0.0.0/8", "10.1.0.0/16"]
    absent = null
    from   = "web"
  }

  ingress {
    port  = "80"
    cidrs = ["0.0.0.0/0"]
    from  = "all"
    broken = var.ports[7]
  }

  dynamic "egress" {
    for_each = var.ports
    iterator = each_port

    content {
      port   = each_port.value
      number = each_port.key
    }
  }

  dynamic "later" {
    for_each = var.later

    content {
      port = later.value
    }
  }

  dynamic "hollow" {
    for_each = var.ports
  }

  timeouts {
    create = "5m"

    inner {
      deep = "yes"
    }
  }
}
"""


def loaded(folder: Path, text: str) -> Module:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(text)
    return load_module(folder)


def change(block: str, *, after: Any = None, **more: Any) -> ResourceChange:
    kind, name = block.split(".")
    actions = more.pop("actions", ("create",))
    return ResourceChange(
        address=more.pop("address", block),
        mode=more.pop("mode", "managed"),
        type=kind,
        name=name,
        change=Change(actions=actions, after=after, after_unknown=more.pop("unknown", False)),
        **more,
    )


def world(
    modules: Mapping[str, Module], *changes: ResourceChange, variables: dict[str, Any] | None = None
) -> World:
    plan = Plan(
        format_version="1.2",
        planned_values=StateValues(),
        configuration=Configuration(),
        variables={name: VariableValue(value=value) for name, value in (variables or {}).items()},
        resource_changes=changes,
    )
    return World(plan, modules.get)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Module:
    return loaded(tmp_path_factory.mktemp("root"), GROUP)


@pytest.mark.parametrize(
    ("path", "after", "expected"),
    [
        (("name",), {}, "shop"),
        (("tags", "Name"), {}, "shop"),
        (("absent",), {}, None),
        (("none", "deeper"), {}, None),
        (("tags", "Other"), {}, UNKNOWN),
        (("name", "deeper"), {}, UNKNOWN),
        (("egress", 1, "port"), {"egress": [{"port": 443}, {"port": 80}]}, 80),
        (("egress",), {}, [{"port": 443, "number": 0}, {"port": 80, "number": 1}]),
        (("egress", 0), {"egress": [{"port": 80}]}, {"port": 80, "number": 1}),
        (("timeouts", "create"), {"timeouts": {"create": "5m"}}, "5m"),
        (("timeouts", 0, "inner", 0, "deep"), {}, "yes"),
        (("timeouts",), {}, [{"create": "5m", "inner": [{"deep": "yes"}]}]),
        (("later", 0, "port"), {}, UNKNOWN),
        (("hollow",), {}, UNKNOWN),
        (("names", 0), {"names": ["b"]}, UNKNOWN),
    ],
)
def test_an_argument_has_the_value_that_the_configuration_gives(
    root: Module, path: tuple[Step, ...], after: dict[str, Any], expected: Any
) -> None:
    group = change("aws_security_group.this", after=after)
    found = world({"": root}, group).argument(group, path)
    assert isinstance(found, Unknown) if expected is UNKNOWN else found == expected


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        # By its content; a set of blocks is planned in an order of its own.
        ([{"port": 80}, {"port": 443}], ["all", "web"]),
        # A planned list is in another order, too.
        ([{"cidrs": ["10.1.0.0/16", "10.0.0.0/8"]}, {"cidrs": ["0.0.0.0/0"]}], ["web", "all"]),
        # A provider may make a default of null, and what fails may be anything.
        ([{"port": 443, "absent": ""}, {"port": 80, "broken": 9}], ["web", "all"]),
    ],
)
def test_a_nested_block_is_found_by_what_is_planned_of_it(
    root: Module, planned: list[Any], expected: list[str]
) -> None:
    group = change("aws_security_group.this", after={"ingress": planned})
    asked = world({"": root}, group)
    found = [asked.argument(group, ("ingress", number, "from")) for number in range(len(planned))]
    assert found == expected


def test_blocks_that_nothing_tells_apart_are_both_meant(root: Module) -> None:
    group = change("aws_security_group.this", after={"ingress": [{"port": 7}]})
    found = world({"": root}, group).argument(group, ("ingress", 0, "from"))
    assert isinstance(found, Unknown)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ([{"port": 443}, {"port": 80}], [UNKNOWN, True]),
        ([{"port": "80", "on": None}], [True]),
        ([{"port": 80, "on": True}, {"port": 9}], [True, UNKNOWN]),
        ("no list", [UNKNOWN]),
    ],
)
def test_an_element_of_a_list_is_found_by_what_is_planned_of_it(
    root: Module, planned: Any, expected: list[Any]
) -> None:
    group = change("aws_security_group.this", after={"rules": planned})
    asked = world({"": root}, group)
    for number, value in enumerate(expected):
        found = asked.argument(group, ("rules", number, "on"))
        assert isinstance(found, Unknown) if value is UNKNOWN else found is value


def test_an_empty_list_has_no_element(tmp_path: Path) -> None:
    queue = change("aws_sqs_queue.this", after={"names": []})
    root = loaded(tmp_path, 'resource "aws_sqs_queue" "this" {\n  names = []\n}\n')
    assert world({"": root}, queue).argument(queue, ("names", 0)) is None


def test_an_argument_that_terraform_would_refuse_is_unknown(root: Module) -> None:
    group = change("aws_security_group.this", after={"ingress": [{"port": 80}]})
    asked = world({"": root}, group)
    body = root.resources["aws_security_group.this"].body
    broken = [*body.of_type("ingress")][1].attributes["broken"]
    assert asked.argument(group, ("ingress", 0, "broken")) is UNKNOWN
    assert asked.expression(group, broken) is UNKNOWN


def test_an_expression_is_worked_out_as_part_of_its_resource(root: Module) -> None:
    group = change("aws_security_group.this")
    tags = root.resources["aws_security_group.this"].body.attributes["tags"]
    assert world({"": root}, group).expression(group, tags) == {"Name": "shop"}


@pytest.mark.parametrize("block", ["aws_security_group.other", "aws_vpc.this"])
def test_nothing_is_known_of_a_resource_that_is_not_declared(root: Module, block: str) -> None:
    unheard_of = change(block)
    asked = world({"": root}, unheard_of)
    name = root.resources["aws_security_group.this"].body.attributes["name"]
    assert asked.argument(unheard_of, ("name",)) is UNKNOWN
    assert asked.expression(unheard_of, name) is UNKNOWN


ROOT = """\
variable "number" {}

variable "untyped" {
  default = "text"
}

locals {
  undeclared = var.nowhere
  no_call    = module.nowhere.arn
  no_block   = aws_vpc.nowhere.id
  untyped    = var.untyped
  circle     = local.circle
  missing    = local.missing_too
  place      = path.module

  counted  = module.counted[1].name
  unsure   = module.unsure[1].name
  mapped   = module.mapped["a"].name
  unmapped = module.unmapped["b"].name
  remote   = module.remote.name
  one      = module.one.name
  silent   = module.one.silent
  nothing  = module.one.nothing
  arns     = aws_s3_bucket.many[*].arn
  gone     = aws_s3_bucket.gone.arn
}

module "counted" {
  source = "./child"
  count  = var.number
  name   = "n${count.index}"
}

module "unsure" {
  source = "./child"
  count  = data.x.y.z
  name   = "n${count.index}"
}

module "mapped" {
  source   = "./child"
  for_each = toset(["a", "b"])
  name     = each.key
}

module "unmapped" {
  source   = "./child"
  for_each = data.x.y.z
  name     = "any"
}

module "remote" {
  source = "registry/x/y"
}

module "one" {
  source = "./child"
  name   = null
}

resource "aws_s3_bucket" "many" {
  count = 2
}

resource "aws_s3_bucket" "gone" {}
"""
CHILD = """\
variable "name" {
  type     = string
  default  = "unnamed"
  nullable = false
}

variable "required" {}

output "name" {
  value = var.name
}

output "silent" {
  value = var.required
}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("whole")
    child = loaded(folder / "child", CHILD)
    names = ("counted", "unsure", "mapped", "unmapped", "one")
    many = [
        change(
            "aws_s3_bucket.many",
            address=f"aws_s3_bucket.many[{number}]",
            index=number,
            after={},
            unknown={"arn": True},
        )
        for number in (1, 0)
    ]
    gone = [
        change("aws_s3_bucket.gone", actions=("delete",)),
        change("aws_s3_bucket.many", index=2, actions=("delete",)),
        change("aws_s3_bucket.many", index=3, deposed="ab12"),
    ]
    return world(
        {"": loaded(folder, ROOT), **{f"module.{name}": child for name in names}},
        *many,
        *gone,
        variables={"number": 2},
    )


def local(whole: World, name: str) -> Any:
    scope = whole.scope("")
    assert scope
    return scope.evaluate(scope.module.locals[name].value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("untyped", "text"),
        ("counted", "n1"),
        ("unsure", "n1"),
        ("mapped", "a"),
        ("unmapped", "any"),
        # Where null is not allowed it means the default.
        ("one", "unnamed"),
        ("arns", ["{aws_s3_bucket.many[0].arn}", "{aws_s3_bucket.many[1].arn}"]),
    ],
)
def test_a_name_is_followed_to_where_its_value_stands(
    whole: World, name: str, expected: Any
) -> None:
    assert local(whole, name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "undeclared",
        "no_call",
        "no_block",
        "circle",
        "missing",
        "place",
        "remote",
        "silent",
        "nothing",
        "gone",
    ],
)
def test_a_name_that_stands_for_nothing_at_hand_is_unknown(whole: World, name: str) -> None:
    assert isinstance(local(whole, name), Unknown)


def test_a_module_has_no_scope_without_its_call_and_its_files(whole: World) -> None:
    assert whole.scope("module.nowhere") is None
    assert whole.scope("module.remote") is None
    assert whole.scope("module.nowhere.module.inner") is None
    opened = whole.scope("module.counted[0]")
    assert opened
    assert opened.output("name") == "n0"


def test_what_aws_will_choose_is_named_after_the_resource() -> None:
    database = change(
        "aws_db_instance.this",
        after={"manage_master_user_password": True, "tags": {"a": "b"}, "ports": [1, 2]},
        unknown={"arn": True, "master_user_secret": True, "tags": {"c": True}, "ports": [True]},
    )
    found = world({}, database).resource(database)
    assert isinstance(found, Attributes)
    assert found.get("arn") == StandIn("{aws_db_instance.this.arn}")
    assert found.get("master_user_secret") == [
        {"secret_arn": "{aws_db_instance.this.master_user_secret[0].secret_arn}"}
    ]
    assert found.get("tags")["a"] == "b"
    assert isinstance(found.get("tags")["c"], Unknown)
    first, second = found.get("ports")
    assert (isinstance(first, Unknown), second) == (True, 2)
    assert found.get("endpoint").trace.addresses == {"aws_db_instance.this"}
