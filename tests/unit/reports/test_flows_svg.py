"""The picture of allowed flows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tap.reports.flows_svg import flows_svg

pytestmark = pytest.mark.requirement("DOC-1")

FLOWS = [("internet", "alb", "tcp/443"), ("alb", "app", "tcp/8080"), ("app", "cache", "tcp/6379")]
SVG = "{http://www.w3.org/2000/svg}"


def test_each_flow_is_an_arrow_with_its_traffic_and_each_tier_a_box() -> None:
    root = ET.fromstring(flows_svg(FLOWS, "prod"))  # noqa: S314 - our own text

    assert len(root.findall(f"{SVG}path")) == len(FLOWS)
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert texts == {
        "internet", "load balancer", "application", "cache", "tcp/443", "tcp/8080", "tcp/6379",
    }  # fmt: skip
    boxes = {(box.get("x"), box.get("y")) for box in root.findall(f"{SVG}rect[@class='box']")}
    assert len(boxes) == 4


def test_the_order_of_flows_changes_nothing_and_names_are_escaped() -> None:
    assert flows_svg(FLOWS, "a") == flows_svg(FLOWS[::-1], "a")
    assert "<title>a &lt; b</title>" in flows_svg(FLOWS, "a < b")
    assert "internet to load balancer: tcp/443" in flows_svg(FLOWS, "a")
