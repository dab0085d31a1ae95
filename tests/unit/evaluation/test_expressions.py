from __future__ import annotations

import json
from typing import Any

import pytest

from tap.evaluation.expressions import evaluate
from tap.evaluation.values import UNKNOWN, Attributes, Failure, StandIn, Unknown

pytestmark = pytest.mark.requirement("TAP-4")

VALUES: dict[str, Any] = {
    "var": {
        "name": "shop",
        "on": True,
        "nothing": None,
        "list": ["a", "b"],
        "map": {"x": {"arn": "1"}, "y": None},
        "later": UNKNOWN,
        "key": StandIn("arn:{aws_kms_key.k}"),
        "number": 3,
    }
}


def work(text: str) -> Any:
    resource = Attributes(lambda name: name)
    values = {**VALUES, "data": resource}
    return evaluate(text, lambda root: values.get(root, UNKNOWN), file="test")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a-${var.name}-${var.number}-${var.on}"', "a-shop-3-true"),
        ('"${var.list}"', ["a", "b"]),
        ("var.list[1]", "b"),
        ('var.map["x"].arn', "1"),
        ("(var.on ? 1 : 2)", 1),
        ('var.name == "shop" && !var.on', False),
        ("var.nothing == null", True),
        ("var.number > 2", True),
        ("6 * floor(var.number / 2) + 7 % var.number", 7),
        ("7 / 2", 3.5),
        ("-7 % 3", -1),
        ("ceil((length(var.list) + 3) / 4) + abs(-1)", 3),
        ("pow(2, 32 - 24)", 256),
        ('cidrsubnet("10.16.0.0/16", 4, 9)', "10.16.144.0/20"),
        ('cidrsubnet("fd00::/48", 16, 255)', "fd00:0:0:ff::/64"),
        ('try(cidrsubnet("10.0.0.0/30", 4, 0), "too small")', "too small"),
        ('replace("a_b_c", "_", " ")', "a b c"),
        ('zipmap(["a", "b"], var.list)', {"a": "a", "b": "b"}),
        ("length(var.list) < 2 || var.on", True),
        ("[for item in var.list : \"${item}/*\"]", ["a/*", "b/*"]),
        ("[for index, item in var.list : index]", [0, 1]),
        ("[for item in [\"a\", \"b\"] : item if item != \"a\"]", ["b"]),
        ("{ for k, v in var.map : k => v.arn if v != null }", {"x": "1"}),
        ("{ a = 1, \"b\" = [true, null], (var.name) = 2 }", {"a": 1, "b": [True, None], "shop": 2}),
        ("merge({ a = 1 }, null, { a = 2, b = 3 })", {"a": 2, "b": 3}),
        ("concat(var.list, [\"c\"], [])", ["a", "b", "c"]),
        ('join("-", compact(["a", "", null, "b"]))', "a-b"),
        ("coalesce(null, \"\", var.name)", "shop"),
        ("try(var.nothing.arn, var.name)", "shop"),
        ('formatlist("%s.amazonaws.com", var.list)', ["a.amazonaws.com", "b.amazonaws.com"]),
        ("one([])", None),
        ('"${var.nothing}"', None),
        ("var.map != null", True),
        ("[{ id = 1 }][*].id", [1]),
        ("var.nothing[*]", []),
        ('"${var.key}/*"', "arn:{aws_kms_key.k}/*"),
        ("tostring(var.number)", "3"),
        ("merge([{ a = 1 }, { b = 2 }]...)", {"a": 1, "b": 2}),
        ("try({ a = 1 }.b, 2)", 2),
        ('try(merge({ a = 1 }, { c = 1 })["b"], 2)', 2),
        ("var.key != null", True),
        ("coalesce(var.key, 1)", "arn:{aws_kms_key.k}"),
        ("var.map == { x = 1 }", False),
        ("concat([[\"a\"], [\"b\"]]...)", ["a", "b"]),
        ('"a\\n$${b}"', "a\n${b}"),
        ("1 + 2 * var.number", 7),
        ("-var.number >= -3", True),
        ("{ for item in var.list : \"x\" => item... }", {"x": ["a", "b"]}),
        ("false && var.later", False),
        ("can(var.nothing.a)", False),
        ("true == 1", False),
        ("var.list.1", "b"),
        ("toset([\"b\", \"a\", \"b\"])", ["a", "b"]),
        ("keys({ b = 1, a = 2 })", ["a", "b"]),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ("[for key, value in { b = 1, a = 2 } : key]", ["a", "b"]),
        ("contains([\"a\", var.key], var.key)", True),
        ("flatten([[1], [[2]], 3])", [1, 2, 3]),
        ("setsubtract([\"a\", \"b\"], [\"b\"])", ["a"]),
        ("zipmap(var.list, [1, 2])", {"a": 1, "b": 2}),
        ('split(",", "a,b")', ["a", "b"]),
        ('tonumber("3")', 3),
        ("alltrue([true, false])", False),
        ("anytrue([true, var.later])", True),
        ("jsondecode(\"[1]\")", [1]),
        ("[[1, 2], [3]][*][0]", [1, 3]),
        ("var.key == var.key", True),
        ("var.later ? var.list[1] : \"b\"", "b"),
        ("element(var.list, 3)", "b"),
        ("lookup(var.map, \"z\", 1)", 1),
        ("length(toset([\"a\", \"a\"]))", 1),
        ("coalesce(\"\", var.key)", "arn:{aws_kms_key.k}"),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_terraform_gives_it(text: str, value: Any) -> None:
    assert work(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "var.later",
        "local.anything",
        '"${var.later}/*"',
        "uuid()",
        'templatefile("x", {})',
        "var.later == 1",
        'var.key == "arn:1"',
        "merge(data, { a = 1 })",
        "[for item in data : item]",
        "jsonencode([data])",
        "join(1, 2)",
        "var.later ? 1 : 2",
        "contains([var.later], 1)",
        "flatten([var.later])",
        "alltrue([true, var.later])",
        "merge({ a = 1 }, var.later)",
        "[for item in var.later : item]",
        "[for item in var.list : item if item == var.key]",
        "{ (var.key) = 1 }",
        "jsonencode({ a = var.later })",
        '"%{ if true }a%{ endif }"',
        "var.list[var.key]",
        "merge(var.later...)",
        "setsubtract([var.key], [])",
        'zipmap([var.key], ["a"])',
        'replace("abc", "/[ab]/", "")',
        "var.later / 2",
        "floor(var.later)",
        'split("/", var.key)',
        "var.later[*].id",
        "[[1], [2]][*].0",
        "var.later ? var.list[2] : 1",
        '{ for each in [var.key, "b"] : each => 1 }',
        'coalesce(var.later, "a")',
        'formatlist("%s-%s", ["a"], ["b"])',
        'format("%d", 1)',
        'format("%d of %s", "a")',
        'length(toset([var.key, "a"]))',
        "lookup(var.map, var.key)",
        'reverse("abc")',
    ],
)
def test_what_cannot_be_worked_out_is_unknown_as_a_whole(text: str) -> None:
    assert isinstance(work(text), Unknown)


def test_a_document_with_the_address_of_what_is_not_there_yet_is_json() -> None:
    found = work('jsonencode({ Statement = [{ Resource = "${var.key}/*", Count = var.number }] })')

    assert json.loads(found) == {"Statement": [{"Resource": "arn:{aws_kms_key.k}/*", "Count": 3}]}


@pytest.mark.parametrize(
    "text",
    [
        '"a-${var.nothing}"',
        "var.nothing.a",
        "coalesce(null)",
        "merge(1)",
        "try(var.nothing.a)",
        "one(var.list)",
        "var.map.z",
        "var.list[2]",
        'tonumber("x")',
        "var.number / 0",
        "var.number % 0",
        '{ for item in var.list : "x" => item }',
        'concat(["a"], null)',
        'concat(["a"], "b")',
        'lookup(var.map, "z")',
    ],
)
def test_what_terraform_refuses_is_a_failure(text: str) -> None:
    with pytest.raises(Failure):
        work(text)
