"""Override files: what they declare is merged into what the other files declare.

Source: https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import HclError
from tap.hcl.declarations import declared_by, merged_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tap.hcl.blocks import Block
    from tap.hcl.model import Module

# The fields of a module whose declarations are blocks with a name.
_BLOCKS = {
    "providers": "provider",
    "variables": "variable",
    "resources": "resource",
    "module_calls": "module",
    "outputs": "output",
}
# What may be declared in an override file alone: a provider without alias is there anyway.
_IMPLICIT = {"providers"}


def is_override(path: Path) -> bool:
    """Return whether Terraform takes a file for an override file, by its name."""
    stem = path.name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def overridden(module: Module, override: Module) -> Module:
    """Return a module with what an override file declares merged into it.

    A declaration keeps its place: file and lines are those of the original block.

    Args:
        module: What the files before declare.
        override: What the override file declares.

    Raises:
        HclError: The override file declares what no other file does.
    """
    changed: dict[str, dict[str, object]] = {}
    for field, word in _BLOCKS.items():
        known = dict(getattr(module, field))
        for name, declared in getattr(override, field).items():
            if name in known:
                block = _merged_block(known[name].body, declared.body)
                known[name] = getattr(declared_by(block), field)[name]
            elif field in _IMPLICIT:
                known[name] = declared
            else:
                raise _nothing_to_override(word, name, declared.file, declared.first_line)
        changed[field] = known
    for name, local in override.locals.items():
        if name not in module.locals:
            raise _nothing_to_override("local", name, local.file, local.value.first_line)
    return msgspec.structs.replace(
        module,
        **changed,
        locals=module.locals | override.locals,
        settings=merged_settings(module.settings, override.settings),
    )


def _merged_block(base: Block, override: Block) -> Block:
    """Arguments are replaced one by one, nested blocks by type; ``lifecycle`` is merged."""
    blocks = list(base.blocks)
    for kind in dict.fromkeys(map(_made, override.blocks)):
        new = [block for block in override.blocks if _made(block) == kind]
        old = [block for block in blocks if _made(block) == kind]
        if kind == "lifecycle" and old:
            new = [_merged_block(old[0], new[0])]
        blocks = [block for block in blocks if _made(block) != kind] + new
    return msgspec.structs.replace(
        base, attributes=base.attributes | override.attributes, blocks=tuple(blocks)
    )


def _made(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def _nothing_to_override(word: str, name: str, file: str, line: int) -> HclError:
    return HclError(
        f"{file}:{line}:1: there is no {word} '{name}' to override",
        f"declare the {word} in a file whose name does not end in _override.tf",
    )
