"""Addresses and references, taken apart."""

from __future__ import annotations

import re
from typing import NamedTuple

_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')
_UNESCAPED = re.compile(r"\\(.)")
_LAST_CALL = re.compile(
    r'(?:(.*)\.)?module\.([^.\[\]]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?', re.DOTALL
)

Step = str | int


class Key(NamedTuple):
    """An instance key or index in an address or reference."""

    value: Step


def split(reference: str) -> tuple[Step | Key, ...]:
    """Return the steps of a reference or address: ``a.b["c"].d`` is a, b, Key(c), d."""
    found: list[Step | Key] = []
    for step in _STEP.finditer(reference):
        text, number, name = step.groups()
        if name is not None:
            found.append(name)
        else:
            found.append(Key(_UNESCAPED.sub(r"\1", text) if number is None else int(number)))
    return tuple(found)


def parent_call(module: str) -> tuple[str, str, Step | None]:
    """Return of a module's address that of its parent, the name of the call, and its key."""
    found = _LAST_CALL.fullmatch(module)
    if found is None:
        return "", module, None
    parent, call, key = found.groups()
    [last] = split(key)[-1:] if key else [None]
    return parent or "", call, last.value if isinstance(last, Key) else None
