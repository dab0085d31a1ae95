from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tap.reports.html import html_page

pytestmark = pytest.mark.requirement("TAP-3")


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - of the parser
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_becomes_a_page_with_its_tables_and_blocks() -> None:
    page = html_page(
        "a < b",
        "### Verdict\n\n| Rule | What |\n| --- | --- |\n| SG-01 | `a\\|b` |\n\n"
        "<details><summary>SG-01: how</summary>\n\n```hcl\nx = 1\n```\n\n</details>\n",
    )
    found = Elements(page)

    assert page.startswith("<!doctype html>")
    assert "<title>a &lt; b</title>" in page
    assert {"table", "details", "summary", "pre", "h3"} <= set(found.names)
    assert "a|b" in found.text
    assert "x = 1" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<details onclick=alert(1)>",
        "[x](javascript:alert(1))",
        "`<script>`",
        "<!-- <b> -->",
        "| a |\n| --- |\n| <iframe src=x> |",
    ],
)
def test_what_a_report_quotes_is_text_and_never_runs(text: str) -> None:
    plain, quoted = Elements(html_page("t", "x")), Elements(html_page("t", text))

    harmless = {"p", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(quoted.names) - set(plain.names) <= harmless


def test_a_page_fetches_nothing() -> None:
    page = html_page("t", "text")

    assert "http" not in page
    assert "url(" not in page
