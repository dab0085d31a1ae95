from __future__ import annotations

from typing import Any

import pytest

from tap.proofs.access.expressions import evaluate
from tap.proofs.access.types import conformed
from tap.proofs.access.values import UNKNOWN, Complete

pytestmark = pytest.mark.requirement("TAP-4")


def fill(value: Any, constraint: str) -> Any:
    return conformed(
        value,
        constraint,
        lambda text: evaluate(text, lambda _: UNKNOWN, file="test"),
        file="test",
    )


@pytest.mark.parametrize(
    ("value", "constraint", "filled"),
    [
        ({}, "object({ a = optional(string) })", {"a": None}),
        ({}, 'object({ a = optional(string, "x") })', {"a": "x"}),
        ({"a": None}, 'object({ a = optional(string, "x") })', {"a": "x"}),
        ({"a": "y"}, 'object({ a = optional(string, "x") })', {"a": "y"}),
        ({"a": 1, "z": 2}, "object({ a = number })", {"a": 1}),
        ({"k": {}}, "map(object({ a = optional(number, 1) }))", {"k": {"a": 1}}),
        ([{}], "list(object({ a = optional(number) }))", [{"a": None}]),
        ({}, "object({ a = optional(object({ b = optional(number, 2) }), {}) })", {"a": {"b": 2}}),
        ({"a": 1}, "any", {"a": 1}),
        ({"a": 1}, "", {"a": 1}),
        (None, "object({ a = optional(string) })", None),
        ("text", "string", "text"),
    ],
)
def test_what_a_caller_leaves_out_is_filled_in(value: Any, constraint: str, filled: Any) -> None:
    assert fill(value, constraint) == filled


def test_an_attribute_that_a_caller_must_give_and_does_not_is_unknown() -> None:
    assert fill({}, "object({ a = string })") == {"a": UNKNOWN}


def test_of_an_object_nothing_is_left_out() -> None:
    assert isinstance(fill({}, "object({ a = optional(string) })"), Complete)
