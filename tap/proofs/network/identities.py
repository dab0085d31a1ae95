"""Who is who in a plan: a resource is its id or, while that is not known, its address.

An attribute that is known only after the apply is worked out of the ``.tf`` files where these are
at hand, and else, as in modules of a registry, looked up among the references that the plan lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.evaluation import StandIn, Step, World
from tap.plan.configuration import without_keys
from tap.plan.model import any_marked
from tap.proofs.access.planned import Inventory, Planned
from tap.proofs.network.references import referred

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.hcl import Module
    from tap.plan import Plan, ResourceChange
    from tap.proofs.sources import Sources

# By which attributes resources of these types are named, besides their id.
_NAMES = {
    "aws_autoscaling_group": ("name",),
    "aws_db_subnet_group": ("name",),
    "aws_launch_template": ("name",),
    "aws_vpc_endpoint": ("prefix_list_id",),
}
# What a plan tells of an expression, other than of the arguments of a block.
_EXPRESSION = {"constant_value", "references"}


@dataclass(frozen=True)
class Named:
    """What an attribute names.

    Attributes:
        ids: Of resources in the plan or outside of it; empty if it is not set.
        known: Whether that is certain; else there are no ids.
    """

    ids: tuple[str, ...] = ()
    known: bool = True

    @property
    def one(self) -> str | None:
        """The single id; None if it is not known or there is none."""
        return self.ids[0] if len(self.ids) == 1 else None


UNCLEAR = Named(known=False)


class Identities:
    """The identities of one plan.

    Args:
        plan: The plan; what it destroys is left out.
        sources: Where the configuration is; None if it is not at hand.
    """

    def __init__(self, plan: Plan, sources: Sources | None) -> None:
        self.inventory = Inventory(plan)
        self._by_value: dict[str, str] = {}
        self._items: dict[str, Planned] = {}
        self._world: World | None = None
        self._module: Callable[[str], Module | None] = lambda _address: None
        if sources:
            self._module = sources.folders.module
            self._world = World(plan, self._module, chosen=_stand_in, cache=sources.cache)
        for kind in self.inventory.kinds():
            for item in self.inventory.of(kind):
                identity = self.identity(item)
                self._items[identity] = item
                for name in _NAMES.get(kind, ()):
                    if item.get(name):
                        self._by_value[str(item.get(name))] = identity

    def of(self, *kinds: str) -> list[Planned]:
        """Return the resources of some types."""
        return [item for kind in kinds for item in self.inventory.of(kind)]

    def identity(self, item: Planned) -> str:
        """Return the id of a resource, or its address while that is not known."""
        return str(item.get("id") or item.address)

    def item(self, identity: str | None) -> Planned | None:
        """Return the resource with an identity; None if it is not in the plan."""
        return self._items.get(identity or "")

    def names(self, item: Planned, *path: Step) -> Named:
        """Return which resources an attribute names.

        Args:
            item: The resource.
            path: The attribute, from the resource down; a number is a place in a list.
        """
        value, unknown = at(item, path)
        if unknown:
            return self._worked_out(item, path)
        return Named(tuple(self._by_value.get(text, text) for text in _texts(value)))

    def value(self, item: Planned, *path: Step) -> tuple[Any, bool]:
        """Return the value of an attribute, and whether it is known.

        What is not known and not given by the configuration counts as not set: AWS will choose
        it, and what it can choose decides nothing here.
        """
        value, unknown = at(item, path)
        if not unknown:
            return value, True
        if not self._is_written(item, path):
            return None, True
        return None, False

    def flag(self, item: Planned, name: str) -> bool | None:
        """Return whether an attribute is true; None if the configuration gives it later."""
        value, certain = self.value(item, name)
        return bool(value) if certain else None

    def _is_written(self, item: Planned, path: tuple[Step, ...]) -> bool:
        block = item.plan.configuration_of(item.change)
        if block is None:
            return False
        if path[0] not in block.expressions:
            # Blocks that are made in a loop are not in the configuration of a plan. While nothing
            # is known of the loop, one block stands for all of them.
            return at(item, path[:1])[0] is not None
        if len(path) == 1:
            return True
        blocks = block.expressions[str(path[0])]
        if isinstance(blocks, dict) and blocks.keys() <= _EXPRESSION:
            # Blocks that are a value to Terraform, as the rules of a group are, are not told apart.
            return True
        found = blocks if isinstance(blocks, list) else [blocks]
        return any(path[-1] in each for each in found if isinstance(each, dict))

    def _worked_out(self, item: Planned, path: tuple[Step, ...]) -> Named:
        if not self._is_written(item, path):
            return Named()
        if self._world and self._module(without_keys(item.change.module_address)):
            return self._evaluated(item, path, self._world)
        block = item.plan.configuration_of(item.change)
        expression: Any = block.expressions if block else None
        for step in path:
            if isinstance(step, int) and isinstance(expression, list) and len(expression) != 1:
                return UNCLEAR
            if isinstance(step, int):
                expression = expression[0] if isinstance(expression, list) else expression
            else:
                expression = (expression or {}).get(step)
        found = referred(item, expression, self.inventory) if expression else None
        return Named(tuple(map(self.identity, found))) if found else UNCLEAR

    def _evaluated(self, item: Planned, path: tuple[Step, ...], world: World) -> Named:
        found = world.argument(item.change, path)
        values = found if isinstance(found, list) else [found]
        ids = [self._identified(value) for value in values if value is not None]
        return Named(tuple(text for text in ids if text)) if all(ids) else UNCLEAR

    def _identified(self, value: Any) -> str:  # noqa: ANN401 - any value of Terraform
        """Return the identity that a value is, empty if it is none."""
        if isinstance(value, StandIn):
            # Text in which an identity is only a part names nothing.
            return str(value) if str(value) in self._items else ""
        return self._by_value.get(value, value) if isinstance(value, str) else ""


def _stand_in(change: ResourceChange, _name: str) -> StandIn:
    """Let every attribute that is not known stand for the resource."""
    identity = (change.change.after or {}).get("id") or change.address
    return StandIn(str(identity), frozenset({change.address}))


def at(item: Planned, path: tuple[Step, ...]) -> tuple[Any, bool]:
    """Return the planned value at a path, and whether it or a part of it is not known."""
    known, unknown = item.change.change.after, item.change.change.after_unknown
    for step in path:
        known, unknown = _part(known, step), _part(unknown, step)
    return known, any_marked(unknown)


def _part(tree: Any, step: Step) -> Any:  # noqa: ANN401 - free-form JSON
    if isinstance(tree, dict):
        return tree.get(step)
    if isinstance(tree, list) and isinstance(step, int) and step < len(tree):
        return tree[step]
    # What is unknown as a whole is so in all its parts.
    return True if tree is True else None


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - free-form JSON
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str) and item]
