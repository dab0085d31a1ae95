"""Policy documents that a plan does not know, worked out of the configuration.

Terraform takes what ``jsonencode`` returns for unknown when one value in it is. The rest of the
document stands in the ``.tf`` files, so it is read there: the expression is followed through
locals, variables, module calls and outputs, up to attributes of resources that the plan knows. For
those that it does not know, the ARN with the resource's address in it takes their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.hcl import load_module
from tap.plan.model import any_marked
from tap.proofs.access.arns import Arns, stand_in
from tap.proofs.access.expressions import attribute, evaluate
from tap.proofs.access.values import UNKNOWN, Attributes, Failure, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tap.hcl import Expression
    from tap.proofs.access.planned import Inventory, Planned

# What AWS chooses and a policy may name.
_CHOSEN = {"arn", "id", "key_id", "resource_id", "unique_id"}
_ABSENT: Any = object()


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the configuration of a plan is.

    Attributes:
        root: The folder of the root module.
        cache: A folder that keeps parsed files; None to parse them each time.
    """

    root: Path
    cache: Path | None = None


def work_out(
    item: Planned, name: str, inventory: Inventory, arns: Arns, sources: Sources
) -> str | None:
    """Work out a document that the plan does not know.

    Args:
        item: The resource that has it.
        name: Its attribute.
        inventory: All resources of the plan.
        arns: Makes the ARNs that are not known yet.
        sources: Where the configuration is.

    Returns:
        The document, or None where the configuration is made of something that is not known here.

    Raises:
        HclError: A ``.tf`` file cannot be read.
    """
    world = _World(inventory, arns, sources.cache)
    scope: _Scope | None = _Scope(world, sources.root, "", inventory.plan.variables)
    steps = item.change.module_address.split(".")[1::2] if item.change.module_address else []
    for step in steps:
        scope = scope.child(step) if scope else None
    if scope is None:
        return None
    block = scope.module.resources.get(f"{item.change.type}.{item.change.name}")
    expression = block.body.attributes.get(name) if block else None
    if block is None or expression is None:
        return None
    try:
        each: Any = {"key": item.change.index, "value": UNKNOWN}
        if block.for_each:
            each["value"] = attribute(scope.evaluate(block.for_each), item.change.index)
        found = scope.evaluate(expression, each)
    except Failure:
        return None
    return str(found) if isinstance(found, str) else None


class _World:
    """What the plan knows: resources and data sources."""

    def __init__(self, inventory: Inventory, arns: Arns, cache: Path | None) -> None:
        self.inventory = inventory
        self.arns = arns
        self.cache = cache

    def instance(self, item: Planned) -> Attributes:
        """Return the attributes of a resource."""
        return Attributes(lambda name: self._attribute(item, name))

    def _attribute(self, item: Planned, name: str) -> Any:  # noqa: ANN401 - any value, as below
        if name == "master_user_secret" and item.get("manage_master_user_password"):
            return [{"secret_arn": StandIn(self.arns.of_master_secret(item))}]
        if item.is_unknown(name):
            if name == "arn" and (arn := self.arns.of(item)):
                return StandIn(arn)
            return StandIn(stand_in(item, name)) if name in _CHOSEN else UNKNOWN
        change = item.change.change
        marks = change.after_unknown if isinstance(change.after_unknown, dict) else {}
        if any_marked(marks.get(name)) or name not in (change.after or {}):
            return UNKNOWN
        return item.get(name)


class _Scope:
    """One module of the configuration, as it is called in one place."""

    def __init__(
        self,
        world: _World,
        directory: Path,
        address: str,
        arguments: Mapping[str, Any],
        caller: _Scope | None = None,
    ) -> None:
        self.world = world
        self.directory = directory
        self.address = address
        self.arguments = arguments
        self.caller = caller
        self.module = load_module(directory, cache=world.cache)
        self._known: dict[str, Any] = {}
        self._children: dict[str, _Scope | None] = {}

    def evaluate(self, expression: Expression, each: Any = None) -> Any:  # noqa: ANN401
        """Work out an expression of this module."""

        def lookup(root: str) -> Any:  # noqa: ANN401
            return each if root == "each" and each else self._root(root)

        return evaluate(expression.text, lookup, file=str(self.directory))

    def child(self, name: str) -> _Scope | None:
        """Return the module of a call; None where there are several or none of it."""
        bare = name.partition("[")[0]
        call = self.module.module_calls.get(bare)
        if bare not in self._children:
            self._children[bare] = None
            if call and call.source.startswith(".") and not call.count and not call.for_each:
                self._children[bare] = _Scope(
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
                return value
        if declared is None or declared.default is None:
            return UNKNOWN
        return self.evaluate(declared.default)

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
