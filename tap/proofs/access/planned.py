"""Resources of a plan, and which of them another one refers to while ids are not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.plan import Action, references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.plan import Plan, ResourceChange
    from tap.plan.model import StateModule

_GONE = {Action.DELETE, Action.FORGET}


@dataclass(frozen=True)
class Planned:
    """A resource instance as it will be."""

    plan: Plan
    change: ResourceChange

    @property
    def address(self) -> str:
        """Its address, with the address of its module."""
        return self.change.address

    def get(self, name: str) -> Any:  # noqa: ANN401 - plan values are free-form JSON
        """Return a known attribute; None if it is unset or not known."""
        return (self.change.change.after or {}).get(name)

    def is_unknown(self, name: str) -> bool:
        """Tell whether Terraform will know an attribute only after the apply."""
        marks = self.change.change.after_unknown
        return isinstance(marks, dict) and marks.get(name) is True

    def is_written(self, name: str) -> bool:
        """Tell whether the configuration gives an attribute, rather than AWS."""
        block = self.plan.configuration_of(self.change)
        return block is not None and name in block.expressions

    def references(self, name: str) -> tuple[str, ...]:
        """Return what the expression of an attribute refers to."""
        block = self.plan.configuration_of(self.change)
        return references(block.expressions.get(name, {})) if block else ()

    @property
    def in_default_region(self) -> bool:
        """Whether it is made by the default provider and not by one with an alias."""
        block = self.plan.configuration_of(self.change)
        return block is None or "." not in block.provider_config_key


class Inventory:
    """Everything that a plan leaves standing."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._by_type: dict[str, list[Planned]] = {}
        for change in plan.resource_changes:
            if change.mode == "managed" and change.action not in _GONE:
                self._by_type.setdefault(change.type, []).append(Planned(plan, change))

    def of(self, kind: str) -> list[Planned]:
        """Return the resources of a type, in the plan's order."""
        return self._by_type.get(kind, [])

    def kinds(self) -> tuple[str, ...]:
        """Return the types of all resources."""
        return tuple(self._by_type)

    def target(self, source: Planned, attribute: str, kind: str) -> Planned | None:
        """Return the resource of a type in the same module that an attribute refers to."""
        named = {".".join(text.split(".")[:2]).partition("[")[0]
                 for text in source.references(attribute)}  # fmt: skip
        found = [
            each
            for each in self.of(kind)
            if each.change.module_address == source.change.module_address
            and f"{kind}.{each.change.name}" in named
        ]
        same = [each for each in found if each.change.index == source.change.index]
        chosen = found if len(found) == 1 else same
        return chosen[0] if len(chosen) == 1 else None

    def account(self) -> str:
        """Return the account id that the plan was made with; empty if it does not say."""
        values = self.plan.prior_state.values if self.plan.prior_state else None
        for resource in _data(values.root_module) if values else ():
            if resource.type == "aws_caller_identity" and resource.values:
                return str(resource.values.get("account_id") or "")
        return ""

    def data(self, module: str, kind: str, name: str) -> dict[str, Any] | None:
        """Return what a data source of a module has read; None if it is read later."""
        values = self.plan.prior_state.values if self.plan.prior_state else None
        address = f"{module}.data.{kind}.{name}".lstrip(".")
        for resource in _data(values.root_module) if values else ():
            if resource.address == address:
                return dict(resource.values or {})
        return None


def _data(module: StateModule) -> Iterator[Any]:
    yield from (resource for resource in module.resources if resource.mode == "data")
    for child in module.child_modules:
        yield from _data(child)
