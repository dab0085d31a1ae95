"""Which resources an expression refers to, by what a plan says of the configuration.

It is enough where an expression names whole resources, or the one with the same key. Which of
several a computed key names is in no plan: nothing is returned then, rather than all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.plan import references
from tap.plan.configuration import without_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.plan import ModuleConfiguration
    from tap.proofs.access.planned import Inventory, Planned

Index = str | int | None

_DEEPEST = 50
_STEP = re.compile(r'\[("(?:[^"\\]|\\.)*"|\d+)\]|([^.\[\]]+)')
_CALL = re.compile(r"(?:(.*)\.)?module\.([^.\[\]]+)((?:\[[^\]]*\])?)", re.DOTALL)
_COMPUTED = ("each.value", "local.", "var.", "path.", "self.", "terraform.")


@dataclass(frozen=True)
class _Scope:
    """Where an expression stands: the module instance, and the key of its resource or call."""

    module: str
    index: Index


def referred(item: Planned, expression: Any, inventory: Inventory) -> list[Planned] | None:  # noqa: ANN401 - free-form JSON
    """Return the resources that an expression of a resource refers to.

    Args:
        item: The resource.
        expression: A part of its ``expressions`` in the plan.
        inventory: All resources of the plan.

    Returns:
        The resources, none if it refers to no resource; None if the plan does not tell which.
    """
    scope = _Scope(item.change.module_address, item.change.index)
    return _Follower(inventory).evaluated(expression, scope, depth=0)


class _Follower:
    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def evaluated(self, expression: Any, scope: _Scope, *, depth: int) -> list[Planned] | None:  # noqa: ANN401 - JSON
        names = _longest(references(expression))
        found: list[Planned] = []
        # A key that is worked out decides which instance is meant.
        computed = any(name.startswith(_COMPUTED) for name in names)
        for name in names:
            part = self._followed(name, scope, beside=names, computed=computed, depth=depth)
            if part is None:
                return None
            found += [each for each in part if each not in found]
        return found

    def _followed(
        self, name: str, scope: _Scope, *, beside: Iterable[str], computed: bool, depth: int
    ) -> list[Planned] | None:
        steps = [number or word for number, word in _STEP.findall(name)]
        # What refers to itself, as only a damaged plan can, has no end.
        if depth > _DEEPEST or steps[0] in {"local", "data"}:
            return None
        found: list[Planned] | None = []
        if steps[0] == "each" and steps[:2] != ["each", "key"]:
            found = self._each(scope, depth)
        elif steps[0] == "var":
            found = self._variable(steps[1], scope, depth)
        elif steps[0] == "module":
            found = self._output(steps, scope, depth)
        elif steps[0] not in {"count", "each", "path", "self", "terraform"}:
            found = self._instances(name, steps, scope, beside=beside, computed=computed)
        return found

    def _instances(
        self, name: str, steps: list[str], scope: _Scope, *, beside: Iterable[str], computed: bool
    ) -> list[Planned] | None:
        """Return which instances of a resource are meant."""
        made = [
            item
            for item in self.inventory.of(steps[0])
            if item.change.name == steps[1] and item.change.module_address == scope.module
        ]
        if name.startswith(f"{steps[0]}.{steps[1]}["):
            return [item for item in made if _written(item.change.index) == steps[2]]
        if {"each.key", "count.index"} & set(beside):
            return [item for item in made if item.change.index == scope.index] or None
        return made if len(made) <= 1 or not computed else None

    def _each(self, scope: _Scope, depth: int) -> list[Planned] | None:
        """Follow the value of ``for_each``: an instance of a resource that has the same key."""
        every = [self.evaluated(over, scope, depth=depth + 1) for over in self._blocks(scope)]
        known = [each for each in every if each]
        same = [item for each in known for item in each if item.change.index == scope.index]
        return same if len(known) == 1 and len(same) == 1 else None

    def _blocks(self, scope: _Scope) -> Iterable[Any]:
        module = self._module(scope.module)
        for block in module.resources if module else ():
            over = block.for_each_expression
            keys = {
                item.change.index
                for item in self.inventory.of(block.type)
                if item.change.name == block.name and item.change.module_address == scope.module
            }
            if over and scope.index in keys and len(references(over)) == 1:
                yield over

    def _variable(self, name: str, scope: _Scope, depth: int) -> list[Planned] | None:
        if not scope.module:
            return []
        parent, call, index = _split(scope.module)
        outer = self._module(parent)
        if outer is None or call not in outer.module_calls:
            return None
        expression = outer.module_calls[call].expressions.get(name)
        return self.evaluated(expression, _Scope(parent, index), depth=depth + 1)

    def _output(self, steps: list[str], scope: _Scope, depth: int) -> list[Planned] | None:
        address = ".".join(filter(None, (scope.module, "module", steps[1])))
        rest = steps[2:]
        if rest and (rest[0].startswith('"') or rest[0].isdigit()):
            address, rest = f"{address}[{rest[0]}]", rest[1:]
        module = self._module(address)
        if module is None or not rest or rest[0] not in module.outputs:
            return None
        expression = module.outputs[rest[0]].expression
        found = self.evaluated(expression, _Scope(address, None), depth=depth + 1)
        if found is None or len(rest) == 1 or len(found) <= 1:
            return found
        return [item for item in found if str(item.change.index) in rest[1:]] or None

    def _module(self, address: str) -> ModuleConfiguration | None:
        return self.inventory.plan.configuration.module(without_keys(address))


def _split(module: str) -> tuple[str, str, Index]:
    """Return of a module's address that of its parent, the name of the call, and its key."""
    found = _CALL.fullmatch(module)
    if found is None:
        return "", module, None
    parent, call, key = found.groups()
    text = key[1:-1]
    index: Index = text.strip('"') if text.startswith('"') else int(text) if text else None
    return parent or "", call, index


def _written(index: Index) -> str:
    return f'"{index}"' if isinstance(index, str) else str(index)


def _longest(names: tuple[str, ...]) -> list[str]:
    """Leave out what only begins another reference: Terraform lists ``a.b`` beside ``a.b.c``."""
    return [
        name
        for name in names
        if not any(other.startswith((f"{name}.", f"{name}[")) for other in names)
    ]
