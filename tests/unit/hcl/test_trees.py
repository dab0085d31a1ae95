from __future__ import annotations

import subprocess
import sys
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


FIRST_TIME = """
import sys
from pathlib import Path

import hcl2.parser

from tap.hcl.trees import expression_tree

folder = Path(sys.argv[1])
hcl2.parser.PARSER_FILE = folder / "grammar.bin"
expression_tree('"a-${var.b}"', file="x.tf", cache=folder / "trees")
print(len(list(folder.glob("trees/expressions/*.msgpack"))), (folder / "grammar.bin").is_file())
"""


def test_a_tree_is_kept_also_the_first_time_that_the_grammar_is_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_TIME, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1 True\n"), done.stderr
