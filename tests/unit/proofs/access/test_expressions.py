from __future__ import annotations

import json
from typing import Any

import pytest

from tap.proofs.access.expressions import evaluate
from tap.proofs.access.values import UNKNOWN, Attributes, Failure, StandIn

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
        ("keys({ b = 1, a = 2 })", ["a", "b"]),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ("toset([\"b\", \"a\", \"b\"])", ["a", "b"]),
        ("setsubtract([\"a\", \"b\"], [\"b\"])", ["a"]),
        ('split("/", "a/b")', ["a", "b"]),
        ("try({ a = 1 }.b, 2)", 2),
        ("try(merge({ a = 1 }, { c = 1 })[\"b\"], 2)", 2),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_terraform_gives_it(text: str, value: Any) -> None:
    assert work(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "var.later",
        "var.missing",
        "local.anything",
        '"${var.later}/*"',
        "uuid()",
        'templatefile("x", {})',
        "var.later == 1",
        'var.key == "arn:1"',
        "var.key != null",
        "var.map == { x = 1 }",
        "merge(data, { a = 1 })",
        "[for item in data : item]",
        "jsonencode([data])",
        "join(1, 2)",
        "var.later ? 1 : 2",
        "merge({ a = 1 }, var.later)",
        "[for item in var.later : item]",
        "[for item in var.list : item if item == var.key]",
        "{ (var.key) = 1 }",
        "coalesce(var.key, 1)",
        "merge(var.later...)",
        "toset([var.key])",
        "setsubtract([var.key], [])",
        'split("/", var.key)',
        "jsonencode({ a = var.later })",
        '"a\\nb"',
        '"%{ if true }a%{ endif }"',
        "1 + 2",
        "-var.number",
        "var.list[var.key]",
        "{ for k, v in var.map : k => v... }",
    ],
)
def test_what_cannot_be_worked_out_is_unknown_as_a_whole(text: str) -> None:
    assert work(text) is UNKNOWN


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
    ],
)
def test_what_terraform_refuses_is_a_failure(text: str) -> None:
    with pytest.raises(Failure):
        work(text)
