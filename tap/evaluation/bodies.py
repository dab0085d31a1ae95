"""Arguments and nested blocks of resources, ``dynamic`` ones included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap.evaluation.expressions import attribute, pairs
from tap.evaluation.values import UNKNOWN, Failure, Value, either, is_plain, made_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap.evaluation.addresses import Step
    from tap.evaluation.scope import Scope
    from tap.evaluation.world import World
    from tap.hcl import Block, Expression
    from tap.plan import ResourceChange


@dataclass
class _Made:
    """A block as it is made: its content, and what it may refer to."""

    scope: Scope
    block: Block
    names: Mapping[str, Value]
    _known: dict[str, Value] = field(default_factory=dict)
    _blocks: dict[str, list[_Made] | None] = field(default_factory=dict)

    def get(self, name: str) -> Value:
        """Work out an argument.

        Raises:
            Failure: Terraform would refuse it.
        """
        if name not in self._known:
            self._known[name] = self.scope.evaluate(self.block.attributes[name], self.names)
        return self._known[name]

    def blocks(self, kind: str) -> list[_Made] | None:
        """Return the nested blocks of a type; None where it is not known how many there are."""
        if kind not in self._blocks:
            made: list[_Made] | None = []
            for block in self.block.of_type(kind):
                some = self._unfolded(block)
                made = None if made is None or some is None else [*made, *some]
            self._blocks[kind] = made
        return self._blocks[kind]

    def value(self) -> Value:
        """Return everything in it as an object."""
        found = {name: self.get(name) for name in self.block.attributes}
        for block in self.block.blocks:
            kind = block.labels[0] if block.type == "dynamic" else block.type
            inner = self.blocks(kind)
            found[kind] = UNKNOWN if inner is None else [each.value() for each in inner]
        return found

    def fits(self, planned: Any) -> bool:  # noqa: ANN401 - free-form JSON
        """Tell whether it can be what a planned block comes from."""
        return isinstance(planned, dict) and all(
            self._agrees(name, planned[name]) for name in self.block.attributes if name in planned
        )

    def _agrees(self, name: str, planned: Any) -> bool:  # noqa: ANN401 - free-form JSON
        try:
            value = self.get(name)
        except Failure:
            return True
        # A provider may make a default of null.
        if value is None or not is_plain(value) or isinstance(value, dict):
            return True
        if isinstance(value, list):
            # Planned sets have an order of their own.
            return isinstance(planned, list) and sorted(map(_shown, value)) == sorted(
                map(_shown, planned)
            )
        return _shown(value) == _shown(planned)

    def _unfolded(self, block: Block) -> list[_Made] | None:
        if block.type != "dynamic":
            return [_Made(self.scope, block, self.names)]
        content = next(iter(block.of_type("content")), None)
        over: Expression | None = block.attributes.get("for_each")
        if content is None or over is None:
            return None
        found = pairs(self.scope.evaluate(over, self.names))
        if found is None:
            return None
        iterator = block.attributes.get("iterator")
        name = iterator.text if iterator else block.labels[0]
        return [
            _Made(self.scope, content, {**self.names, name: {"key": key, "value": value}})
            for key, value in found
        ]


class Bodies:
    """The blocks of all resources of a plan."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, _Made | None] = {}

    def argument(self, change: ResourceChange, path: tuple[Step, ...]) -> Value:
        """Work out an argument, as :meth:`World.argument` does.

        Raises:
            Failure: Terraform would refuse it.
        """
        made = self._block(change)
        return UNKNOWN if made is None else either(_at(made, path, change.change.after or {}))

    def expression(self, change: ResourceChange, expression: Expression) -> Value:
        """Work out an expression, as :meth:`World.expression` does.

        Raises:
            Failure: Terraform would refuse it.
        """
        made = self._block(change)
        return UNKNOWN if made is None else made.scope.evaluate(expression, made.names)

    def _block(self, change: ResourceChange) -> _Made | None:
        if change.address not in self._made:
            self._made[change.address] = self._opened(change)
        return self._made[change.address]

    def _opened(self, change: ResourceChange) -> _Made | None:
        scope = self._world.scope(change.module_address)
        prefix = "" if change.mode == "managed" else f"{change.mode}."
        block = (
            scope.module.resources.get(f"{prefix}{change.type}.{change.name}") if scope else None
        )
        if scope is None or block is None:
            return None
        return _Made(scope, block.body, scope.repetition(block, change.index))


def _at(made: _Made, path: tuple[Step, ...], planned: Any) -> Iterator[Value]:  # noqa: ANN401 - free-form JSON
    """Yield all that may be at a path, at least one value."""
    name, *rest = path
    known = planned.get(name) if isinstance(planned, dict) else None
    if name in made.block.attributes:
        yield from _within(made.get(str(name)), tuple(rest), known)
        return
    blocks = made.blocks(str(name))
    if blocks is None:
        yield UNKNOWN
    elif not blocks:
        yield None
    elif not rest:
        yield [each.value() for each in blocks]
    else:
        number = rest.pop(0) if isinstance(rest[0], int) else 0
        inner = _part(known, number)
        # Sets of blocks have no order, so a block is found by what is known of it.
        for each in [each for each in blocks if each.fits(inner)] or blocks:
            yield from _at(each, tuple(rest), inner) if rest else [each.value()]


def _within(value: Value, path: tuple[Step, ...], planned: Any) -> Iterator[Value]:  # noqa: ANN401 - free-form JSON
    """Yield all that may be at a path in the value of an argument."""
    if not path:
        yield value
        return
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int):
        # It may be a set, whose planned order is not that of the configuration.
        inner = _part(planned, step)
        fitting = [each for each in value if _may_be(each, inner)]
        for each in fitting or value or [None]:
            yield from _within(each, rest, inner)
    elif value is None:
        yield None
    else:
        try:
            yield from _within(attribute(value, step), rest, _part(planned, step))
        except Failure:
            yield made_of(value, complete=False)


def _may_be(value: Value, planned: Any) -> bool:  # noqa: ANN401 - free-form JSON
    """Tell whether a value can be what is planned, as far as both are known."""
    if isinstance(value, dict) and isinstance(planned, dict):
        return all(_may_be(value[name], planned[name]) for name in value if name in planned)
    if value is None or isinstance(value, dict | list) or not is_plain(value):
        return True
    return planned is None or _shown(value) == _shown(planned)


def _part(planned: Any, step: Step) -> Any:  # noqa: ANN401 - free-form JSON
    if isinstance(planned, dict):
        return planned.get(step)
    if isinstance(planned, list) and isinstance(step, int) and step < len(planned):
        return planned[step]
    return None


def _shown(value: Any) -> str:  # noqa: ANN401 - a scalar
    """Return a value as text: a provider may take "80" for 80."""
    return str(value).lower() if isinstance(value, bool) else str(value)
