from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.plan import MASK, Plan, mask, masked_change, masked_variables, secret_values

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.decode((DATA / "plan_changes.json").read_bytes())


@pytest.mark.requirement("TAP-6")
def test_a_masked_change_holds_no_secret_before_or_after(plan: Plan) -> None:
    token = next(c for c in plan.resource_changes if c.type == "aws_ssm_parameter").change
    assert token.before["value"] == "tok-4711-secret"
    masked = masked_change(token)
    assert (masked.before["value"], masked.after["value"]) == (MASK, MASK)
    assert masked.before["value_wo"] is None
    assert masked.after["tags"] == {"Stage": "2"}


@pytest.mark.requirement("TAP-6")
def test_no_masked_change_of_the_plan_holds_the_secret(plan: Plan) -> None:
    changes = [change.change for change in plan.resource_changes]
    changes += plan.output_changes.values()
    assert b"tok-4711" in msgspec.json.encode(changes)
    assert b"tok-4711" not in msgspec.json.encode([masked_change(change) for change in changes])


@pytest.mark.requirement("TAP-6")
def test_variables_declared_sensitive_are_masked(plan: Plan) -> None:
    assert masked_variables(plan) == {"stage": "2", "token": MASK}


@pytest.mark.requirement("TAP-6")
@pytest.mark.parametrize(
    ("value", "marks", "shown"),
    [
        ("x", True, MASK),
        ("x", False, "x"),
        (None, True, None),
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": True}}, {"a": 1, "b": {"c": MASK, "d": 3}}),
        ([1, 2], [False, True], [1, MASK]),
        ({"a": [1, {"b": 2}]}, {"a": [False, {"b": True}]}, {"a": [1, {"b": MASK}]}),
        ([1, 2, 3], [True], MASK),
        ("x", {"a": True}, MASK),
        ({"a": 1}, [True], MASK),
        ({"a": 1}, {"a": {}}, {"a": 1}),
    ],
)
def test_marks_follow_the_value_and_mask_all_where_they_do_not_fit(
    value: Any, marks: Any, shown: Any
) -> None:
    assert mask(value, marks) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(max_value=9, min_value=0) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.requirement("TAP-6")
@given(secret=st.integers(10**12), other=JSON, keys=st.lists(st.text(max_size=3), max_size=4))
def test_a_marked_leaf_never_shows_however_deep_it_is(
    secret: int, other: Any, keys: list[str]
) -> None:
    value: Any = secret
    marks: Any = True
    for key in keys:
        value, marks = {key: value, key + "x": other}, {key: marks}
    assert str(secret) not in repr(mask(value, marks))


@pytest.mark.requirement("TAP-6")
def test_the_secret_values_of_a_plan_are_those_it_marks(plan: Plan) -> None:
    found = secret_values(plan)

    assert "tok-4711-secret" in found
    assert "2" not in found


@pytest.mark.requirement("TAP-6")
def test_what_is_marked_in_one_place_and_shown_in_another_is_no_secret_but_an_input_is() -> None:
    def change(after: Any, marks: Any) -> dict[str, Any]:
        return {"actions": ["create"], "after": after, "after_sensitive": marks}

    plan = Plan.decode(
        json.dumps(
            {
                "format_version": "1.2",
                "planned_values": {},
                "configuration": {
                    "root_module": {"variables": {"word": {"sensitive": True}, "name": {}}}
                },
                "variables": {"word": {"value": "input"}, "name": {"value": "named"}},
                "resource_changes": [
                    {
                        "address": "aws_x.this",
                        "mode": "managed",
                        "type": "aws_x",
                        "name": "this",
                        "change": change(
                            {
                                "value": "shown",
                                "insecure": "shown",
                                "hidden": ["deep", {"n": 4711}],
                                "copy": "input",
                                "named": "named",
                            },
                            {"value": True, "hidden": True, "named": True},
                        ),
                    }
                ],
                "output_changes": {"list": change(["a", "b"], [True, False])},
            }
        ).encode()
    )

    assert secret_values(plan) == {"input", "deep", "4711", "a"}
