"""Pictures of boxes and arrows for the documents, from a few lines of text each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLUMN, _ROW, _WIDTH, _HEIGHT, _MARGIN = 230, 100, 164, 50, 24
_LINE = 15
_STYLE = (
    "text{font:13px sans-serif;fill:#1b1f24}.label{font-size:12px;fill:#0b5cad}"
    ".behind{font-size:12px;fill:none;stroke:#ffffff;stroke-width:4}"
    ".box{fill:#f5f8fb;stroke:#4a6785}.way{stroke:#0b5cad;stroke-width:1.4;fill:none}"
)
_MARKER = (
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="#0b5cad"/></marker></defs>'
)


@dataclass(frozen=True)
class Arrow:
    """A way from one box to another.

    Attributes:
        source: Key of a box.
        destination: Key of another one.
        label: What goes that way.
        bend: How far the middle is beside the straight line, in pixels; positive to the right of
            who goes there.
    """

    source: str
    destination: str
    label: str = ""
    bend: int = 0


@dataclass(frozen=True)
class Box:
    """A thing.

    Attributes:
        column: From the left, counted from 0; may be a fraction.
        row: From the top, counted from 0; may be a fraction.
        text: What it is, a line for each line.
    """

    column: float
    row: float
    text: str

    @property
    def center(self) -> tuple[float, float]:
        """Its middle, in pixels."""
        x = _MARGIN + self.column * _COLUMN + _WIDTH / 2
        return x, _MARGIN + self.row * _ROW + _HEIGHT / 2


def diagram_svg(title: str, boxes: Mapping[str, Box], arrows: tuple[Arrow, ...]) -> str:
    """Return a picture; the same boxes and arrows make the same text.

    Args:
        title: What is shown, for those who cannot see it.
        boxes: By key.
        arrows: Between them.
    """
    width = max(box.center[0] for box in boxes.values()) + _WIDTH / 2 + _MARGIN
    height = max(box.center[1] for box in boxes.values()) + _HEIGHT / 2 + _MARGIN
    told = "; ".join(
        f"{_words(boxes[each.source])} to {_words(boxes[each.destination])}"
        + (f": {each.label}" if each.label else "")
        for each in arrows
    )
    view = f"0 0 {width:.0f} {height:.0f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{view}">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(told)}</desc>",
        f"<style>{_STYLE}</style>",
        _MARKER,
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
        *(_way(boxes[each.source], boxes[each.destination], each.bend) for each in arrows),
        *map(_box, boxes.values()),
        *(
            _label(boxes[each.source], boxes[each.destination], each)
            for each in arrows
            if each.label
        ),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _words(box: Box) -> str:
    return " ".join(box.text.split())


def _box(box: Box) -> str:
    x, y = box.center
    lines = box.text.splitlines()
    top = y + 5 - _LINE * (len(lines) - 1) / 2
    corner = f'x="{x - _WIDTH / 2:.0f}" y="{y - _HEIGHT / 2:.0f}"'
    texts = (
        f'<text x="{x:.0f}" y="{top + number * _LINE:.0f}" text-anchor="middle">'
        f"{escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    return f'<rect class="box" {corner} width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>' + "".join(
        texts
    )


@dataclass(frozen=True)
class _Curve:
    """Where an arrow starts, what it bends towards, and where it ends."""

    start: tuple[float, float]
    control: tuple[float, float]
    end: tuple[float, float]


def _curve(source: Box, destination: Box, bend: int) -> _Curve:
    (x1, y1), (x2, y2) = source.center, destination.center
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    aside = -(y2 - y1) / length * bend, (x2 - x1) / length * bend
    control = (x1 + x2) / 2 + 2 * aside[0], (y1 + y2) / 2 + 2 * aside[1]
    return _Curve(_edge((x1, y1), control), control, _edge((x2, y2), control))


def _way(source: Box, destination: Box, bend: int) -> str:
    curve = _curve(source, destination, bend)
    towards = f"Q{curve.control[0]:.0f} {curve.control[1]:.0f} " if bend else "L"
    return (
        f'<path class="way" marker-end="url(#end)" d="M{curve.start[0]:.0f} {curve.start[1]:.0f}'
        f'{towards}{curve.end[0]:.0f} {curve.end[1]:.0f}"/>'
    )


def _label(source: Box, destination: Box, arrow: Arrow) -> str:
    curve = _curve(source, destination, arrow.bend)
    # The middle of the curve between both edges.
    x, y = ((curve.start[i] + curve.end[i] + 2 * curve.control[i]) / 4 for i in (0, 1))
    y += 4 if source.center[0] == destination.center[0] else -5
    # Twice, because not every viewer knows paint-order.
    return "".join(
        f'<text class="{name}" x="{x:.0f}" y="{y:.0f}" text-anchor="middle">'
        f"{escape(arrow.label)}</text>"
        for name in ("behind", "label")
    )


def _edge(center: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    """Return where a line from the middle of a box leaves it."""
    dx, dy = towards[0] - center[0], towards[1] - center[1]
    share = min(
        _WIDTH / 2 / abs(dx) if dx else float("inf"),
        _HEIGHT / 2 / abs(dy) if dy else float("inf"),
    )
    return center[0] + dx * share, center[1] + dy * share
