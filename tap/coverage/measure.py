"""Sightings to coverage: which branches of which parts some asserting test exercises."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from tap.coverage.branches import UNDECIDED
from tap.coverage.model import Branch, Coverage, Item, Kind
from tap.coverage.reach import reached
from tap.errors import SettingsError
from tap.hcl.blocks import target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tap.coverage.sighting import Sighting
    from tap.coverage.survey import Survey


class Impossible(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A branch that no test can exercise.

    Attributes:
        module: The folder of the module within the repository.
        part: The name of the item.
        branch: Which of its branches.
        reason: Why.
    """

    module: str
    part: str
    branch: str
    reason: str


class _Excuses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    impossible: tuple[Impossible, ...] = ()


def read_impossible(file: Path) -> tuple[Impossible, ...]:
    """Read the branches that are said to be impossible; none without the file.

    Raises:
        SettingsError: It is not TOML of that form, or gives no reason.
    """
    if not file.is_file():
        return ()
    try:
        found = msgspec.toml.decode(file.read_bytes(), type=_Excuses).impossible
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: {error}", "see docs/concepts/coverage.md") from None
    for each in found:
        if not each.reason.strip():
            raise SettingsError(f"{file}: no reason for {each.part}", "say why no test can do it")
    return found


def measure(
    surveys: Mapping[str, Survey],
    sightings: Iterable[Sighting],
    impossible: Iterable[Impossible] = (),
) -> Coverage:
    """Return the branches of all modules with the tests that exercise them.

    Args:
        surveys: The modules, by their folder within the repository.
        sightings: What tests saw.
        impossible: What no test can do.

    Raises:
        SettingsError: Something that is said to be impossible is exercised, or not there.
    """
    tests: dict[tuple[Item, str], set[str]] = defaultdict(set)
    unknown: set[Item] = set()
    for sighting in sightings:
        for item, branch in _exercised(surveys[sighting.observed.module], sighting):
            if branch == UNDECIDED:
                unknown.add(item)
            else:
                tests[item, branch].add(sighting.test)
    excuses = {(each.module, each.part, each.branch): each.reason for each in impossible}
    branches = tuple(
        Branch(
            item=item,
            name=branch,
            tests=tuple(sorted(tests[item, branch])),
            excused=excuses.get((item.module, item.name, branch), ""),
            unknown=item in unknown,
        )
        for _, survey in sorted(surveys.items())
        for item in survey.items
        for branch in item.branches
    )
    _refuse_stale(branches, excuses)
    return Coverage(branches=branches)


def _exercised(survey: Survey, sighting: Sighting) -> Iterator[tuple[Item, str]]:
    observed = sighting.observed
    seen = _seen(survey, sighting)
    for item in survey.items:
        if item.kind == Kind.VALIDATION:
            yield from _checks(item, sighting)
        elif observed.accepted and _is_shown(item, sighting, seen):
            yield item, item.branches[0]
    for name, branches in observed.taken.items():
        item = survey.probes[name].item
        if item.owner in seen or (item.repeats and observed.accepted):
            yield from ((item, branch) for branch in branches)


def _checks(item: Item, sighting: Sighting) -> Iterator[tuple[Item, str]]:
    """Yield what a sighting tells of a validation or the like."""
    root, _, _ = item.owner.partition(".")
    # That of a resource is only asked where there is one.
    asked = root in {"check", "output", "var"} or item.owner in sighting.observed.present
    if sighting.observed.accepted and asked:
        yield item, "passed"
    if any(item.is_at(spot.file, spot.line) for spot in sighting.tripped):
        yield item, "tripped"


def _is_shown(item: Item, sighting: Sighting, seen: frozenset[str]) -> bool:
    """Tell whether an accepted plan shows a resource, an output or a variable to a test."""
    observed = sighting.observed
    if item.kind == Kind.VARIABLE:
        return item.owner in seen & observed.given
    if item.kind == Kind.RESOURCE:
        return item.owner in sighting.looked_at & observed.present
    return item.kind == Kind.OUTPUT and item.owner in sighting.looked_at


def _seen(survey: Survey, sighting: Sighting) -> frozenset[str]:
    """Return what a sighting shows, conditions of variables among it, which are always asked.

    A refusal shows only what the refusing conditions ask for.
    """
    observed, module = sighting.observed, survey.module
    if observed.accepted:
        # A resource that is not made cannot be looked at; what keeps it from being made can.
        absent = module.resources.keys() - observed.present
        decided = {
            target(name)
            for address in absent
            for over in (module.resources[address].for_each, module.resources[address].count)
            if over
            for name in over.references
        }
        through = {name for name in decided if name.startswith(("local.", "var."))}
        asked = {item.owner for item in survey.checked if item.owner.startswith("var.")}
        return reached(module, sighting.looked_at | through) | asked
    asked = {
        name
        for item, references in survey.checked.items()
        if any(item.is_at(spot.file, spot.line) for spot in sighting.tripped)
        for name in (item.owner, *references)
        if name.startswith(("local.", "var."))
    }
    return reached(module, asked)


def _refuse_stale(branches: Iterable[Branch], excuses: Mapping[tuple[str, str, str], str]) -> None:
    left = dict(excuses)
    for branch in branches:
        key = (branch.item.module, branch.item.name, branch.name)
        if key in left and not branch.covered:
            del left[key]
    for module, part, branch_name in left:
        raise SettingsError(
            f"{module}: {part!r} ({branch_name}) is said to be impossible, "
            "but is exercised or not there",
            "remove it from the list of what is impossible",
        )
