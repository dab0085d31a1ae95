"""The outputs of an environment, as a tree or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.plan import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap.terraform.root import Output


def outputs_json(outputs: Mapping[str, Output]) -> str:
    """Return name -> value as JSON; sensitive values are masked."""
    values = {name: MASK if item.sensitive else item.value for name, item in outputs.items()}
    return msgspec.json.format(msgspec.json.encode(values), indent=2).decode()


def outputs_text(outputs: Mapping[str, Output]) -> str:
    """Return the outputs as an indented tree; sensitive values are masked."""
    lines: list[str] = []
    for name, item in sorted(outputs.items()):
        lines += _tree(name, MASK if item.sensitive else item.value, depth=0)
    return "\n".join(lines)


def _tree(name: str, value: object, *, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict) and value:
        yield f"{indent}{name}"
        for key, item in sorted(value.items()):
            yield from _tree(key, item, depth=depth + 1)
    elif isinstance(value, list) and value:
        yield f"{indent}{name} = {', '.join(map(_scalar, value))}"
    else:
        yield f"{indent}{name} = {_scalar(value)}"


def _scalar(value: object) -> str:
    """Return a value as Terraform writes it, but text without quotes and nothing as a dash."""
    if value in (None, "", [], {}):
        return "-"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
