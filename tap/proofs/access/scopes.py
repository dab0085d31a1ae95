"""Modules of a configuration as they are called, in which expressions are worked out.

What a plan does not know stands in the ``.tf`` files: an expression is followed through locals,
variables, module calls and outputs, up to attributes of resources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.hcl import load_module
from tap.plan.model import any_marked
from tap.proofs.access.expressions import attribute, evaluate
from tap.proofs.access.types import conformed
from tap.proofs.access.values import UNKNOWN, Attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tap.hcl import Expression, Resource
    from tap.proofs.access.planned import Inventory, Planned

_ABSENT: Any = object()
# Also once it is known: the secret is a resource of its own, which the plan does not list.
_ALWAYS = {"master_user_secret"}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the configuration of a plan is.

    Attributes:
        root: The folder of the root module.
        cache: A folder that keeps parsed files; None to parse them each time.
    """

    root: Path
    cache: Path | None = None


class World:
    """What the plan knows: resources and data sources.

    Args:
        inventory: All resources of the plan.
        unknown: Resource and attribute that is known only after the apply -> what stands for it.
        cache: A folder that keeps parsed files; None to parse them each time.
    """

    def __init__(
        self, inventory: Inventory, unknown: Callable[[Planned, str], Any], cache: Path | None
    ) -> None:
        self.inventory = inventory
        self.cache = cache
        self._unknown = unknown

    def instance(self, item: Planned) -> Attributes:
        """Return the attributes of a resource."""
        return Attributes(lambda name: self._attribute(item, name))

    def _attribute(self, item: Planned, name: str) -> Any:  # noqa: ANN401 - any value, as below
        if item.is_unknown(name) or name in _ALWAYS:
            return self._unknown(item, name)
        change = item.change.change
        marks = change.after_unknown if isinstance(change.after_unknown, dict) else {}
        if any_marked(marks.get(name)) or name not in (change.after or {}):
            return UNKNOWN
        return item.get(name)


class Scope:
    """One module of the configuration, as it is called in one place.

    Args:
        world: What the plan knows.
        directory: Where the module is.
        address: Its address; empty for the root.
        arguments: What it is given: values in the root, expressions of the caller elsewhere.
        caller: The module that calls it; None of the root.
    """

    def __init__(
        self,
        world: World,
        directory: Path,
        address: str,
        arguments: Mapping[str, Any],
        caller: Scope | None = None,
    ) -> None:
        self.world = world
        self.directory = directory
        self.address = address
        self.arguments = arguments
        self.caller = caller
        self.module = load_module(directory, cache=world.cache)
        self._known: dict[str, Any] = {}
        self._children: dict[str, Scope | None] = {}

    def evaluate(self, expression: Expression, each: Any = None) -> Any:  # noqa: ANN401
        """Work out an expression of this module."""

        def lookup(root: str) -> Any:  # noqa: ANN401
            return each if root == "each" and each else self._root(root)

        return evaluate(expression.text, lookup, file=str(self.directory))

    def each(self, block: Resource, index: str | int | None) -> Any:  # noqa: ANN401
        """Return what ``each`` stands for in one instance of a block."""
        if not block.for_each:
            return {"key": index, "value": UNKNOWN}
        over = block.for_each
        found = self._once(f"for_each.{block.type}.{block.name}", lambda: self.evaluate(over))
        value = index if isinstance(found, list) else attribute(found, index)
        return {"key": index, "value": value}

    def descendant(self, module: str) -> Scope | None:
        """Return the module at an address below the root; None where it cannot be followed."""
        scope: Scope | None = self
        for step in module.split(".")[1::2] if module else []:
            scope = scope.child(step) if scope else None
        return scope

    def child(self, name: str) -> Scope | None:
        """Return the module of a call; None where there are several or none of it."""
        bare = name.partition("[")[0]
        call = self.module.module_calls.get(bare)
        if bare not in self._children:
            self._children[bare] = None
            if call and call.source.startswith(".") and not call.count and not call.for_each:
                self._children[bare] = Scope(
                    self.world,
                    self.directory / call.source,
                    f"{self.address}.module.{bare}".lstrip("."),
                    call.arguments,
                    self,
                )
        return self._children[bare]

    def _root(self, root: str) -> Any:  # noqa: ANN401
        if root == "local":
            return Attributes(lambda name: self._once(f"local.{name}", lambda: self._local(name)))
        if root == "var":
            return Attributes(lambda name: self._once(f"var.{name}", lambda: self._variable(name)))
        if root == "module":
            return Attributes(self._outputs)
        if root == "data":
            return Attributes(lambda kind: Attributes(lambda name: self._data(kind, name)))
        return Attributes(lambda name: self._resource(root, name))

    def _once(self, name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        if name not in self._known:
            # A value that is made of itself is not known.
            self._known[name] = UNKNOWN
            self._known[name] = work()
        return self._known[name]

    def _local(self, name: str) -> Any:  # noqa: ANN401
        found = self.module.locals.get(name)
        return self.evaluate(found.value) if found else UNKNOWN

    def _variable(self, name: str) -> Any:  # noqa: ANN401
        given = self.arguments.get(name, _ABSENT)
        declared = self.module.variables.get(name)
        if given is not _ABSENT:
            value = self.caller.evaluate(given) if self.caller else given.value
            # Where null is not allowed it means the default.
            if value is not None or declared is None or declared.nullable:
                return self._conformed(value, declared.type if declared else "")
        if declared is None or declared.default is None:
            return UNKNOWN
        return self._conformed(self.evaluate(declared.default), declared.type)

    def _conformed(self, value: Any, constraint: str) -> Any:  # noqa: ANN401
        file = str(self.directory)

        def work_out(text: str) -> Any:  # noqa: ANN401
            return evaluate(text, lambda _: UNKNOWN, file=file)

        return conformed(value, constraint, work_out, file=file)

    def _outputs(self, name: str) -> Any:  # noqa: ANN401
        child = self.child(name)
        return Attributes(child.output) if child else UNKNOWN

    def output(self, name: str) -> Any:  # noqa: ANN401
        """Work out an output of this module."""
        found = self.module.outputs.get(name)
        value = found.value if found else None
        return self._once(f"output.{name}", lambda: self.evaluate(value)) if value else UNKNOWN

    def _data(self, kind: str, name: str) -> Any:  # noqa: ANN401
        found = self.world.inventory.data(self.address, kind, name)
        return found if found is not None else UNKNOWN

    def _resource(self, kind: str, name: str) -> Any:  # noqa: ANN401
        block = self.module.resources.get(f"{kind}.{name}")
        if block is None:
            return UNKNOWN
        items = [
            item
            for item in self.world.inventory.of(kind)
            if item.change.name == name and item.change.module_address == self.address
        ]
        if block.for_each:
            return {str(item.change.index): self.world.instance(item) for item in items}
        if block.count:
            return [self.world.instance(item) for item in items]
        return self.world.instance(items[0]) if len(items) == 1 else UNKNOWN
