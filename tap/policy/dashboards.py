"""Dashboards as far as they are known: of the plan, else of what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tap.evaluation import Attributes, StandIn, Unknown
from tap.policy.metrics import Metric
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.evaluation import Value
    from tap.policy.planned import Resource

_BODY = "dashboard_body"


class _Open:
    """A part of a dashboard that is known only after apply."""


OPEN: Final = _Open()


class NoDashboardError(Exception):
    """A body is no JSON object."""


def widgets_of(dashboard: Resource) -> list[Any]:
    """Return the widgets of a dashboard; what is not known in them is ``OPEN``.

    Raises:
        NoDashboardError: The body is no JSON object.
        UnknownValueError: It is not known which widgets there are.
    """
    body = _written(dashboard) if dashboard.is_unknown(_BODY) else _planned(dashboard)
    if body is OPEN:
        raise UnknownValueError(dashboard.address, _BODY)
    if not isinstance(body, dict):
        raise NoDashboardError("it is no object")
    widgets = body.get("widgets", [])
    if widgets is OPEN:
        raise UnknownValueError(dashboard.address, f"{_BODY}.widgets")
    return widgets if isinstance(widgets, list) else []


def has_open(tree: object) -> bool:
    """Tell whether a part is known only after apply."""
    if isinstance(tree, dict):
        return any(map(has_open, tree.values()))
    return any(map(has_open, tree)) if isinstance(tree, list) else tree is OPEN


def drawn(widget: object) -> Iterator[Metric]:
    """Yield the metrics that a widget draws, as far as namespace and name are known.

    In a row, ``.`` is what stands in its place in the row before, and ``...`` are all places
    that the row leaves out.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    properties = widget.get("properties") if isinstance(widget, dict) else None
    rows = properties.get("metrics") if isinstance(properties, dict) else None
    before: list[Any] = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, list):
            continue
        names = [item for item in row if not isinstance(item, dict)]
        if not names:
            continue
        before = list(_filled(names, before))
        namespace, name, *dimensions = [*before, None, None][: max(2, len(before))]
        if isinstance(namespace, str) and isinstance(name, str):
            keys = dimensions[::2]
            known = all(isinstance(key, str) for key in keys)
            yield Metric(namespace, name, frozenset(map(str, keys)) if known else None)


def _filled(names: list[Any], before: list[Any]) -> Iterator[Any]:
    missing = len(before) - len(names) + 1
    if "..." in names:
        at = names.index("...")
        names = [*names[:at], *["."] * max(0, missing), *names[at + 1 :]]
    for place, name in enumerate(names):
        yield before[place] if name == "." and place < len(before) else name


def _planned(dashboard: Resource) -> Any:  # noqa: ANN401 - free-form JSON
    try:
        return json.loads(dashboard.text(_BODY) or "")
    except (ValueError, RecursionError) as error:
        raise NoDashboardError(f"it is not JSON: {error}") from None


def _written(dashboard: Resource) -> Any:  # noqa: ANN401 - free-form JSON
    block = dashboard.planned.block(dashboard)
    expression = block.attributes.get(_BODY) if block else None
    if expression is None or expression.function != "jsonencode" or len(expression.items) != 1:
        return OPEN
    body = expression.items[0]
    return _value(dashboard.planned.evaluated(dashboard, body))


def _value(value: Value) -> Any:  # noqa: ANN401 - free-form JSON
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    # What AWS will choose is not known, but it is text.
    return OPEN if isinstance(value, Unknown | Attributes | StandIn) else value
