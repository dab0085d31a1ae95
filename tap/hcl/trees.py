"""Syntax trees of single expressions, with an optional cache.

Parsing an expression takes some milliseconds, reading its tree a tenth of one. The trees are kept
apart from the modules, which most readers need without them.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from tap.hcl.grammar import Node, syntax_tree
from tap.hcl.loader import fingerprint, write_entry

if TYPE_CHECKING:
    from pathlib import Path

_READER = msgspec.msgpack.Decoder(Node)


@lru_cache(maxsize=4096)
def expression_tree(text: str, *, file: str, cache: Path | None = None) -> Node:
    """Return the syntax tree of an expression.

    Args:
        text: Its source.
        file: The name for messages.
        cache: A folder for trees, made if missing; None for no cache.

    Raises:
        HclError: It is no expression.
    """
    if cache is None:
        return _parsed(text, file)
    digest = hashlib.blake2b(text.encode(), key=fingerprint(), digest_size=20).hexdigest()
    entry = cache / "expressions" / f"{digest}.msgpack"
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return _READER.decode(entry.read_bytes())
    tree = _parsed(text, file)
    with suppress(OSError, OverflowError, RecursionError):
        write_entry(entry, msgspec.msgpack.encode(tree))
    return tree


def _parsed(text: str, file: str) -> Node:
    # In parentheses, so that line ends mean nothing.
    tree = syntax_tree(f"_ = (\n{text}\n)", file=file)
    return tree.children[0].children[0].children[-1]
