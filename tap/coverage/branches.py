"""Which way the conditions of a module went, worked out from a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.coverage.survey import NAMING, PROBES
from tap.evaluation import Attributes, Failure, StandIn, Unknown, Value
from tap.evaluation.expressions import pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.coverage.survey import Survey
    from tap.evaluation import Scope
    from tap.hcl import Block, Expression
    from tap.plan import ResourceChange

UNDECIDED = "unknown"
_REPEATING = frozenset({"count", "for_each"})


def branches_taken(
    survey: Survey, scope: Scope, changes: Iterable[ResourceChange]
) -> dict[str, frozenset[str]]:
    """Work out every expression of a module instance and return what its probes saw.

    Args:
        survey: The module with probes.
        scope: The instance.
        changes: The resource instances that a plan has in it.

    Returns:
        Name of a probe -> branches, ``unknown`` among them where the value could not be told. A
        condition within a branch of one that is unknown is unknown too, since nobody knows
        whether Terraform comes there.
    """
    watch = _Watch(survey, scope)
    for value in survey.locals.values():
        watch.evaluate(value, {})
    for owner, body in survey.bodies.items():
        if owner in survey.module.resources or owner.startswith("module."):
            for name in _REPEATING & body.attributes.keys():
                watch.evaluate(body.attributes[name], {})
        else:
            watch.block(body, {})
    for name in survey.module.module_calls:
        watch.block(survey.bodies[f"module.{name}"], {}, repeated=True)
    for change in changes:
        address = block_of(change)
        if address in survey.module.resources:
            names = watch.repetition(address, change)
            watch.block(survey.bodies[address], names, repeated=True)
    return watch.seen()


def block_of(change: ResourceChange) -> str:
    """Return the address of a resource's block within its module."""
    prefix = "" if change.mode == "managed" else f"{change.mode}."
    return f"{prefix}{change.type}.{change.name}"


class _Watch:
    def __init__(self, survey: Survey, scope: Scope) -> None:
        self._survey = survey
        self._scope = scope
        self._seen: dict[str, set[str]] = {}
        self._now: dict[str, set[str]] = {}
        self._probes = Attributes(
            lambda name: Attributes(lambda values: self._observe(str(name), values[0]))
        )

    def seen(self) -> dict[str, frozenset[str]]:
        """Return the branches by probe."""
        return {name: frozenset(branches) for name, branches in self._seen.items()}

    def repetition(self, address: str, change: ResourceChange) -> dict[str, Value]:
        """Return what ``each`` and ``count`` are in an instance."""
        try:
            return self._scope.repetition(self._survey.module.resources[address], change.index)
        except Failure:
            return {}

    def evaluate(self, expression: Expression, names: Mapping[str, Value]) -> Value:
        """Work out an expression; what Terraform would refuse is not known."""
        self._now = {}
        try:
            value = self._scope.evaluate(expression, {**names, PROBES: self._probes})
        except (Failure, RecursionError):
            value = Unknown()
        for name, branches in self._now.items():
            doubtful = any(UNDECIDED in self._now.get(each, ()) for each in self._around(name))
            self._seen.setdefault(name, set()).update({UNDECIDED} if doubtful else branches)
        return value

    def block(self, block: Block, names: Mapping[str, Value], *, repeated: bool = False) -> None:
        """Work out what is in a block, and as often as they are made the blocks in it."""
        for name, value in block.attributes.items():
            if name not in NAMING and not (repeated and name in _REPEATING):
                self.evaluate(value, names)
        for inner in block.blocks:
            if inner.type != "dynamic":
                self.block(inner, names)
                continue
            over = pairs(self.evaluate(inner.attributes["for_each"], names))
            iterator = inner.attributes.get("iterator")
            bound = iterator.text if iterator else inner.labels[0]
            for key, value in over or ():
                for content in inner.of_type("content"):
                    self.block(content, {**names, bound: {"key": key, "value": value}})

    def _around(self, name: str) -> Iterable[str]:
        """Yield the probes of the conditions that a condition depends on."""
        while name := self._survey.probes[name].parent:
            yield name

    def _observe(self, name: str, value: Value) -> Value:
        yes, no = self._survey.probes[name].item.branches
        decided = _decided(value)
        branch = UNDECIDED if decided is None else yes if decided else no
        self._now.setdefault(name, set()).add(branch)
        return value


def _decided(value: Value) -> bool | None:
    """Tell whether a value is true, or anything at all; None where that is not known."""
    if isinstance(value, Unknown | Attributes | StandIn):
        return None
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return None if value is None else bool(value)
