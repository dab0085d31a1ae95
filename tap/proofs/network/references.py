"""Which resources an expression refers to, by what a plan says of the configuration.

It is enough where an expression names whole resources, or the one with the same key. A plan lists
what an expression refers to and not what it does with it: where a variable or a local value may
choose among resources, or a part of a value is taken, nothing is returned rather than all of them.
Only a ``for`` that leaves out elements by their own attributes does not show.
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
_CHOOSING = ("each.value", "local.", "var.")
# What of a resource stands for all of it.
_IDENTITIES = {"arn", "id", "name"}


@dataclass(frozen=True)
class _Scope:
    """Where an expression stands.

    Attributes:
        module: The module instance.
        index: The key of its resource or call.
        over: Their ``for_each``.
    """

    module: str
    index: Index
    over: Any = None


def referred(item: Planned, expression: Any, inventory: Inventory) -> list[Planned] | None:  # noqa: ANN401 - free-form JSON
    """Return the resources that an expression of a resource refers to.

    Args:
        item: The resource.
        expression: A part of its ``expressions`` in the plan.
        inventory: All resources of the plan.

    Returns:
        The resources, none if it refers to no resource; None if the plan does not tell which.
    """
    block = inventory.plan.configuration_of(item.change)
    over = block.for_each_expression if block else None
    scope = _Scope(item.change.module_address, item.change.index, over)
    return _Follower(inventory).evaluated(expression, scope, depth=0)


class _Follower:
    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory

    def evaluated(self, expression: Any, scope: _Scope, *, depth: int) -> list[Planned] | None:  # noqa: ANN401 - JSON
        names = _longest(references(expression))
        found: list[Planned] = []
        # It may decide which of the others is meant, or whether any is.
        if len(names) > 1 and any(name.startswith(_CHOOSING) for name in names):
            return None
        for name in names:
            part = self._followed(name, scope, beside=names, depth=depth)
            if part is None:
                return None
            found += [each for each in part if each not in found]
        return found

    def _followed(
        self, name: str, scope: _Scope, *, beside: Iterable[str], depth: int
    ) -> list[Planned] | None:
        steps = [number or word for number, word in _STEP.findall(name)]
        # What refers to itself, as only a damaged plan can, has no end.
        if depth > _DEEPEST or steps[0] in {"local", "data"}:
            return None
        found: list[Planned] | None = []
        if steps[0] == "each" and steps[:2] != ["each", "key"]:
            found = self._each(scope, depth)
        elif steps[0] == "var":
            found = self._variable(steps, scope, depth)
        elif steps[0] == "module":
            found = self._output(steps, scope, depth)
        elif steps[0] not in {"count", "each", "path", "self", "terraform"}:
            found = self._instances(name, steps, scope, beside=beside)
        return found

    def _instances(
        self, name: str, steps: list[str], scope: _Scope, *, beside: Iterable[str]
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
        return made

    def _each(self, scope: _Scope, depth: int) -> list[Planned] | None:
        """Follow the value of ``for_each``: the instance of a resource that has the same key."""
        if len(references(scope.over)) != 1:
            return None
        found = self.evaluated(scope.over, _Scope(scope.module, None), depth=depth + 1) or []
        return [item for item in found if item.change.index == scope.index] or None

    def _variable(self, steps: list[str], scope: _Scope, depth: int) -> list[Planned] | None:
        if not scope.module:
            return []
        parent, call, index = _split(scope.module)
        outer = self._module(parent)
        if outer is None or call not in outer.module_calls or set(steps[2:]) - _IDENTITIES:
            return None
        called = outer.module_calls[call]
        scope = _Scope(parent, index, called.for_each_expression)
        return self.evaluated(called.expressions.get(steps[1]), scope, depth=depth + 1)

    def _output(self, steps: list[str], scope: _Scope, depth: int) -> list[Planned] | None:
        address = ".".join(filter(None, (scope.module, "module", steps[1])))
        rest = steps[2:]
        if rest and (rest[0].startswith('"') or rest[0].isdigit()):
            address, rest = f"{address}[{rest[0]}]", rest[1:]
        module = self._module(address)
        if module is None or not rest or rest[0] not in module.outputs:
            return None
        if set(rest[1:]) - _IDENTITIES:
            return None
        expression = module.outputs[rest[0]].expression
        return self.evaluated(expression, _Scope(address, None), depth=depth + 1)

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
