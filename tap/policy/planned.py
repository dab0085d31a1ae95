"""A plan as rules see it: what will be there after apply, indexed.

Everything is looked up in tables that are made once, so that judging grows with the number of
resources and not faster.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from tap.evaluation import UNKNOWN, Value, World, parent_call
from tap.plan import Action
from tap.plan.configuration import without_keys
from tap.plan.model import any_marked
from tap.policy.finding import Fault
from tap.policy.links import Links
from tap.policy.values import UnknownValueError, Values, item_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap.evaluation import Step
    from tap.hcl import Block, Expression, Module
    from tap.plan import ModuleConfiguration, Plan, ResourceChange
    from tap.plan.configuration import ResourceConfiguration
    from tap.policy.sources import Sources

T = TypeVar("T")


class Resource(Values):
    """A resource instance as it will be; data sources are of the same class.

    Attributes:
        planned: The plan it belongs to.
        address: Such as ``module.stack.aws_subnet.public["eu-west-1a"]``.
        module_address: Of the module instance; empty for the root.
        mode: ``managed`` or ``data``.
        type: Such as ``aws_subnet``.
        name: The second label of its block.
        key: The ``for_each`` key or ``count`` index; None without either.
        action: What happens to it.
        change: What the plan says of it.
    """

    __slots__ = (
        "action",
        "address",
        "change",
        "configuration",
        "key",
        "mode",
        "module_address",
        "name",
        "planned",
        "type",
    )

    def __init__(self, planned: Planned, change: ResourceChange) -> None:
        self.planned = planned
        self.address = change.address
        self.module_address = change.module_address
        self.mode = change.mode
        self.type = change.type
        self.name = change.name
        self.key = change.index
        self.action = change.action
        self.change = change
        super().__init__(
            self,
            (),
            known=change.change.after,
            unknown=change.change.after_unknown,
            secret=change.change.after_sensitive,
        )
        self.configuration = planned.configuration_of(self)

    @property
    def known(self) -> Mapping[str, Any]:
        """All values as they are in the plan; what is not known yet is missing."""
        return self._known if isinstance(self._known, dict) else {}

    @property
    def block_address(self) -> str:
        """The address within its module and without key, such as ``data.aws_region.this``."""
        prefix = "data." if self.mode == "data" else ""
        return f"{prefix}{self.type}.{self.name}"

    def at(self, path: tuple[Step, ...]) -> tuple[Any, bool]:
        """Return the value at a path, and whether it or a part of it is not known yet."""
        known, unknown = self._known, self._unknown
        for step in path:
            known, unknown = item_of(known, step), item_of(unknown, step)
        return known, any_marked(unknown)

    def source(self) -> Block:
        """Return the block it is made by, as it is written.

        Raises:
            UnknownValueError: The sources are not at hand.
        """
        found = self.planned.block(self)
        if found is None:
            raise UnknownValueError(self.address, "the block", "is not among the sources at hand")
        return found


class Planned:
    """What a plan leaves behind: created, changed and unchanged objects, no destroyed ones.

    Args:
        plan: The plan.
        sources: The HCL it was made of; None where it is not at hand.
        environment: Name of the environment; empty where there is none.
        protected: Whether it is protected, as production is: some rules ask more of it.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        sources: Sources | None = None,
        environment: str = "",
        protected: bool = False,
    ) -> None:
        self.plan = plan
        self.sources = sources
        self.environment = environment
        self.protected = protected
        self._modules: dict[str, ModuleConfiguration | None] = {}
        self._blocks: dict[str, dict[str, ResourceConfiguration]] = {}
        self._users: dict[tuple[str, tuple[Step, ...]], _Users] = {}
        self._made: dict[object, Any] = {}
        self.by_address = {
            change.address: Resource(self, change)
            for change in plan.resource_changes
            if change.action not in {Action.DELETE, Action.FORGET} and not change.deposed
        }

    def resources(self, *types: str) -> tuple[Resource, ...]:
        """Return the resources of some types, of all if none is given, in the plan's order."""
        if not types:
            return tuple(item for item in self.by_address.values() if item.mode == "managed")
        return tuple(item for kind in types for item in self._by_type.get(kind, ()))

    def users(self, resource: Resource, kind: str, *path: Step) -> Iterator[Resource]:
        """Yield the resources that name another one in an attribute.

        At the end it raises :class:`UnknownValueError` if a further one may do so, which only an
        apply will tell. ``any(plan.users(...))`` is thus never a wrong "no".

        Args:
            resource: The one that is named, such as a security group.
            kind: Type of those that name it, such as ``aws_vpc_security_group_ingress_rule``.
            path: The attribute they do it in, such as ``"security_group_id"``.
        """
        if (kind, path) not in self._users:
            self._users[kind, path] = _Users(self, kind, path)
        return self._users[kind, path].of(resource)

    def users_at(
        self, resource: Resource, places: Iterable[tuple[Step, ...]]
    ) -> Iterator[Resource]:
        """Yield the resources that name another one in any of several places.

        Args:
            resource: The one that is named.
            places: Each a type and the attribute, as :meth:`users` takes them.

        Raises:
            UnknownValueError: At the end, if a further one may do so.
        """
        unknown: UnknownValueError | None = None
        for kind, *path in places:
            try:
                yield from self.users(resource, str(kind), *path)
            except UnknownValueError as error:
                unknown = unknown or error
        if unknown is not None:
            raise unknown

    def once(self, make: Callable[[Planned], T]) -> T:
        """Return what a function makes of this plan, such as a table; it is made only once."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    @cached_property
    def links(self) -> Links:
        """Which attribute names which resource."""
        return Links(self)

    def instances(self, module: str, block: str) -> tuple[Resource, ...]:
        """Return the instances of a block, such as ``aws_subnet.public``, in a module instance."""
        return tuple(self._by_block.get((module, block), ()))

    def children(self, module: str, call: str) -> Mapping[Step | None, str]:
        """Return the addresses of the instances of a called module by key."""
        return self._children.get((module, call), {})

    def module_configuration(self, module: str) -> ModuleConfiguration | None:
        """Return what a module instance is configured by."""
        bare = without_keys(module)
        if bare not in self._modules:
            self._modules[bare] = self.plan.configuration.module(bare)
        return self._modules[bare]

    def configuration_of(self, resource: Resource) -> ResourceConfiguration | None:
        """Return the block of a resource, as the plan has it; None if it is gone."""
        bare = without_keys(resource.module_address)
        if bare not in self._blocks:
            module = self.module_configuration(bare)
            blocks = module.resources if module else ()
            self._blocks[bare] = {block.address: block for block in blocks}
        return self._blocks[bare].get(resource.block_address)

    def worked_out(self, resource: Resource, path: tuple[Step, ...]) -> Value:
        """Return what the HCL gives for an argument that the plan does not know.

        Args:
            resource: A planned resource.
            path: The argument, from the resource down.

        Returns:
            ``Unknown`` for what cannot be worked out, and where the HCL is not at hand.
        """
        return self._world.argument(resource.change, path) if self._world else UNKNOWN

    def evaluated(self, resource: Resource, expression: Expression) -> Value:
        """Return what a part of a resource's block comes to; as :meth:`worked_out` does."""
        return self._world.expression(resource.change, expression) if self._world else UNKNOWN

    @cached_property
    def _world(self) -> World | None:
        if self.sources is None:
            return None
        return World(self.plan, self._declared, cache=self.sources.cache)

    def _declared(self, address: str) -> Module | None:
        found = self.sources.at(address) if self.sources else None
        return found.declared if found else None

    def block(self, resource: Resource) -> Block | None:
        """Return the block of a resource as it is written; None if it is not at hand."""
        if self.sources is None:
            return None
        module = self.sources.at(resource.module_address)
        found = module.declared.resources.get(resource.block_address) if module else None
        return found.body if found else None

    def fault(self, values: Values, message: str, at: str) -> Fault:
        """Return a fault of a resource or of a block in it, with its place."""
        file, line = self._place(values, at)
        return Fault(address=values.resource.address, message=message, file=file, line=line)

    def _place(self, values: Values, at: str) -> tuple[str, int]:
        block = self.block(values.resource)
        if block is None or self.sources is None:
            return "", 0
        for name, index in _pairs(values.path):
            nested = block.of_type(name)
            if index >= len(nested):
                break
            block = nested[index]
        attribute = block.attributes.get(at)
        line = attribute.first_line if attribute else block.first_line
        return self.sources.display(block.file), line

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for item in self.resources():
            found.setdefault(item.type, []).append(item)
        return found

    @cached_property
    def _by_block(self) -> dict[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for item in self.by_address.values():
            found.setdefault((item.module_address, item.block_address), []).append(item)
        return found

    @cached_property
    def _children(self) -> dict[tuple[str, str], dict[Step | None, str]]:
        found: dict[tuple[str, str], dict[Step | None, str]] = {}
        pending = {item.module_address for item in self.by_address.values()}
        seen = {""}
        while pending:
            module = pending.pop()
            if module not in seen:
                seen.add(module)
                parent, call, key = parent_call(module)
                found.setdefault((parent, call), {})[key] = module
                pending.add(parent)
        return found


class _Users:
    """Who names whom in one attribute of one type."""

    def __init__(self, planned: Planned, kind: str, path: tuple[Step, ...]) -> None:
        self._certain: dict[str, list[Resource]] = {}
        self._possible: dict[str, Resource] = {}
        self._anybody: Resource | None = None
        self._what = ".".join(map(str, path))
        for user in planned.resources(kind):
            link = planned.links.of(user, path)
            for address in link.addresses:
                if link.certain:
                    self._certain.setdefault(address, []).append(user)
                else:
                    self._possible.setdefault(address, user)
            if not link.certain and not link.addresses:
                self._anybody = user

    def of(self, resource: Resource) -> Iterator[Resource]:
        yield from self._certain.get(resource.address, ())
        maybe = self._possible.get(resource.address, self._anybody)
        if maybe is not None:
            raise UnknownValueError(
                resource.address,
                f"whether {maybe.address} names it in {self._what}",
                "is known only after apply",
            )


def _pairs(path: tuple[Step, ...]) -> Iterator[tuple[str, int]]:
    """Yield name and number of each block on a path; a block that is no list is number 0."""
    for position, step in enumerate(path):
        if isinstance(step, str):
            following = path[position + 1] if position + 1 < len(path) else 0
            yield step, following if isinstance(following, int) else 0
