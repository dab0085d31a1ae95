"""A picture of tiers and of what gets from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Flow = tuple[str, str, str]
"""Source, destination and traffic, such as ``("app", "db", "tcp/3306")``."""

# Column and row of each kind; others stand in the last row.
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
    "dynamodb": (4, 1),
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
_COLUMN, _ROW, _WIDTH, _HEIGHT, _MARGIN = 230, 110, 150, 44, 40
_OTHERS_ROW = 3
_STYLE = (
    "text{font:13px sans-serif;fill:#1b1f24}.label{font-size:12px;fill:#0b5cad}"
    ".box{fill:#f5f8fb;stroke:#4a6785}.way{stroke:#0b5cad;stroke-width:1.4;fill:none}"
)
_MARKER = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#0b5cad"/></marker></defs>'
)


def flows_svg(flows: Sequence[Flow], title: str) -> str:
    """Return the picture; the same flows make the same text.

    Args:
        flows: Whatever gets through; nothing is drawn for the rest.
        title: What is shown, for those who cannot see it.
    """
    names = sorted({name for source, destination, _ in flows for name in (source, destination)})
    places = _placed(names)
    width = _MARGIN * 2 + max(x for x, _ in places.values()) + _WIDTH
    height = _MARGIN * 2 + max(y for _, y in places.values()) + _HEIGHT
    told = "; ".join(f"{a} to {b}: {traffic}" for a, b, traffic in sorted(flows))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(told)}</desc>",
        f"<style>{_STYLE}</style>",
        _MARKER,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_way(places[a], places[b], traffic) for a, b, traffic in sorted(flows)),
        *(_box(places[name], _NAMES.get(name, name)) for name in names),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _placed(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of each box."""
    places: dict[str, tuple[int, int]] = {}
    others = 0
    for name in names:
        column, row = _PLACES.get(name, (others, _OTHERS_ROW))
        others += name not in _PLACES
        places[name] = (_MARGIN + column * _COLUMN, _MARGIN + row * _ROW)
    return places


def _box(corner: tuple[int, int], name: str) -> str:
    x, y = corner
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 5}" text-anchor="middle">'
        f"{escape(name)}</text>"
    )


def _way(source: tuple[int, int], destination: tuple[int, int], traffic: str) -> str:
    """Draw an arrow from the edge of one box to the edge of another, with its label."""
    (x1, y1), (x2, y2) = source, destination
    start = x1 + (_WIDTH if x2 >= x1 else 0), y1 + _HEIGHT // 2
    end = x2 + (0 if x2 > x1 else _WIDTH), y2 + _HEIGHT // 2
    far = abs(x2 - x1) > _COLUMN
    # What skips a column goes around the box that is in between.
    bend = max(y1, y2) + _HEIGHT + _ROW // 2 if far and y1 == y2 else (start[1] + end[1]) // 2
    middle = (start[0] + end[0]) // 2
    text_y = (start[1] + end[1] + 2 * bend) // 4 - 6
    return (
        f'<path class="way" marker-end="url(#end)" d="M{start[0]} {start[1]}'
        f'Q{middle} {bend} {end[0]} {end[1]}"/>'
        f'<text class="label" x="{middle}" y="{text_y}" text-anchor="middle">'
        f"{escape(traffic)}</text>"
    )
