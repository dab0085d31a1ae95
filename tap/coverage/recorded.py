"""What tests saw of modules, from the plans that were recorded while they ran."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tap.coverage.records import PlanRecord, Read, read_plan, read_tests
from tap.coverage.sighting import Observed, Sighting, observe, tells, tripped_spots
from tap.evaluation import World, parent_call
from tap.hcl.loader import load_module
from tap.plan import Configuration, Plan
from tap.plan.configuration import without_keys
from tap.plan.model import StateValues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap.coverage.survey import Survey
    from tap.hcl import Expression, Module

_NOTHING = Plan(format_version="1.2", planned_values=StateValues(), configuration=Configuration())
_CHILD_OUTPUT = 3


def recorded_sightings(folder: Path, surveys: Mapping[str, Survey]) -> Iterator[Sighting]:
    """Yield what every recorded test saw.

    Args:
        folder: The folder of the records.
        surveys: The modules that are measured, by their folder within the repository.
    """
    plans: dict[str, RecordedPlan] = {}
    for test in read_tests(folder):
        by_plan: dict[str, set[Read]] = defaultdict(set)
        for read in test.reads:
            by_plan[read.plan].add(read)
        for digest, reads in by_plan.items():
            if digest not in plans:
                plans[digest] = RecordedPlan(read_plan(folder, digest), surveys)
            yield from plans[digest].sightings(test.test, reads)


class RecordedPlan:
    """One recorded plan or refusal.

    Args:
        record: The record.
        surveys: The modules that are measured, by their folder within the repository.
    """

    def __init__(self, record: PlanRecord, surveys: Mapping[str, Survey]) -> None:
        self._surveys = surveys
        self._root = Path(record.root)
        self._refused = tripped_spots(record.errors)
        self._folders: dict[str, Path | None] = {"": self._root}
        self._modules: dict[str, Module | None] = {"": _loaded(record)}
        plan = msgspec.convert(record.plan, Plan) if record.plan else _NOTHING
        self._accepted = record.plan is not None
        self._world = World(plan, self._module)
        self._observed: dict[str, Observed] = {}

    def sightings(self, test: str, reads: Iterable[Read]) -> Iterator[Sighting]:
        """Yield what a test saw of the modules in the plan."""
        if not self._accepted:
            yield from self._refusals(test)
            return
        for address, looked_at in self._looked_at(reads).items():
            name = self._name(address)
            if name and looked_at:
                yield Sighting(
                    test=test, observed=self._observe(address, name), looked_at=looked_at
                )

    def _refusals(self, test: str) -> Iterator[Sighting]:
        root = self._modules[""]
        for address in [f"module.{name}" for name in root.module_calls] if root else []:
            name = self._name(address)
            if not name:
                continue
            owners = {
                item.owner
                for item in self._surveys[name].items
                for spot in self._refused
                if item.is_at(spot.file, spot.line)
            }
            if owners:
                yield Sighting(
                    test=test,
                    observed=msgspec.structs.replace(self._observe(address, name), accepted=False),
                    looked_at=frozenset(owners),
                    tripped=self._refused,
                )

    def _looked_at(self, reads: Iterable[Read]) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        attributes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for read in reads:
            if read.block.startswith("output."):
                for module, output in self._followed(read.module, read.block, read.name):
                    found[module].add(output)
            else:
                attributes[read.module, read.block].add(read.name)
        for (module, block), names in attributes.items():
            if tells(names):
                found[module].add(block)
        for module in list(found):
            inner = module
            while inner:
                inner, name, _ = parent_call(inner)
                found[inner].add(f"module.{name}")
        return {module: frozenset(blocks) for module, blocks in found.items()}

    def _followed(self, address: str, block: str, key: str) -> Iterator[tuple[str, str]]:
        """Yield an output with the outputs of called modules that it hands on."""
        yield address, block
        module = self._module(without_keys(address))
        output = module.outputs.get(block.removeprefix("output.")) if module else None
        value = output.value if output else None
        for called, name in _handed_on(value, key) if value else ():
            yield from self._followed(f"{address}.{called}".lstrip("."), f"output.{name}", "")

    def _observe(self, address: str, name: str) -> Observed:
        if address not in self._observed:
            parent, call, _ = parent_call(address)
            caller = self._module(without_keys(parent))
            given = caller.module_calls[call].arguments if caller else {}
            self._observed[address] = observe(
                self._surveys[name], self._world, address, module=name, given=given
            )
        return self._observed[address]

    def _name(self, address: str) -> str:
        """Return which measured module an instance is of; empty for none."""
        folder = self._folder(without_keys(address))
        return next((name for name in self._surveys if _is_of(folder, name)), "")

    def _module(self, address: str) -> Module | None:
        if address not in self._modules:
            name = self._name(address)
            self._modules[address] = self._surveys[name].module if name else None
        return self._modules[address]

    def _folder(self, address: str) -> Path | None:
        if address not in self._folders:
            parent, name, _ = parent_call(address)
            outer, folder = self._module(parent), self._folder(parent)
            call = outer.module_calls.get(name) if outer else None
            local = call is not None and call.source.startswith(("./", "../"))
            # The folder may be gone, so the path is all there is.
            self._folders[address] = (
                Path(os.path.normpath(folder / call.source)) if call and local and folder else None
            )
        return self._folders[address]


def _is_of(folder: Path | None, name: str) -> bool:
    parts = Path(name).parts
    return folder is not None and folder.parts[-len(parts) :] == parts


def _handed_on(value: Expression, key: str) -> Iterator[tuple[str, str]]:
    """Yield module calls and their outputs that a value, or what has a key in it, is made of."""
    for reference in value.entries.get(key, value).references:
        steps = reference.split(".")
        if steps[0] == "module" and len(steps) >= _CHILD_OUTPUT:
            yield f"module.{steps[1]}", steps[2]
        elif steps[0] == "module" and key:
            yield f"module.{steps[1]}", key


def _loaded(record: PlanRecord) -> Module | None:
    if not record.files:
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name, text in record.files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return load_module(Path(folder))
