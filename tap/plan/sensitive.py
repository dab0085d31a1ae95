"""Plans without their secrets.

Terraform prints secrets in plan JSON in clear text and marks them in a second tree beside it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tap.plan.model import Change, Plan, any_marked

MASK = "(sensitive)"


def mask(value: Any, marks: Any) -> Any:  # noqa: ANN401 - both are free-form JSON
    """Return a copy of a value with every marked part replaced by :data:`MASK`.

    Null stays null: that a secret is not set is not a secret.

    Args:
        value: ``before`` or ``after`` of a change.
        marks: The tree beside it: True masks all below; objects and lists follow the value.
    """
    if value is None or not any_marked(marks):
        return value
    if isinstance(value, dict) and isinstance(marks, dict):
        return {key: mask(item, marks.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(marks, list) and len(marks) == len(value):
        return [mask(item, mark) for item, mark in zip(value, marks, strict=True)]
    return MASK


def masked_change(change: Change) -> Change:
    """Return a change whose ``before`` and ``after`` may be shown to anybody."""
    return msgspec.structs.replace(
        change,
        before=mask(change.before, change.before_sensitive),
        after=mask(change.after, change.after_sensitive),
    )


def masked_variables(plan: Plan) -> dict[str, Any]:
    """Return the root variables by name, those declared sensitive masked."""
    declared = plan.configuration.root_module.variables
    return {
        name: mask(given.value, name in declared and declared[name].sensitive)
        for name, given in plan.variables.items()
    }
