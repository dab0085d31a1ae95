"""The site of the documents: every page is in it, and nothing is fetched when one is read."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.requirement("DOC-1")

_REMOTE = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def script() -> Any:
    """Return the script that builds the site, as a module."""
    spec = importlib.util.spec_from_file_location(
        "build_site", REPOSITORY / "scripts" / "build_site.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return dict(yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text()))


def entries(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation, in their order."""
    if isinstance(nav, str):
        yield nav
    for each in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from entries(each)


def test_every_page_is_in_the_navigation_once(script: Any, config: dict[str, Any]) -> None:
    listed = list(entries(config["nav"]))

    assert sorted(listed) == [page.as_posix() for page in script.pages(REPOSITORY)]
    assert len(listed) == len(set(listed)) > 50


def test_nothing_is_fetched_from_elsewhere(script: Any, config: dict[str, Any]) -> None:
    assert config["theme"]["font"] is False
    assert config["extra"]["generator"] is False
    assert config["plugins"] == ["search"]
    assert not {"extra_css", "extra_javascript", "repo_url"} & config.keys()
    # The theme fetches what draws it as soon as a page has such a block.
    drawn = [
        page for page in script.pages(REPOSITORY) if "```mermaid" in (REPOSITORY / page).read_text()
    ]
    assert drawn == []


def test_every_warning_of_the_generator_counts(config: dict[str, Any]) -> None:
    links = config["validation"]["links"]

    assert {*links.values(), *config["validation"]["nav"].values()} == {"warn"}
    assert links.keys() == {"not_found", "anchors", "absolute_links", "unrecognized_links"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. a\n   b\n2. c\n", "1. a\n    b\n2. c\n"),
        ("1. a\n\n   b\n2. c\n", "1. a\n\n    b\n\n2. c\n"),
        ("- a\n  - b\n    c\n", "- a\n    - b\n        c\n"),
        ("10. a\n\n    ```\n    x\n    ```\n", "10. a\n\n    ```\n    x\n    ```\n"),
        ("1. a\n\n   ```\n   - x\n     y\n   ```", "1. a\n\n    ```\n    - x\n      y\n    ```\n"),
        ("it\n- a\n", "it\n\n- a\n"),
        ("```text\n1. a\n   b\n```\n", "```text\n1. a\n   b\n```\n"),
        ("- a\n\nb\n  c\n", "- a\n\nb\n  c\n"),
    ],
)  # fmt: skip
def test_what_a_list_item_goes_on_with_is_indented_for_the_generator(
    script: Any, text: str, expected: str
) -> None:
    assert script.reindented(text) == expected


def test_links_to_folders_lead_to_their_readme_and_files_are_brought_along(script: Any) -> None:
    text = (
        "[m](modules/vpc), [d](docs/adr/), [l](LICENSE), [g](docs/guides/deploy.md#destroy), "
        "[w](https://example.com)\n\n```text\n[x](modules/vpc)\n```\n"
    )
    found, files = script.staged(text, Path("README.md"), REPOSITORY)

    assert found == (
        "[m](modules/vpc/README.md), [d](docs/adr/README.md), [l](LICENSE), "
        "[g](docs/guides/deploy.md#destroy), [w](https://example.com)\n\n"
        "```text\n[x](modules/vpc)\n```\n"
    )
    assert files == {Path("LICENSE")}


@pytest.mark.timeout(120)
def test_the_site_is_built_without_a_warning_and_asks_nobody(script: Any, tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the generator of the site; make docs installs it")
    assert script.main([str(tmp_path / "site")]) == 0

    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 50
    assert [page.name for page in pages if _REMOTE.search(page.read_text())] == []
