"""Tell whether a resource's policy lets a service of AWS do something."""

# ruff: noqa: ANN401 - policies are free-form JSON

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap.emulator.policies import decide

if TYPE_CHECKING:
    from tap.emulator.policies import Call


def allows(policy: str, service: str, call: Call) -> bool:
    """Tell whether a policy lets a service call something.

    Args:
        policy: JSON text of the resource's policy.
        service: Such as ``cloudwatch.amazonaws.com``.
        call: What it does.
    """
    statements = json.loads(policy)["Statement"]
    concerned = [
        {name: value for name, value in statement.items() if name != "Principal"}
        for statement in (statements if isinstance(statements, list) else [statements])
        if _names(statement.get("Principal")) & {"*", service}
    ]
    return decide(concerned, call) is True


def _names(principal: Any) -> set[str]:
    if not isinstance(principal, dict):
        return {principal}
    names: set[str] = set()
    for kind in ("AWS", "Service"):
        value = principal.get(kind, [])
        names.update(value if isinstance(value, list) else [value])
    return names
