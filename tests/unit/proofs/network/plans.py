"""Plans of networks that nothing is applied of yet.

Resources are written as address -> attributes. In an attribute ``->`` begins what it refers to, and
``?`` is what the plan keeps silent.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

from tap.plan import Plan

# Blocks that are a value to Terraform: a plan tells what all of it refers to together.
_VALUES = {"egress", "ingress", "route"}


def plan_of(resources: dict[str, dict[str, Any]]) -> Plan:
    """Write the plan that Terraform makes before any of these is there."""
    changes: list[dict[str, Any]] = []
    blocks: dict[str, dict[str, Any]] = {}
    for address, attributes in resources.items():
        kind, _, rest = address.partition(".")
        name, _, key = rest.partition("[")
        known, unknown, written = _split(attributes)
        changes.append(
            {
                "address": address, "mode": "managed", "type": kind, "name": name,
                "index": json.loads(key[:-1]) if key else None,
                "change": {
                    "actions": ["create"], "after": known, "after_unknown": {**unknown, "id": True},
                },
            }
        )  # fmt: skip
        blocks[f"{kind}.{name}"] = {
            "address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name,
            "expressions": written,
        }  # fmt: skip
    text = {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": list(blocks.values())}},
    }
    return Plan.decode(json.dumps(text).encode())


def _split(attributes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    written: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, str) and value.startswith("->"):
            unknown[name] = True
            written[name] = {"references": value.removeprefix("->").split()}
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            inner = _split(value[0])
            known[name], unknown[name], written[name] = ([part] for part in inner)
            if name in _VALUES:
                told = (each.get("references", ()) for each in inner[2].values())
                written[name] = {"references": [*chain.from_iterable(told)]}
        elif value != "?":
            known[name] = value
            written[name] = {"constant_value": value}
    return known, unknown, written
