"""What a plan does, counted the way Terraform counts.

Source of the counting: ``renderHuman`` in ``internal/command/jsonformat/plan.go`` of Terraform.
A replacement is one add and one destroy, a move or an import alone is neither, reading a data
source and forgetting an object are not in the line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tap.plan.model import Action
from tap.plan.risk import Risk, risk_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap.plan.model import Plan, ResourceChange

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

_REASONS = {
    "delete_because_count_index": "its index is beyond count",
    "delete_because_each_key": "its key is no longer in for_each",
    "delete_because_no_module": "its module is no longer called",
    "delete_because_no_move_target": "it was moved to an address that does not exist",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "count or for_each was added or removed",
    "read_because_check_nested": "a check reads it again",
    "read_because_config_unknown": "its arguments are known only after apply",
    "read_because_dependency_pending": "something it depends on changes first",
    "replace_because_cannot_update": "an attribute changes that cannot be changed in place",
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "its replacement was asked for",
    "replace_by_triggers": "replace_triggered_by names something that changes",
}
_LEFT_OVER = "a left-over of an earlier replacement; the object in use stays"

# Databases, load balancers and tables, in this order.
_PROTECTIONS = ("deletion_protection", "enable_deletion_protection", "deletion_protection_enabled")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of objects; ``add``, ``change``, ``destroy`` and ``imports`` as in Terraform's line.

    Attributes:
        replace: Replacements; each is in ``add`` as well, and in ``destroy`` unless forgotten.
        move: Objects that get another address.
    """

    add: int = 0
    change: int = 0
    destroy: int = 0
    imports: int = 0
    replace: int = 0
    forget: int = 0
    read: int = 0
    move: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(Counts)
            }
        )


@dataclass(frozen=True, kw_only=True)
class Group:
    """The counts of one resource type in one module instance; ``module`` is empty for the root."""

    module: str
    type: str
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class PlannedChange:
    """One object that does not stay as it is.

    Attributes:
        reason: Terraform's word for why, or empty.
        explanation: The same as a clause in English, or empty.
        forced_by: Attributes that force the replacement, such as ``tags["a b"]``.
        attributes: Top-level attributes that an update or replacement changes, or whose new
            value is not known yet.
        previous_address: The address it had, if it moves.
        imports: Whether it is taken into the state.
        protected: Whether it would end although AWS is told to refuse its deletion.
        risk: Why it cannot be undone; None if it can.
    """

    action: Action
    address: str
    module: str
    type: str
    mode: str
    destroys: bool
    reason: str = ""
    explanation: str = ""
    forced_by: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    previous_address: str = ""
    imports: bool = False
    protected: bool = False
    risk: Risk | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a plan does.

    Attributes:
        total: All counts together.
        groups: Counts by module and type, sorted; only where something happens.
        changes: Every object that does not stay as it is, in Terraform's order.
        outputs: The root outputs that change, sorted by name.
    """

    total: Counts
    groups: tuple[Group, ...]
    changes: tuple[PlannedChange, ...]
    outputs: dict[str, Action]

    @property
    def line(self) -> str:
        """Terraform's own last line, word for word."""
        counts = self.total
        imports = f"{counts.imports} to import, " if counts.imports else ""
        return (
            f"Plan: {imports}{counts.add} to add, "
            f"{counts.change} to change, {counts.destroy} to destroy."
        )

    @property
    def empty(self) -> bool:
        """Whether nothing changes, outputs included."""
        return not self.changes and not self.outputs

    @property
    def irreversible(self) -> tuple[PlannedChange, ...]:
        """The changes that cannot be undone, in Terraform's order."""
        return tuple(change for change in self.changes if change.risk is not None)

    @property
    def stateful_ends(self) -> tuple[str, ...]:
        """Addresses of what is destroyed or replaced and holds data, sorted, each once."""
        ends = {change.address for change in self.changes if change.risk and change.risk.stateful}
        return tuple(sorted(ends))

    def by_module(self) -> dict[str, Counts]:
        """Return the counts of each module instance."""
        return _totals(self.groups, lambda group: group.module)

    def by_type(self) -> dict[str, Counts]:
        """Return the counts of each resource type."""
        return _totals(self.groups, lambda group: group.type)


def summarize(plan: Plan) -> Summary:
    """Count and list what a plan does."""
    changes = tuple(_planned(change) for change in plan.resource_changes if _shown(change))
    groups: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
    for change in changes:
        groups[change.module, change.type] += _counts(change)
    return Summary(
        total=sum(groups.values(), Counts()),
        groups=tuple(
            Group(module=module, type=kind, counts=counts)
            for (module, kind), counts in sorted(groups.items())
        ),
        changes=changes,
        outputs={
            name: output.action
            for name, output in sorted(plan.output_changes.items())
            if output.action is not Action.NO_OP
        },
    )


def _shown(change: ResourceChange) -> bool:
    if change.action is Action.NO_OP:
        return bool(change.previous_address) or change.change.importing is not None
    return change.action is not Action.DELETE or change.mode == "managed"


def _planned(change: ResourceChange) -> PlannedChange:
    moved = change.previous_address not in {"", change.address}
    return PlannedChange(
        action=change.action,
        address=change.address,
        module=change.module_address,
        type=change.type,
        mode=change.mode,
        destroys=change.change.destroys,
        reason=change.action_reason,
        explanation=_LEFT_OVER if change.deposed else _REASONS.get(change.action_reason, ""),
        forced_by=tuple(map(format_path, change.change.replace_paths)),
        attributes=(
            change.change.changed_attributes
            if change.action in {Action.UPDATE, Action.REPLACE}
            else ()
        ),
        previous_address=change.previous_address if moved else "",
        imports=change.change.importing is not None,
        protected=change.change.destroys and _is_protected(change.change.before),
        risk=risk_of(change),
    )


def _is_protected(values: object) -> bool:
    return isinstance(values, dict) and any(values.get(name) is True for name in _PROTECTIONS)


def _counts(change: PlannedChange) -> Counts:
    action = change.action
    return Counts(
        add=int(action in {Action.CREATE, Action.REPLACE}),
        change=int(action is Action.UPDATE),
        destroy=int(change.destroys),
        imports=int(change.imports),
        replace=int(action is Action.REPLACE),
        forget=int(action is Action.FORGET),
        read=int(action is Action.READ),
        move=int(bool(change.previous_address)),
    )


def _totals(groups: Iterable[Group], key: Callable[[Group], str]) -> dict[str, Counts]:
    totals: defaultdict[str, Counts] = defaultdict(Counts)
    for group in groups:
        totals[key(group)] += group.counts
    return dict(sorted(totals.items()))


def format_path(path: tuple[str | int, ...]) -> str:
    """Write an attribute path the way HCL does: ``rule[0].tags["a b"]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _IDENTIFIER.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += '["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text
