"""What ``run`` blocks of a module's own tests exercise, as ``terraform test`` tells.

Terraform says nothing about failures that a run expects, so each such run is put into a file of its
own without ``expect_failures``: its failures are then told, each with the condition that it is of.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap.coverage.sighting import Sighting, observe, tripped_spots
from tap.evaluation import UNKNOWN, Attributes, Failure, Value, World
from tap.evaluation.expressions import evaluate
from tap.hcl.blocks import target
from tap.hcl.loader import parse_file
from tap.plan import Change, Configuration, Plan, ResourceChange
from tap.plan.model import StateValues, VariableValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.coverage.survey import Survey
    from tap.hcl import Block, Expression

_ENDING = ".tftest.hcl"
_FAILURES = "expect_failures"


class Run(NamedTuple):
    """A ``run`` block.

    Attributes:
        file: The name of its file.
        name: Its own name.
        variables: What it gives to the module.
        looked_at: What its assertions refer to.
        expected: What must fail.
    """

    file: str
    name: str
    variables: dict[str, Value]
    looked_at: frozenset[str]
    expected: frozenset[str]


class Told(NamedTuple):
    """What Terraform told about a run."""

    status: str
    changes: tuple[ResourceChange, ...]
    errors: str


def read_runs(folder: Path) -> tuple[Run, ...]:
    """Read the tests in a folder.

    Raises:
        HclError: A file cannot be read.
    """
    return tuple(
        _read(file.name, block, common)
        for file in sorted(folder.glob(f"*{_ENDING}"))
        for parsed in [parse_file(file)]
        for common in [_arguments(parsed.others)]
        for block in parsed.others
        if block.type == "run"
    )


def isolate_failures(folder: Path) -> None:
    """Give every run that expects failures a file of its own, in which it expects none.

    Raises:
        HclError: A file cannot be read.
    """
    for file in sorted(folder.glob(f"*{_ENDING}")):
        lines = file.read_text(encoding="utf-8").splitlines()
        runs = [block for block in parse_file(file).others if block.type == "run"]
        failing = [block for block in runs if _FAILURES in block.attributes]
        for number, block in enumerate(failing):
            # What was applied before is the state that it starts from.
            applied = [each for each in runs if each not in failing and _applies(each)]
            kept = [block, *(each for each in applied if each.first_line < block.first_line)]
            others = [each for each in runs if each not in kept]
            own = _without(lines, [*others, block.attributes[_FAILURES]])
            name = f"{file.name.removesuffix(_ENDING)}--{number}{_ENDING}"
            (folder / name).write_text("\n".join([*own, ""]), encoding="utf-8")
        file.write_text("\n".join([*_without(lines, failing), ""]), encoding="utf-8")


def told_of_runs(lines: Iterable[str]) -> dict[tuple[str, str], Told]:
    """Read the output of ``terraform test -json -verbose``.

    Returns:
        By the name of the file before :func:`isolate_failures`, and the name of the run.
    """
    told: dict[tuple[str, str], Told] = {}
    for line in lines:
        event = json.loads(line)
        run = event.get("@testrun")
        if run is None:
            continue
        file = Path(event["@testfile"]).name.removesuffix(_ENDING).partition("--")[0] + _ENDING
        status, changes, errors = told.get((file, run), Told("", (), ""))
        if plan := event.get("test_plan"):
            changes = msgspec.convert(plan.get("resource_changes", []), tuple[ResourceChange, ...])
        elif state := event.get("test_state"):
            changes = tuple(_made(state.get("root_module", {})))
        elif diagnostic := event.get("diagnostic"):
            errors = f"{errors}{_printed(diagnostic)}\n"
        elif event["type"] == "test_run":
            status = event["test_run"].get("status", status)
        told[file, run] = Told(status, changes, errors)
    return told


def sightings(
    survey: Survey, runs: Iterable[Run], told: dict[tuple[str, str], Told], *, module: str
) -> Iterator[Sighting]:
    """Yield what the runs that did what they should saw of their module.

    Args:
        survey: The module with probes.
        runs: Its tests.
        told: What Terraform told about them.
        module: The folder of the module within the repository.
    """
    for run in runs:
        status, changes, errors = told.get((run.file, run.name), Told("", (), ""))
        test = f"{module}/tests/{run.file}::{run.name}"
        world = _world(survey, run.variables, changes)
        if run.expected:
            spots = tripped_spots(errors)
            if status in {"error", "fail"} and spots:
                observed = observe(survey, world, "", module=module, given=run.variables)
                refused = msgspec.structs.replace(observed, accepted=False)
                yield Sighting(test=test, observed=refused, looked_at=run.expected, tripped=spots)
        elif status == "pass" and run.looked_at:
            observed = observe(survey, world, "", module=module, given=run.variables)
            yield Sighting(test=test, observed=observed, looked_at=run.looked_at)


def _world(
    survey: Survey, variables: dict[str, Value], changes: tuple[ResourceChange, ...]
) -> World:
    plan = Plan(
        format_version="1.2",
        planned_values=StateValues(),
        configuration=Configuration(),
        variables={name: VariableValue(value=value) for name, value in variables.items()},
        resource_changes=changes,
    )
    return World(plan, lambda address: None if address else survey.module)


def _read(file: str, block: Block, common: dict[str, Value]) -> Run:
    conditions = [each.attributes["condition"] for each in block.of_type("assert")]
    expected = block.attributes.get(_FAILURES)
    return Run(
        file=file,
        name=block.labels[0],
        variables=common | _arguments(block.blocks),
        looked_at=frozenset(target(name) for each in conditions for name in each.references),
        expected=frozenset(target(each) for each in expected.references)
        if expected
        else frozenset(),
    )


def _arguments(blocks: Iterable[Block]) -> dict[str, Value]:
    return {
        name: _value(expression)
        for block in blocks
        if block.type == "variables"
        for name, expression in block.attributes.items()
    }


def _value(expression: Expression) -> Value:
    if expression.is_literal and not isinstance(expression.value, dict | list):
        return expression.value
    try:
        return evaluate(expression.text, lambda _: Attributes(lambda _: UNKNOWN), file="variables")
    except Failure:
        return UNKNOWN


def _applies(run: Block) -> bool:
    command = run.attributes.get("command")
    return command is None or command.text != "plan"


def _without(lines: list[str], parts: Iterable[Block | Expression]) -> list[str]:
    gone = {number for part in parts for number in range(part.first_line, part.last_line + 1)}
    return [line for number, line in enumerate(lines, 1) if number not in gone]


def _made(module: dict[str, Any]) -> Iterator[ResourceChange]:
    for resource in module.get("resources", []):
        yield ResourceChange(
            address=resource["address"],
            mode=resource["mode"],
            type=resource["type"],
            name=resource["name"],
            index=resource.get("index"),
            change=Change(actions=("create",), after=resource.get("values")),
        )


def _printed(diagnostic: dict[str, Any]) -> str:
    """Return a diagnostic with its place as Terraform prints it without ``-json``."""
    place = diagnostic.get("range")
    where = f" on {place['filename']} line {place['start']['line']}, in it:" if place else ""
    return f"{diagnostic['summary']}{where}\n{diagnostic.get('detail', '')}"
