"""Plans written down in a few lines, as Terraform would print them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.policy import Planned

if TYPE_CHECKING:
    from collections.abc import Callable


def change(address: str, after: Any = None, **more: Any) -> dict[str, Any]:
    """Return a change; ``unknown`` and ``actions`` as in ``change``, ``key`` as ``index``."""
    bare = address.partition("[")[0] if "module." not in address else address
    *module, kind, name = bare.split(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name.partition("[")[0],
        "module_address": ".".join(module),
        **({"index": more["key"]} if "key" in more else {}),
        "change": {
            "actions": more.get("actions", ["create"]),
            "after": after or {},
            "after_unknown": more.get("unknown", {}),
            "after_sensitive": more.get("secret", {}),
        },
    }


def block(address: str, **expressions: Any) -> dict[str, Any]:
    """Return a block of the configuration; a list of texts is what an argument refers to."""
    kind, name = address.split(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "expressions": {key: refers(value) for key, value in expressions.items()},
    }


def refers(value: Any) -> Any:
    """Return an expression with references, the way Terraform lists them."""
    return {"references": value} if isinstance(value, list) else value


@pytest.fixture
def planned() -> Callable[..., Planned]:
    """Return a function: changes, root module of the configuration -> what rules see."""

    def make(changes: list[dict[str, Any]], **root: Any) -> Planned:
        document = {
            "format_version": "1.2",
            "planned_values": {},
            "configuration": {"root_module": root},
            "resource_changes": changes,
        }
        return Planned(Plan.decode(json.dumps(document).encode()))

    return make
