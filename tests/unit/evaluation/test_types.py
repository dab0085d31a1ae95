from __future__ import annotations

from typing import Any

import pytest

from tap.evaluation.types import conversion
from tap.evaluation.values import UNKNOWN, Failure

pytestmark = pytest.mark.requirement("TAP-4")


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        ("string", 3, "3"),
        ("number", "3", 3),
        ("bool", "true", True),
        ("list(string)", [1], ["1"]),
        ("set(string)", ["b", "a", "b"], ["a", "b"]),
        ("map(number)", {"a": "1"}, {"a": 1}),
        ("any", {"a": 1}, {"a": 1}),
        ("string", None, None),
        ("object({ a = string })", None, None),
        ("object({ a = string })", {"a": None}, {"a": None}),
        ("list(object({ a = optional(number) }))", [{}], [{"a": None}]),
        ("object({ a = string })", {"a": 1, "b": 2}, {"a": "1"}),
        ("object({ a = optional(string), b = optional(number, 2) })", {}, {"a": None, "b": 2}),
        ("object({ a = optional(number, 2) })", {"a": None}, {"a": 2}),
        ("map(object({ a = optional(list(string), []) }))", {"x": {}}, {"x": {"a": []}}),
        ("object({ a = optional(object({ b = optional(number, 1) }), {}) })", {}, {"a": {"b": 1}}),
    ],
)
def test_a_variable_has_the_value_that_its_type_makes_of_what_is_given(
    written: str, given: Any, expected: Any
) -> None:
    assert conversion(written, file="test")(given) == expected


def test_an_attribute_that_a_caller_must_give_and_does_not_is_unknown() -> None:
    assert conversion("object({ a = string })", file="test")({}) == {"a": UNKNOWN}


def test_what_is_not_known_stays_so_whatever_its_type() -> None:
    assert conversion("object({ a = string })", file="test")(UNKNOWN) is UNKNOWN


@pytest.mark.parametrize("written", ["list(string)", "map(string)", "object({ a = string })"])
def test_a_value_of_another_type_is_refused(written: str) -> None:
    with pytest.raises(Failure):
        conversion(written, file="test")("text")
