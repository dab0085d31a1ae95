"""What is written in the HCL where the plan does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap.hcl import Block
    from tap.policy.values import Values


def keys_of(values: Values, name: str) -> frozenset[str]:
    """Return the keys of a map, also where some of its values are not known yet.

    Terraform then leaves the whole map out of a plan; what is written still has the keys.

    Raises:
        UnknownValueError: They are neither known nor written out.
    """
    if values.is_unknown(name):
        resource = values.resource
        found = resource.planned.worked_out(resource, (*values.path, name))
        if isinstance(found, dict):
            return frozenset(found)
        block = _block(values)
        written = block.attributes.get(name) if block else None
        if written is not None and written.entries:
            return frozenset(written.entries)
    return values.keys(name)


def _block(values: Values) -> Block | None:
    """Return the block that values come from; None where another block makes it."""
    block = values.resource.planned.block(values.resource)
    for name, index in zip(values.path[::2], values.path[1::2], strict=False):
        nested = [] if block is None else block.of_type(str(name))
        if not isinstance(index, int) or index >= len(nested) or nested[index].type == "dynamic":
            return None
        block = nested[index]
    return block
