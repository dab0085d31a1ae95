"""One instance of a module, and what names stand for in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.evaluation.expressions import attribute, evaluate, pairs, with_scope
from tap.evaluation.types import conversion
from tap.evaluation.values import UNKNOWN, Attributes, Trace, Unknown, Value, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.evaluation.addresses import Step
    from tap.evaluation.world import World
    from tap.hcl import Expression, Module, ModuleCall, Resource

# Roots that no resource is behind.
_PLACES = {"path", "terraform"}


class Scope:
    """An instance of a module.

    Args:
        world: What it is part of.
        address: Its address; empty for the root.
        module: What it declares.
        values: The values of the root's variables.
        caller: The module that calls it; None for the root.
        call: The call.
        key: The instance key of the call.
    """

    def __init__(
        self,
        world: World,
        address: str,
        module: Module,
        *,
        values: Mapping[str, Value] | None = None,
        caller: Scope | None = None,
        call: ModuleCall | None = None,
        key: Step | None = None,
    ) -> None:
        self.world = world
        self.address = address
        self.module = module
        self._values = values or {}
        self._caller = caller
        self._call = call
        self._key = key
        self._known: dict[str, Value] = {}
        self._roots: dict[str, Value] = {
            "local": self._attributes("local", self._local),
            "var": self._attributes("var", self._variable),
            "module": self._attributes("module", self._child),
            "data": Attributes(
                lambda kind: Attributes(lambda name: self._resource(f"data.{kind}.{name}"))
            ),
        }

    def evaluate(self, expression: Expression, names: Mapping[str, Value] | None = None) -> Value:
        """Work out an expression of this module.

        Args:
            expression: The expression.
            names: What else it may refer to, such as ``each``.

        Raises:
            Failure: Terraform would refuse it.
        """
        if expression.is_literal and not isinstance(expression.value, dict | list):
            return expression.value
        lookup = with_scope(names, self._root) if names else self._root
        return evaluate(expression.text, lookup, file=self.module.path, cache=self.world.cache)

    def repetition(self, block: Resource | ModuleCall, key: Step | None) -> dict[str, Value]:
        """Return what ``each`` and ``count`` are in an instance of a block."""
        if block.count:
            return {"count": {"index": key if key is not None else UNKNOWN}}
        if not block.for_each:
            return {}
        over = self._over(block, block.for_each)
        value = key if isinstance(over, list) else attribute(over, key)
        return {"each": {"key": key, "value": value}}

    def output(self, name: str) -> Value:
        """Work out an output of this module."""
        return self._once(f"output.{name}", lambda: self._output(name))

    def _root(self, root: str) -> Value:
        if root in self._roots:
            return self._roots[root]
        if root in _PLACES:
            return Unknown(Trace())
        return Attributes(lambda name: self._resource(f"{root}.{name}"))

    def _attributes(self, root: str, work: Callable[[str], Value]) -> Attributes:
        return Attributes(lambda name: self._once(f"{root}.{name}", lambda: work(name)))

    def _once(self, name: str, work: Callable[[], Value]) -> Value:
        if name not in self._known:
            # A value that is made of itself is not known.
            self._known[name] = UNKNOWN
            self._known[name] = work()
        return self._known[name]

    def _local(self, name: str) -> Value:
        found = self.module.locals.get(name)
        return self.evaluate(found.value) if found else UNKNOWN

    def _output(self, name: str) -> Value:
        found = self.module.outputs.get(name)
        return self.evaluate(found.value) if found and found.value else UNKNOWN

    def _variable(self, name: str) -> Value:
        declared = self.module.variables.get(name)
        if declared is None:
            return UNKNOWN
        value = self._given(name)
        # Where null is not allowed it means the default.
        if value is None and (not self._is_given(name) or not declared.nullable):
            value = self.evaluate(declared.default) if declared.default else UNKNOWN
        if not declared.type:
            return value
        convert = conversion(declared.type, file=declared.file, cache=self.world.cache)
        return convert(value)

    def _is_given(self, name: str) -> bool:
        return name in (self._call.arguments if self._call else self._values)

    def _given(self, name: str) -> Value:
        if self._call is None or self._caller is None:
            return self._values.get(name)
        if name not in self._call.arguments:
            return None
        names = self._once("repetition", self._repetition)
        return self._caller.evaluate(self._call.arguments[name], names)

    def _repetition(self) -> Value:
        return self._caller.repetition(self._call, self._key) if self._caller and self._call else {}

    def _over(self, block: Resource | ModuleCall, expression: Expression) -> Value:
        what = f"{block.body.type}.{'.'.join(block.body.labels)}"
        return self._once(f"for_each of {what}", lambda: self.evaluate(expression))

    def _child(self, name: str) -> Value:
        call = self.module.module_calls.get(name)
        if call is None:
            return UNKNOWN
        if call.for_each:
            over = pairs(self._over(call, call.for_each))
            if over is None or not all(is_text(key) for key, _ in over):
                return Attributes(lambda key: self._instance(name, key))
            return {key: self._instance(name, key) for key, _ in over}
        if call.count:
            count = call.count
            number = self._once(f"count of {name}", lambda: self.evaluate(count))
            if not isinstance(number, int):
                return Attributes(lambda key: self._instance(name, key))
            return [self._instance(name, index) for index in range(number)]
        return self._instance(name, None)

    def _instance(self, name: str, key: Step | None) -> Value:
        shown = "" if key is None else f"[{key}]" if isinstance(key, int) else f"[{_quoted(key)}]"
        child = self.world.scope(f"{self.address}.module.{name}{shown}".lstrip("."))
        return Attributes(child.output) if child else UNKNOWN

    def _resource(self, block: str) -> Value:
        declared = self.module.resources.get(block)
        if declared is None:
            return UNKNOWN
        made = self.world.instances(self.address, block)
        if declared.for_each:
            return {str(key): value for key, value in made.items()}
        if declared.count:
            numbers = sorted(key for key in made if isinstance(key, int))
            return [made[number] for number in numbers]
        return made.get(None, UNKNOWN)


def _quoted(key: str) -> str:
    """Return an instance key as addresses have it."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
