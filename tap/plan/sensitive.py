"""Plans without their secrets.

Terraform prints secrets in plan JSON in clear text and marks them in a second tree beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap.plan.model import Change, Plan, any_marked
from tap.redaction import strings_in

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def secret_values(plan: Plan) -> set[str]:
    """Return the texts that a plan marks as secret, and nothing else of it.

    What a provider marks but shows unmarked in another place of the same plan, such as the
    ``value`` of an SSM parameter beside its ``insecure_value``, is no secret. A variable that is
    declared sensitive is one in any case.
    """
    declared = plan.configuration.root_module.variables
    inputs: set[str] = set()
    open_inputs: set[str] = set()
    for name, given in plan.variables.items():
        secret = name in declared and declared[name].sensitive
        (inputs if secret else open_inputs).update(strings_in(given.value))
    changes = [item.change for item in (*plan.resource_changes, *plan.resource_drift)]
    pairs = [
        pair
        for change in [*changes, *plan.output_changes.values()]
        for pair in (
            (change.before, change.before_sensitive),
            (change.after, change.after_sensitive),
        )
    ]
    hidden = {
        text
        for value, marks in pairs
        if any_marked(marks)
        for part, secret in _parts(value, marks)
        if secret
        for text in strings_in(part)
    } - open_inputs
    # Most plans hide nothing, and a large one holds a million texts.
    if hidden:
        for value, marks in pairs:
            for part, secret in _parts(value, marks):
                if not secret:
                    hidden.difference_update(strings_in(part))
    return inputs | hidden


def _parts(value: Any, marks: Any) -> Iterator[tuple[Any, bool]]:  # noqa: ANN401 - as above
    """Yield the parts of a value that are marked as a whole, or not at all."""
    if not any_marked(marks):
        yield value, False
    elif isinstance(value, dict) and isinstance(marks, dict):
        for key, item in value.items():
            yield from _parts(item, marks.get(key))
    elif isinstance(value, list) and isinstance(marks, list) and len(marks) == len(value):
        for item, mark in zip(value, marks, strict=True):
            yield from _parts(item, mark)
    else:
        yield value, True
