"""The configuration part of a plan: what refers to what, before anything is known.

Source: https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

# An instance key at the end of an address step: [0] or ["a \"quoted\" key"].
_INSTANCE_KEY = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


class OutputConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """An output block."""

    expression: dict[str, Any] = {}
    description: str = ""
    sensitive: bool = False
    depends_on: tuple[str, ...] = ()


class VariableConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A variable block; ``default`` is unset where the variable is required."""

    default: Any = msgspec.UNSET
    description: str = ""
    sensitive: bool = False


class ResourceConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A resource or data block; ``address`` is relative to its module, without keys."""

    address: str
    mode: str
    type: str
    name: str
    provider_config_key: str = ""
    expressions: dict[str, Any] = {}
    count_expression: dict[str, Any] | None = None
    for_each_expression: dict[str, Any] | None = None
    depends_on: tuple[str, ...] = ()
    schema_version: int = 0


class ModuleConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What one module declares."""

    outputs: dict[str, OutputConfiguration] = {}
    resources: tuple[ResourceConfiguration, ...] = ()
    module_calls: dict[str, ModuleCallConfiguration] = {}
    variables: dict[str, VariableConfiguration] = {}

    def resource(self, address: str) -> ResourceConfiguration | None:
        """Return the block with this address (relative to the module), keys ignored."""
        bare = without_keys(address)
        return next((block for block in self.resources if block.address == bare), None)


class ModuleCallConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A module block with the module it calls."""

    source: str = ""
    version_constraint: str = ""
    expressions: dict[str, Any] = {}
    count_expression: dict[str, Any] | None = None
    for_each_expression: dict[str, Any] | None = None
    depends_on: tuple[str, ...] = ()
    module: ModuleConfiguration = ModuleConfiguration()


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration, from the root module down."""

    root_module: ModuleConfiguration = ModuleConfiguration()
    provider_config: dict[str, Any] = {}

    def module(self, address: str) -> ModuleConfiguration | None:
        """Return the module at an address such as ``module.stack.module.vpc["a"]``.

        Args:
            address: As in ``ResourceChange.module_address``; empty for the root module.
        """
        found = self.root_module
        for name in without_keys(address).split(".")[1::2]:
            call = found.module_calls.get(name)
            if call is None:
                return None
            found = call.module
        return found


def without_keys(address: str) -> str:
    """Return an address without its instance keys: ``a.b["x"]`` is ``a.b``."""
    return _INSTANCE_KEY.sub("", address)


def references(expression: Any) -> tuple[str, ...]:  # noqa: ANN401 - free-form JSON
    """Return every reference in an expression or block of expressions, sorted, each once.

    Args:
        expression: A value of ``expressions``, or all of them: Terraform nests
            ``{"references": [...]}`` in objects and lists that follow the blocks.
    """
    found: set[str] = set()
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "references" and _all_text(value):
                    found.update(value)
                elif key != "constant_value":
                    pending.append(value)
        elif isinstance(node, list):
            pending.extend(node)
    return tuple(sorted(found))


def _all_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
