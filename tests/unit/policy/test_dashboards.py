"""Rules of dashboards and alarms of which the plan tells only a part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.policy import Outcome, Planned, Sources, find_rule, judge
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-3", "TAP-4")

DASHBOARD = "aws_cloudwatch_dashboard.this"
ALARM = "aws_cloudwatch_metric_alarm.this"
BODY = "dashboard_body"
OPEN = f"{BODY} is known only after apply"
LATER = "aws_sns_topic.later.arn"


def found(
    folder: Path, rule: str, address: str, *, hcl: str = "", **more: Any
) -> list[tuple[Outcome, str]]:
    """Return outcome and message of what a rule finds; ``more`` as in a change."""
    kind, _, name = address.partition(".")
    (folder / "main.tf").write_text(
        f'resource "{kind}" "{name}" {{\n{hcl}\n}}\nresource "aws_sns_topic" "later" {{}}\n'
    )
    text = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {"resources": [block(address)]}},
        "resource_changes": [
            change(address, **more),
            change("aws_sns_topic.later", unknown={"arn": True, "id": True}),
        ],
    }
    sources = Sources(folder, base=folder)
    plan = Planned(Plan.decode(json.dumps(text).encode()), sources=sources)
    return [(item.outcome, item.message) for item in judge([find_rule(rule)], plan=plan)]


def drawn(folder: Path, rule: str, body: object) -> list[tuple[Outcome, str]]:
    """Return what a rule finds in a dashboard that the plan tells."""
    text = body if isinstance(body, str) else json.dumps(body)
    return found(folder, rule, DASHBOARD, after={BODY: text})


def written(folder: Path, rule: str, body: str) -> list[tuple[Outcome, str]]:
    """Return what a rule finds in a dashboard that only the HCL tells."""
    hcl = f"  {BODY} = {body}"
    return found(folder, rule, DASHBOARD, hcl=hcl, unknown={BODY: True})


def widget(**more: Any) -> dict[str, Any]:
    place = {"x": 0, "y": 0, "width": 6, "height": 6}
    return {"type": "text", **place, "properties": {"markdown": "x"}, **more}


@pytest.mark.parametrize("body", ["no JSON", "[]", '"text"'])
def test_a_body_that_is_no_dashboard_is_told_once(tmp_path: Path, body: str) -> None:
    [(outcome, message)] = drawn(tmp_path, "OBS-11", body)

    assert outcome is Outcome.FAILED
    assert message.startswith(f"{BODY}: it is no")
    assert drawn(tmp_path, "OBS-10", body) == []
    assert drawn(tmp_path, "OBS-12", body) == []


def test_widgets_of_any_shape_are_judged(tmp_path: Path) -> None:
    odd = ["text", {"type": "metric"}, {"type": "alarm", "properties": {}}]

    assert drawn(tmp_path, "OBS-11", {"widgets": odd}) == [
        (Outcome.FAILED, "a widget of type alarm has no alarms"),
        (Outcome.FAILED, "a widget of type metric has no metrics or annotations"),
    ]
    assert drawn(tmp_path, "OBS-10", {"widgets": odd}) == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"x": -1, "y": 0}, "a widget of type text takes the cells -1 to 5 of 24"),
        ({"x": 20, "y": 0}, "a widget of type text takes the cells 20 to 26 of 24"),
        ({"x": 0, "y": 0, "width": 0}, "a widget of type text takes the cells 0 to 0 of 24"),
    ],
)
def test_a_widget_outside_of_the_dashboard_is_found(
    tmp_path: Path, place: dict[str, Any], message: str
) -> None:
    assert drawn(tmp_path, "OBS-12", {"widgets": [widget(**place)]}) == [(Outcome.FAILED, message)]


def test_widgets_beside_and_below_each_other_are_fine(tmp_path: Path) -> None:
    widgets = [widget(), widget(x=6), widget(y=6), {"type": "text", "properties": {}}]

    assert drawn(tmp_path, "OBS-12", {"widgets": widgets}) == []


def test_a_place_that_is_not_known_leaves_open_what_is_covered(tmp_path: Path) -> None:
    place = f'jsonencode({{ widgets = [{{ type = "text", x = {LATER}, y = 0 }}] }})'

    assert written(tmp_path, "OBS-12", place) == [(Outcome.UNKNOWN, OPEN)]


@pytest.mark.parametrize(
    ("properties", "outcomes"),
    [
        (f"{{ markdown = {LATER} }}", []),
        ('{ markdown = "" }', [(Outcome.FAILED, "a widget of type text has no markdown")]),
        (f"jsondecode({LATER})", [(Outcome.UNKNOWN, OPEN)]),
    ],
)
def test_what_a_widget_shows_may_come_later(
    tmp_path: Path, properties: str, outcomes: list[tuple[Outcome, str]]
) -> None:
    body = f'jsonencode({{ widgets = [{{ type = "text", properties = {properties} }}] }})'

    assert written(tmp_path, "OBS-11", body) == outcomes


@pytest.mark.parametrize(
    ("metrics", "outcomes"),
    [
        (f'[["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", {LATER}]]', []),
        (f'[["AWS/EC2", {LATER}]]', [(Outcome.UNKNOWN, OPEN)]),
        (f'[["AWS/EC2", "CPUUtilization", {LATER}, "x"]]', [(Outcome.UNKNOWN, OPEN)]),
        (f"concat([], {LATER})", [(Outcome.UNKNOWN, OPEN)]),
        (f'[["AWS/EC2", "Nothing", "AutoScalingGroupName", {LATER}]]',
         [(Outcome.FAILED, "a widget of type metric: AWS/EC2 has no metric Nothing")]),
    ],
)  # fmt: skip
def test_a_graph_is_judged_once_the_names_of_its_metrics_are_known(
    tmp_path: Path, metrics: str, outcomes: list[tuple[Outcome, str]]
) -> None:
    graph = f'{{ type = "metric", properties = {{ metrics = {metrics} }} }}'
    body = f"jsonencode({{ widgets = [{graph}] }})"

    assert written(tmp_path, "OBS-10", body) == outcomes


def metric(namespace: str = '"AWS/EC2"', name: str = '"Nothing"', dimensions: str = "{}") -> str:
    """Return a query of an alarm."""
    return f"""
  metric_query {{
    id = "m"
    metric {{
      namespace   = {namespace}
      metric_name = {name}
      dimensions  = {dimensions}
    }}
  }}"""


@pytest.mark.parametrize(
    ("hcl", "outcomes"),
    [
        (metric(), [(Outcome.FAILED, "AWS/EC2 has no metric Nothing")]),
        (metric().replace('id = "m"', 'id = "m"\n    account_id = "123456789012"'), []),
        (metric(name='"CPUUtilization"', dimensions=f"{{ InstanceId = {LATER} }}"), []),
        (metric(name=f"strrev({LATER})"),
         [(Outcome.UNKNOWN, "metric_query is known only after apply")]),
        (metric(dimensions=f"merge({LATER})"),
         [(Outcome.UNKNOWN, "metric_query is known only after apply")]),
    ],
)  # fmt: skip
def test_queries_that_a_plan_leaves_out_are_read_as_written(
    tmp_path: Path, hcl: str, outcomes: list[tuple[Outcome, str]]
) -> None:
    assert found(tmp_path, "OBS-09", ALARM, hcl=hcl, unknown={"metric_query": True}) == outcomes


def test_queries_that_are_made_in_a_loop_over_what_comes_later_are_open(tmp_path: Path) -> None:
    hcl = f"""
  metric_query {{
    id = "m"
    dynamic "metric" {{
      for_each = split(",", {LATER})
      content {{
        namespace = "AWS/EC2"
      }}
    }}
  }}"""

    assert found(tmp_path, "OBS-09", ALARM, hcl=hcl, unknown={"metric_query": True}) == [
        (Outcome.UNKNOWN, "metric_query is known only after apply")
    ]


def test_a_query_of_another_account_is_not_judged_here(tmp_path: Path) -> None:
    watched = {"namespace": "AWS/EC2", "metric_name": "Nothing"}
    elsewhere = {"namespace": "AWS/EC2", "metric_name": "Other"}
    own = {"id": "a", "metric": [watched]}
    other = {"id": "b", "account_id": "123456789012", "metric": [elsewhere]}

    queries = {"metric_query": [own, other]}
    assert found(tmp_path, "OBS-09", ALARM, after=queries) == [
        (Outcome.FAILED, "AWS/EC2 has no metric Nothing")
    ]
