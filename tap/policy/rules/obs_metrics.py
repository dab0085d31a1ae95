"""Rules of what alarms watch and dashboards draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.evaluation import is_text
from tap.policy.dashboards import OPEN, NoDashboardError, drawn, has_open, widgets_of
from tap.policy.metrics import Metric, missing
from tap.policy.rule import Severity, resource_rule
from tap.policy.values import UnknownValueError
from tap.policy.written import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_ALARM = "aws_cloudwatch_metric_alarm"
_DASHBOARD = "aws_cloudwatch_dashboard"
_BODY = "dashboard_body"
_QUERIES = "metric_query"
# A dashboard is so many cells wide.
_WIDTH = 24
# What a widget of a kind has to have, of which one is enough.
_CONTENT = {
    "alarm": ("alarms",),
    "explorer": ("metrics",),
    "log": ("query",),
    "metric": ("metrics", "annotations"),
    "text": ("markdown",),
}
_DRAWN = """\
resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "payments-prod"
  dashboard_body = jsonencode({
    widgets = [{
      type       = "metric"
      width      = 12
      height     = 6
      properties = {
        region  = "eu-west-1"
        metrics = [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "payments"]]
      }
    }]
  })
}
"""


@resource_rule(
    "OBS-09",
    Severity.HIGH,
    "An alarm watches a metric that nobody emits",
    _ALARM,
    rationale="It never rings, or always, whatever happens.",
    remediation="""\
