from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.hcl import trees

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-4")


def test_a_tree_is_read_from_the_cache_and_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'merge({ a = "x${var.b}" }, {})'
    made = trees.expression_tree(text, file="test", cache=tmp_path)
    trees.expression_tree.cache_clear()
    monkeypatch.setattr(trees, "syntax_tree", None)

    assert trees.expression_tree(text, file="test", cache=tmp_path) == made


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    made = trees.expression_tree("a.b.c", file="test", cache=tmp_path)
    (entry,) = tmp_path.rglob("*.msgpack")
    entry.write_bytes(b"damaged")
    trees.expression_tree.cache_clear()

    assert trees.expression_tree("a.b.c", file="test", cache=tmp_path) == made
    assert entry.read_bytes() != b"damaged"
