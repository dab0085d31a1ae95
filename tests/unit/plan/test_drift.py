"""What counts as drift, and what entries of tap.toml take out."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tap.plan import AttributeDrift, ObjectDrift, Plan, find_drift, judge
from tap.settings import DriftIgnore

pytestmark = pytest.mark.requirement("TAP-1")

RECORDED = Path(__file__).parents[1] / "data" / "plan_drift.json"
TODAY = date(2026, 6, 15)


def _plan(
    before: Any,
    after: Any,
    *,
    actions: tuple[str, ...] = ("update",),
    marks: tuple[Any, Any] = (False, False),
    **fields: Any,
) -> Plan:
    """Return a refresh-only plan with one object that differs."""
    change = {
        "actions": actions,
        "before": before,
        "after": after,
        "before_sensitive": marks[0],
        "after_sensitive": marks[1],
    }
    item = {"address": "aws_x.this", "mode": "managed", "type": "aws_x", "name": "this"} | fields
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {},
        "resource_drift": [{**item, "change": change}],
    }
    return Plan.decode(json.dumps(document).encode())


def _parts(before: Any, after: Any, **more: Any) -> list[tuple[str, Any, Any]]:
    """Return path, before and after of everything that differs."""
    return [
        (part.path, part.before, part.after)
        for item in find_drift(_plan(before, after, **more))
        for part in item.attributes
    ]


def test_a_recorded_plan_with_drift_is_read() -> None:
    plan = Plan.decode(RECORDED.read_bytes())

    assert plan.resource_drift
    assert {item.address for item in find_drift(plan)} <= {
        item.address for item in plan.resource_drift
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"size": 1}, {"size": 2}, [("size", 1, 2)]),
        ({"on": None}, {"on": False}, [("on", None, False)]),
        ({"tags": {"a b": "x"}}, {"tags": {"a b": "y"}}, [('tags["a b"]', "x", "y")]),
        ({"tags": None}, {"tags": {"a": "x"}}, [("tags", None, {"a": "x"})]),
        (
            {"rule": [{"port": 1}, {"port": 2}]},
            {"rule": [{"port": 1}, {"port": 3}]},
            [("rule[1].port", 2, 3)],
        ),
        (
            {"rule": [{"port": 1}]},
            {"rule": [{"port": 22}, {"port": 1}]},
            [("rule[*]", None, {"port": 22})],
        ),
        (
            {"zones": ["a", "b"]},
            {"zones": ["b", "c"]},
            [
                ("zones[*]", "a", None),
                ("zones[*]", None, "c"),
            ],
        ),
        ({"order": ["a", "b"]}, {"order": ["b", "a"]}, [("order", ["a", "b"], ["b", "a"])]),
        (
            {"policy": '{"Statement": [{"Effect": "Deny"}]}'},
            {"policy": '{"Statement":[{"Effect":"Allow"}]}'},
            [("policy.Statement[0].Effect", "Deny", "Allow")],
        ),
        (
            {"tags": {"a": 1}, "tags_all": {"a": 1}},
            {"tags": {"a": 2}, "tags_all": {"a": 2}},
            [
                ("tags.a", 1, 2),
            ],
        ),
        ({"tags_all": {"a": 1}}, {"tags_all": {"a": 2}}, [("tags_all.a", 1, 2)]),
    ],
)
def test_each_attribute_that_differs_is_named_with_both_values(
    before: Any, after: Any, expected: list[tuple[str, Any, Any]]
) -> None:
    assert _parts(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": None}, {"a": ""}),
        ({"a": None}, {"a": []}),
        ({"a": {}}, {}),
        ({"a": {"b": None}}, {"a": {"b": []}}),
        ({"a": '{"b": 1, "c": []}'}, {"a": '{ "c" : [], "b" : 1 }'}),
        ({"latest_restorable_time": "1"}, {"latest_restorable_time": "2"}),
    ],
)
def test_what_is_only_written_differently_is_no_drift(before: Any, after: Any) -> None:
    assert find_drift(_plan(before, after)) == ()


def test_a_list_is_not_the_text_that_lists_it() -> None:
    assert _parts({"a": "[1]"}, {"a": [1]}) == [("a", "[1]", [1])]


def test_an_object_that_is_gone_is_deleted_without_attributes() -> None:
    plan = _plan({"a": "secret"}, None, actions=("delete",), module_address="module.m")

    assert find_drift(plan) == (
        ObjectDrift(address="aws_x.this", type="aws_x", module="module.m", deleted=True),
    )


def test_secrets_are_masked_but_still_differ() -> None:
    marks = ({"password": True, "list": [{"word": True}]}, {"password": True})
    before = {"password": "old", "list": [{"word": "old", "n": 1}]}
    after = {"password": "new", "list": [{"word": "old", "n": 2}]}

    assert _parts(before, after, marks=marks) == [
        ("list[0].n", 1, 2),
        ("password", "(sensitive)", "(sensitive)"),
    ]
    assert _parts({"a": None}, {"a": "new"}, marks=(False, {"a": True})) == [
        ("a", None, "(sensitive)")
    ]
    assert _parts({"a": {"b": 1}}, {"a": {"b": 2}}, marks=(True, False)) == [
        ("", "(sensitive)", "(sensitive)")
    ]


def test_a_moved_object_without_a_difference_is_none() -> None:
    assert find_drift(_plan({"a": 1}, {"a": 1}, actions=("no-op",), previous_address="b")) == ()


def _entry(address: str, **fields: Any) -> DriftIgnore:
    defaults: dict[str, Any] = {"owner": "ada", "reason": "known", "expires": TODAY}
    return DriftIgnore(address=address, **(defaults | fields))


OBJECTS = (
    ObjectDrift(
        address='module.m.aws_x.this["a.b"]',
        type="aws_x",
        attributes=(
            AttributeDrift(path='tags["a.b"]', before=1, after=2),
            AttributeDrift(path="size", before=1, after=2),
        ),
    ),
    ObjectDrift(address="aws_y.gone", type="aws_y", deleted=True),
)


def _left(*entries: DriftIgnore, today: date = TODAY) -> list[tuple[str, list[str]]]:
    judged = judge(OBJECTS, entries, environment="dev", today=today)
    return [(item.address, [part.path for part in item.attributes]) for item in judged.objects]


BOTH = [('module.m.aws_x.this["a.b"]', ['tags["a.b"]', "size"]), ("aws_y.gone", [])]


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        (_entry("aws_z.other"), BOTH),
        (_entry("module.m.*"), BOTH[1:]),
        (_entry('module.m.aws_x.this["a.b"]'), BOTH[1:]),
        (_entry("module.?.aws_x.this*", attribute="tags"), [(BOTH[0][0], ["size"]), BOTH[1]]),
        (_entry("*", attribute='tags["a.b"]'), [(BOTH[0][0], ["size"]), BOTH[1]]),
        (_entry("*", attribute="tag"), BOTH),
        (_entry("*", attribute="s*"), [(BOTH[0][0], ['tags["a.b"]']), BOTH[1]]),
        (_entry("aws_y.gone"), BOTH[:1]),
        (_entry("aws_y.gone", attribute="size"), BOTH),
        (_entry("*"), []),
        (_entry("*", environment="dev"), []),
        (_entry("*", environment="prod"), BOTH),
        (_entry("*", expires=date(2026, 6, 14)), BOTH),
    ],
)
def test_an_entry_takes_out_what_it_names_and_nothing_else(
    entry: DriftIgnore, left: list[tuple[str, list[str]]]
) -> None:
    assert _left(entry) == left


def test_what_was_taken_out_is_told_with_the_entry_that_did_it() -> None:
    entries = (_entry("aws_z.other"), _entry("aws_y.*", reason="replaced by hand"))
    judged = judge(OBJECTS, entries, environment="dev", today=TODAY)

    assert judged.used == entries[1:]
    assert [(item.address, item.path, item.reason) for item in judged.ignored] == [
        ("aws_y.gone", "", "replaced by hand")
    ]
