"""A plan and the configuration that it was made of, as one thing to ask for values.

Terraform takes a value for unknown as a whole when one in it is, and leaves out of a plan what
``local`` values and ``dynamic`` blocks are. The rest stands in the ``.tf`` files, so it is read
there: an expression is followed through locals, variables, module calls and outputs, up to
attributes of resources that the plan knows. For those that it does not know, something that names
the resource takes their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.evaluation.addresses import parent_call
from tap.evaluation.bodies import Bodies
from tap.evaluation.scope import Scope
from tap.evaluation.values import UNKNOWN, Attributes, Failure, StandIn, Trace, Unknown, Value
from tap.plan import Action
from tap.plan.configuration import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tap.evaluation.addresses import Step
    from tap.hcl import Expression, Module
    from tap.plan import Plan, ResourceChange
    from tap.plan.model import StateModule, StateResource

    Chosen = Callable[[ResourceChange, str], Value]

# Text that AWS always chooses.
_CHOSEN = {"arn", "id", "key_id", "resource_id", "unique_id"}
# What RDS makes for a database that is told so.
_MASTER_SECRET = "master_user_secret"  # noqa: S105 - the name of an attribute
_GONE = {Action.DELETE, Action.FORGET}


class World:
    """What a plan and its configuration know.

    Everything is worked out once, so that the work grows with the configuration and the number of
    module instances, not with the number of questions.

    Args:
        plan: The plan.
        module: Address of a module without keys -> what it declares; None if it is not at hand.
        chosen: A resource and the name of an attribute that the plan does not know -> what takes
            its place; None for what always does.
        cache: A folder that keeps syntax trees; None to parse each time.
    """

    def __init__(
        self,
        plan: Plan,
        module: Callable[[str], Module | None],
        *,
        chosen: Chosen = lambda _change, _name: None,
        cache: Path | None = None,
    ) -> None:
        self.plan = plan
        self.cache = cache
        self._module = module
        self._chosen = chosen
        self._scopes: dict[str, Scope | None] = {}
        self._instances: dict[tuple[str, str], dict[Step | None, Value]] = {}
        for address, data in data_sources(plan):
            self._add(address, f"data.{data.type}.{data.name}", data.index, _read(data))
        for change in plan.resource_changes:
            if change.action not in _GONE and not change.deposed:
                block = f"{change.type}.{change.name}"
                prefix = "" if change.mode == "managed" else f"{change.mode}."
                self._add(
                    change.module_address, prefix + block, change.index, self.resource(change)
                )
        self._bodies = Bodies(self)

    def argument(self, change: ResourceChange, path: tuple[Step, ...]) -> Value:
        """Work out what the configuration gives for an argument of a resource.

        Args:
            change: The resource.
            path: The argument, from the resource down: names of arguments and blocks, and the
                numbers of blocks as they are planned.

        Returns:
            None where nothing is given.

        Raises:
            HclError: A ``.tf`` file cannot be read.
        """
        try:
            return self._bodies.argument(change, path)
        except (Failure, RecursionError):
            return UNKNOWN

    def expression(self, change: ResourceChange, expression: Expression) -> Value:
        """Work out an expression as if it stood in the block of a resource.

        Args:
            change: The resource.
            expression: A part of one of its arguments.

        Raises:
            HclError: It is no expression.
        """
        try:
            return self._bodies.expression(change, expression)
        except (Failure, RecursionError):
            return UNKNOWN

    def scope(self, address: str) -> Scope | None:
        """Return a module instance; None if its configuration is not at hand."""
        if address not in self._scopes:
            # What calls itself has no end.
            self._scopes[address] = None
            self._scopes[address] = self._opened(address)
        return self._scopes[address]

    def resource(self, change: ResourceChange) -> Attributes:
        """Return the attributes of a resource or of a data source that is read later."""
        return Attributes(
            lambda name: self._attribute(change, str(name)), Trace(frozenset({change.address}))
        )

    def instances(self, module: str, block: str) -> Mapping[Step | None, Value]:
        """Return the instances of a block, such as ``data.aws_region.this``, by key."""
        return self._instances.get((module, block), {})

    def _opened(self, address: str) -> Scope | None:
        if not address:
            found = self._module("")
            given = {name: variable.value for name, variable in self.plan.variables.items()}
            return Scope(self, "", found, values=given) if found else None
        parent, name, key = parent_call(address)
        caller = self.scope(parent)
        call = caller.module.module_calls.get(name) if caller else None
        found = self._module(without_keys(address))
        if caller is None or call is None or found is None:
            return None
        return Scope(self, address, found, caller=caller, call=call, key=key)

    def _add(self, module: str, block: str, key: Step | None, value: Value) -> None:
        self._instances.setdefault((module, block), {})[key] = value

    def _attribute(self, change: ResourceChange, name: str) -> Value:
        marks = change.change.after_unknown
        mark = marks.get(name) if isinstance(marks, dict) else None
        known = change.change.after or {}
        if mark is True:
            found = self._chosen(change, name)
            if found is not None:
                return found
            if name in _CHOSEN:
                return stand_in(change.address, name)
            if name == _MASTER_SECRET and known.get("manage_master_user_password"):
                return [{"secret_arn": stand_in(change.address, f"{name}[0].secret_arn")}]
        elif name in known:
            return _marked(known[name], mark, change.address)
        return Unknown(Trace(frozenset({change.address})))


def stand_in(address: str, attribute: str = "") -> StandIn:
    """Return what takes the place of text that AWS will choose."""
    name = f"{address}.{attribute}" if attribute else address
    return StandIn(f"{{{name}}}", frozenset({address}))


def data_sources(plan: Plan) -> Iterator[tuple[str, StateResource]]:
    """Yield the data sources that were read for a plan, each with the address of its module."""
    values = plan.prior_state.values if plan.prior_state else None
    yield from _data(values.root_module) if values else ()


def _data(module: StateModule) -> Iterator[tuple[str, StateResource]]:
    yield from ((module.address, item) for item in module.resources if item.mode == "data")
    for child in module.child_modules:
        yield from _data(child)


def _read(data: StateResource) -> Attributes:
    values = data.values or {}
    return Attributes(lambda name: values.get(name, UNKNOWN), Trace())


def _marked(value: Value, mark: object, address: str) -> Value:
    """Return a planned value, with what is not known in it in its place."""
    if mark is True:
        return Unknown(Trace(frozenset({address})))
    if isinstance(mark, dict) and isinstance(value, dict):
        return {key: _marked(value.get(key), mark.get(key), address) for key in {**value, **mark}}
    if isinstance(mark, list) and isinstance(value, list):
        marks = [*mark, *[None] * (len(value) - len(mark))]
        return [_marked(item, each, address) for item, each in zip(value, marks, strict=False)]
    return value
