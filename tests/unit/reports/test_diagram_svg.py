"""Pictures of boxes and arrows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tap.reports.diagram_svg import Arrow, Box, diagram_svg

pytestmark = pytest.mark.requirement("DOC-1")

BOXES = {"a": Box(0, 0, "one\n<two>"), "b": Box(2, 1, "three"), "c": Box(0, 1, "four")}
ARROWS = (Arrow("a", "b", "goes & comes", bend=20), Arrow("a", "c"))
SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_is_drawn_the_same_each_time_and_can_be_read_aloud() -> None:
    picture = diagram_svg("A picture", BOXES, ARROWS)
    root = ET.fromstring(picture)  # noqa: S314 - our own

    assert picture == diagram_svg("A picture", BOXES, ARROWS)
    assert root.findtext(f"{SVG}title") == "A picture"
    assert root.findtext(f"{SVG}desc") == "one <two> to three: goes & comes; one <two> to four"
    assert root.get("role") == "img"


def test_boxes_and_arrows_lie_within_the_picture() -> None:
    root = ET.fromstring(diagram_svg("A picture", BOXES, ARROWS))  # noqa: S314 - our own
    _, _, width, height = map(int, str(root.get("viewBox")).split())
    boxes = root.findall(f"{SVG}rect[@class='box']")

    assert len(boxes) == len(BOXES)
    for box in boxes:
        assert 0 < int(str(box.get("x"))) < width - int(str(box.get("width")))
        assert 0 < int(str(box.get("y"))) < height - int(str(box.get("height")))
    curve, line = (str(path.get("d")) for path in root.findall(f"{SVG}path"))
    assert "Q" in curve
    assert "L" in line
    assert [text.text for text in root.findall(f"{SVG}text[@class='label']")] == ["goes & comes"]


def test_an_arrow_begins_and_ends_at_the_edges_of_its_boxes() -> None:
    picture = diagram_svg("x", {"a": Box(0, 0, "a"), "b": Box(1, 0, "b")}, (Arrow("a", "b"),))

    assert 'd="M188 49L254 49"' in picture