resource "aws_cloudwatch_metric_alarm" "cpu" {
  namespace   = "AWS/EC2"
  metric_name = "CPUUtilization"
  dimensions  = { AutoScalingGroupName = aws_autoscaling_group.this.name }
}
""",
    reads_sources=True,
)
def unemitted_alarm(alarm: Resource) -> Iterator[Fault]:
    """Each metric is one of AWS, of a filter of the plan, or of a role that may write it."""
    if alarm.is_set("metric_name"):
        yield from _unemitted(alarm)
    if alarm.is_unknown(_QUERIES) and (metrics := _worked_out(alarm)) is not None:
        for watched in metrics:
            if reason := missing(watched, alarm):
                yield alarm.fault(reason, at=_QUERIES)
        return
    for query in alarm.blocks(_QUERIES):
        # Those of other accounts are emitted there.
        if not query.is_set("account_id"):
            for metric in query.blocks("metric"):
                yield from _unemitted(metric)


def _worked_out(alarm: Resource) -> list[Metric] | None:
    """Return the metrics of queries that the plan leaves out; None where they are not known.

    A set of blocks is unknown as a whole to Terraform while one dimension is.
    """
    queries = alarm.planned.worked_out(alarm, (_QUERIES,))
    found = []
    for query in queries if isinstance(queries, list) else [None]:
        if not isinstance(query, dict):
            return None
        # Those of other accounts are emitted there.
        blocks = query.get("metric", []) if query.get("account_id") is None else []
        if not isinstance(blocks, list):
            return None
        for block in blocks:
            namespace, name = block.get("namespace"), block.get("metric_name")
            dimensions = block.get("dimensions") or {}
            if not isinstance(dimensions, dict) or not (is_text(namespace) and is_text(name)):
                return None
            found.append(Metric(namespace, name, frozenset(dimensions)))
    return found


def _unemitted(values: Values) -> Iterator[Fault]:
    namespace, name = values.text("namespace") or "", values.text("metric_name") or ""
    if reason := missing(Metric(namespace, name, None), values.resource):
        yield values.fault(reason, at="metric_name")
    elif reason := missing(Metric(namespace, name, keys_of(values, "dimensions")), values.resource):
        yield values.fault(reason, at="dimensions")


@resource_rule(
    "OBS-10",
    Severity.MEDIUM,
    "A dashboard draws a metric that nobody emits",
    _DASHBOARD,
    rationale="An empty graph looks like a quiet system.",
    remediation=_DRAWN,
    reads_sources=True,
)
def unemitted_graph(dashboard: Resource) -> Iterator[Fault]:
    """Each metric is one of AWS, of a filter of the plan, or of a role that may write it."""
    widgets = _widgets(dashboard)
    for widget in widgets:
        for metric in drawn(widget):
            if reason := missing(metric, dashboard):
                yield dashboard.fault(f"{_name(widget)}: {reason}", at=_BODY)
    if any(has_open(widget) and not _is_drawn(widget) for widget in widgets):
        raise UnknownValueError(dashboard.address, _BODY)


@resource_rule(
    "OBS-11",
    Severity.MEDIUM,
    "A dashboard is empty",
    _DASHBOARD,
    rationale="It is opened when something is wrong, and shows nothing.",
    remediation=_DRAWN,
    reads_sources=True,
)
def empty_dashboard(dashboard: Resource) -> Iterator[Fault]:
    """A dashboard has widgets, and each of them something to show."""
    try:
        widgets = widgets_of(dashboard)
    except NoDashboardError as error:
        yield dashboard.fault(f"{_BODY}: {error}", at=_BODY)
        return
    if not widgets:
        yield dashboard.fault(f"{_BODY} has no widgets", at=_BODY)
    for widget in widgets:
        properties = widget.get("properties") if isinstance(widget, dict) else None
        kind = str(widget.get("type")) if isinstance(widget, dict) else ""
        wanted = _CONTENT.get(kind, ())
        if properties is OPEN:
            raise UnknownValueError(dashboard.address, _BODY)
        if wanted and not any((properties or {}).get(name) for name in wanted):
            yield dashboard.fault(f"{_name(widget)} has no {' or '.join(wanted)}", at=_BODY)


@resource_rule(
    "OBS-12",
    Severity.LOW,
    "Widgets of a dashboard are cut off or cover each other",
    _DASHBOARD,
    rationale="CloudWatch refuses what is outside, and what is covered is not seen.",
    remediation=_DRAWN,
    reads_sources=True,
)
def cut_off(dashboard: Resource) -> Iterator[Fault]:
    """Widgets are within the 24 cells, beside each other."""
    widgets = _widgets(dashboard)
    # Without a place CloudWatch finds one itself.
    placed = [item for item in widgets if isinstance(item, dict) and {"x", "y"} <= item.keys()]
    if any(_box(widget) is None for widget in placed):
        raise UnknownValueError(dashboard.address, _BODY)
    boxes = sorted(((_box(widget) or (0, 0, 0, 0)), _name(widget)) for widget in placed)
    for (top, left, bottom, right), name in boxes:
        if left < 0 or top < 0 or right > _WIDTH or bottom <= top or right <= left:
            yield dashboard.fault(f"{name} takes the cells {left} to {right} of {_WIDTH}", at=_BODY)
    yield from (
        dashboard.fault(f"{name} covers {other}", at=_BODY) for name, other in _covering(boxes)
    )


_Box = tuple[int, int, int, int]


def _covering(boxes: list[tuple[_Box, str]]) -> Iterator[tuple[str, str]]:
    for place, (box, name) in enumerate(boxes):
        for other, beside in boxes[place + 1 :]:
            if other[0] >= box[2]:
                break
            if other[1] < box[3] and box[1] < other[3]:
                yield beside, name


def _box(widget: dict[str, Any]) -> _Box | None:
    """Return top, left, bottom and right of a widget; a size that is not given is 6 by 6."""
    sizes = [widget.get(name, 6) for name in ("x", "y", "width", "height")]
    if not all(isinstance(size, int | float) for size in sizes):
        return None
    left, top, width, height = map(int, sizes)
    return top, left, top + height, left + width


def _widgets(dashboard: Resource) -> list[Any]:
    """Return the widgets; that a body is none is told by another rule."""
    try:
        return widgets_of(dashboard)
    except NoDashboardError:
        return []


def _name(widget: object) -> str:
    """Return what a widget is called in a message."""
    properties = widget.get("properties") if isinstance(widget, dict) else None
    title = properties.get("title") if isinstance(properties, dict) else None
    if isinstance(title, str):
        return f'widget "{title}"'
    kind = widget.get("type") if isinstance(widget, dict) else None
    return f"a widget of type {kind}" if isinstance(kind, str) else "a widget"


def _is_drawn(widget: object) -> bool:
    """Tell whether all metrics of a widget could be read, although their values are open."""
    properties = widget.get("properties") if isinstance(widget, dict) else None
    rows = properties.get("metrics", []) if isinstance(properties, dict) else OPEN
    if not isinstance(rows, list):
        return False
    return all(
        isinstance(row, list) and not has_open(row[:2]) and not has_open(row[2::2]) for row in rows
    )
