from __future__ import annotations

import json
from typing import Any

import pytest

from tap.coverage.watched import watched_plan

pytestmark = pytest.mark.requirement("TST-4")

RESOURCE = {"address": 'module.this.aws_lb.it["a"]', "values": {"name": "a", "tags": {}}}
PLAN = {
    "output_changes": {"this": {"after": {"arn": "x"}}},
    "planned_values": {
        "outputs": {"count": {"value": 1}},
        "root_module": {
            "child_modules": [{"address": "module.this", "resources": [RESOURCE]}],
        },
    },
    "resource_changes": [
        {
            "address": 'module.this.aws_lb.it["a"]',
            "module_address": "module.this",
            "change": {"after": {"name": "a"}, "after_unknown": {"arn": True}},
        }
    ],
}


def watched() -> tuple[Any, list[tuple[str, str, str]]]:
    seen: list[tuple[str, str, str]] = []
    return watched_plan(PLAN, lambda *what: seen.append(what)), seen


def test_what_is_asked_for_is_noticed_with_module_block_and_name() -> None:
    plan, seen = watched()
    (module,) = plan["planned_values"]["root_module"]["child_modules"]
    assert module["resources"][0]["values"]["name"] == "a"
    assert plan["resource_changes"][0]["change"]["after_unknown"].get("arn")
    assert "arn" in plan["output_changes"]["this"]["after"]
    assert seen == [
        ("module.this", "aws_lb.it", "name"),
        ("module.this", "aws_lb.it", "arn"),
        ("", "output.this", "arn"),
    ]


def test_going_through_everything_is_not_looking_at_anything() -> None:
    plan, seen = watched()
    assert json.loads(json.dumps(plan)) == PLAN
    assert plan["resource_changes"][0]["address"] == 'module.this.aws_lb.it["a"]'
    assert seen == []


def test_comparing_one_mapping_is_looking_at_all_of_it() -> None:
    plan, seen = watched()
    same = plan["output_changes"]["this"]["after"] == {"arn": "x"}
    other = plan["resource_changes"][0]["change"]["after"] != {"name": "b"}
    # An assert that is reported reads what it compares once more.
    assert (same, other) == (True, True)
    assert seen == [("", "output.this", "arn"), ("module.this", "aws_lb.it", "name")]
