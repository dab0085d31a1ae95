"""What depends on what within a module, as far as its files tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.hcl.blocks import target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.hcl.model import Module

# Whoever looks at what is made of them looks at them.
_PASSED_THROUGH = ("local.", "var.")


def varying(module: Module) -> frozenset[str]:
    """Return the variables and the local values that depend on one, directly or not."""
    found = {f"var.{name}" for name in module.variables}
    waiting = {
        f"local.{name}": set(map(target, local.value.references))
        for name, local in module.locals.items()
    }
    while more := {name for name, needed in waiting.items() if needed & found} - found:
        found |= more
    return frozenset(found)


def reached(module: Module, looked_at: Iterable[str]) -> frozenset[str]:
    """Return what somebody sees who looks at some parts of a module.

    Those parts, and every local value and variable that they are made of. A resource that another
    one refers to is not seen with it.

    Args:
        module: The module.
        looked_at: Addresses of blocks, such as ``aws_lb.this``, ``output.arn`` or ``local.name``.
    """
    needed = _needed(module)
    found: set[str] = set()
    pending = list(looked_at)
    while pending:
        address = pending.pop()
        if address not in found:
            found.add(address)
            pending += [
                each for each in needed.get(address, ()) if each.startswith(_PASSED_THROUGH)
            ]
    return frozenset(found)


def _needed(module: Module) -> dict[str, set[str]]:
    blocks = {
        **{address: each.body for address, each in module.resources.items()},
        **{f"output.{name}": each.body for name, each in module.outputs.items()},
        **{f"module.{name}": each.body for name, each in module.module_calls.items()},
        **{f"check.{name}": each.body for name, each in module.checks.items()},
    }
    return {
        **{address: set(map(target, block.references())) for address, block in blocks.items()},
        **{
            f"local.{name}": set(map(target, local.value.references))
            for name, local in module.locals.items()
        },
    }
