"""What one test saw of one instance of a module."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from tap.coverage.branches import block_of, branches_taken
from tap.evaluation import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.coverage.survey import Survey
    from tap.evaluation import World

# Terraform's own words, of 1.11; it is told of a variable where the rule stands, and of a resource
# where the condition stands.
_RULE = re.compile(r"checked by the validation rule at (\S+):(\d+),\d+")
_CONDITION = re.compile(r"(?:precondition|postcondition|assertion) failed on (\S+) line (\d+)")
# What says nothing about the resource that it is read from.
_IDLE_ATTRIBUTES = frozenset({"tags", "tags_all"})


class Spot(msgspec.Struct, frozen=True):
    """A line of a file in a module; the file without its folder."""

    file: str
    line: int


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan tells about one instance of a module, whoever looks at it.

    Attributes:
        module: The folder of the module within the repository.
        taken: Branches by probe.
        present: Resources that have an instance.
        given: Variables that are given a value.
        accepted: Whether the plan was made, so that every condition it checked held.
    """

    module: str
    taken: dict[str, frozenset[str]] = {}
    present: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    accepted: bool = True


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What one asserting test that passed saw of one instance of a module.

    Attributes:
        test: Its name.
        observed: What there was to see.
        looked_at: What it looked at: addresses of blocks within the module.
        tripped: The conditions that refused what it asked for.
    """

    test: str
    observed: Observed
    looked_at: frozenset[str] = frozenset()
    tripped: frozenset[Spot] = frozenset()


def observe(
    survey: Survey, world: World, address: str, *, module: str, given: Iterable[str]
) -> Observed:
    """Work out what a plan tells about one instance of a module.

    Args:
        survey: The module with probes.
        world: The plan and its configuration.
        address: The instance; empty for the root.
        module: The folder of the module within the repository.
        given: Names of variables that are given a value.
    """
    changes = [change for change in world.plan.resource_changes if change.module_address == address]
    try:
        scope = world.scope(address)
    except Failure:
        scope = None
    return Observed(
        module=module,
        taken=branches_taken(survey, scope, changes) if scope else {},
        present=frozenset(map(block_of, changes)),
        given=frozenset(f"var.{name}" for name in given),
    )


def tripped_spots(errors: str) -> frozenset[Spot]:
    """Return the conditions that refused something.

    Args:
        errors: Errors of Terraform, as it prints them.
    """
    text = " ".join(errors.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())
    found = [*_RULE.findall(text), *_CONDITION.findall(text)]
    return frozenset(Spot(PurePath(file).name, int(line)) for file, line in found)


def tells(attributes: Iterable[str]) -> bool:
    """Tell whether who reads some attributes of a resource looks at more than its tags."""
    return bool(set(attributes) - _IDLE_ATTRIBUTES)
