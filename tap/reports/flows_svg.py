"""A picture of tiers and of what gets from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.reports.diagram_svg import Arrow, Box, diagram_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Flow = tuple[str, str, str]
"""Source, destination and traffic, such as ``("app", "db", "tcp/3306")``."""

# Column and row of each kind, so that no way runs through a box; others stand in a row below.
_PLACES = {
    "internet": (0, 1),
    "alb": (1, 1),
    "nlb": (1, 0),
    "app": (2, 1),
    "instance": (2, 2),
    "function": (2, 0),
    "db": (3, 1),
    "endpoints": (3, 0),
    "s3": (4, 0),
    "dynamodb": (4, 2),
}
_NAMES = {
    "alb": "load balancer",
    "app": "application",
    "db": "database",
    "dynamodb": "DynamoDB",
    "endpoints": "interface endpoints",
    "nlb": "network load balancer",
    "s3": "S3",
}
_OTHERS_ROW = 3
# Between two columns there is room for the longest usual label.
_SPREAD = 1.35


def flows_svg(flows: Sequence[Flow], title: str) -> str:
    """Return the picture; the same flows make the same text.

    Args:
        flows: Whatever gets through; nothing is drawn for the rest.
        title: What is shown, for those who cannot see it.
    """
    names = sorted({name for source, destination, _ in flows for name in (source, destination)})
    return diagram_svg(title, _placed(names), tuple(Arrow(*flow) for flow in sorted(flows)))


def _placed(names: Iterable[str]) -> dict[str, Box]:
    """Return the boxes by their name, as high up as their rows allow."""
    others = 0
    places: dict[str, tuple[int, int]] = {}
    for name in names:
        places[name] = _PLACES.get(name, (others, _OTHERS_ROW))
        others += name not in _PLACES
    top = min((row for _, row in places.values()), default=0)
    return {
        name: Box(column * _SPREAD, row - top, _NAMES.get(name, name))
        for name, (column, row) in places.items()
    }
