"""Reports as one HTML page, for whoever reads them in a browser: artifacts of CI, mail, archives.

The page is made of the Markdown of the report, so both say the same. It holds its style and fetches
nothing.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

# The only elements that our Markdown writes as HTML; all other angle brackets are text.
_OURS = re.compile(r"&lt;(/?(?:details|summary))&gt;")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border:1px solid #d0d7de;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "th{background:#f5f8fb}code,pre{font:13px ui-monospace,monospace;background:#f5f8fb}"
    "pre{padding:.8rem;overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
    "th,code,pre{background:#161b22}th,td{border-color:#30363d}}"
)


def html_page(title: str, markdown: str) -> str:
    """Return a page of HTML.

    Args:
        title: What the window is called.
        markdown: A report; HTML in it is shown as text, but for ``details`` and ``summary``.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415 - slow

    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.add_render_rule("html_block", _only_ours)
    parser.add_render_rule("html_inline", _only_ours)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{parser.render(markdown)}</body>\n</html>"
    )


def _only_ours(
    _self: object, tokens: Sequence[Token], place: int, _options: object, _env: object
) -> str:
    return _OURS.sub(r"<\1>", escape(tokens[place].content))
