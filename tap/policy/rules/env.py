"""Rules of what environments have in common and should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.hcl import Expression, ModuleCall
    from tap.policy.finding import Fault
    from tap.policy.sources import SourceModule

_THRESHOLDS = "threshold"


@source_rule(
    "ENV-01",
    Severity.LOW,
    "Alarms have the same thresholds in every environment",
    rationale="A limit that fits production never rings in a small environment, and one that fits "
    "the small one always rings in production.",
    remediation="""\
module "stack" {
  source = "../_stack"

  alarms = {
    thresholds = { database_connections = 500 }
  }
}
""",
)
def same_thresholds(module: SourceModule) -> Iterator[Fault]:
    """Of the roots beside each other that call one module, not all give it the same thresholds."""
    if not module.is_root:
        return
    for call in module.declared.module_calls.values():
        given = dict(_thresholds(call)) or dict(_defaults(module, call))
        if not given:
            continue
        others = [
            found
            for folder, other in module.sources.beside()
            for found in other.module_calls.values()
            if _same_source(call, module.sources.root, found, folder)
        ]
        if others and all(_gives_same(other, given) for other in others):
            told = ", ".join(f"{name} = {value}" for name, value in sorted(given.items()))
            yield module.fault(call, f"{told} is the same in {len(others) + 1} roots")


def _gives_same(call: ModuleCall, given: dict[str, str]) -> bool:
    """Tell whether a call gives the same, or nothing where the others give nothing."""
    found = dict(_thresholds(call))
    return found == given or (not found and all("default" in value for value in given.values()))


def _defaults(module: SourceModule, call: ModuleCall) -> Iterator[tuple[str, str]]:
    """Yield the thresholds of a called module that are left at their defaults."""
    address = f"{module.addresses[0]}.module.{call.name}".removeprefix(".")
    called = module.sources.at(address)
    for variable in called.declared.variables.values() if called else ():
        if _THRESHOLDS in variable.name.lower() and variable.default is not None:
            yield variable.name, "its default"


def _same_source(one: ModuleCall, root: Path, other: ModuleCall, folder: Path) -> bool:
    if one.source.startswith(".") and other.source.startswith("."):
        return (root / one.source).resolve() == (folder / other.source).resolve()
    return one.source == other.source


def _thresholds(call: ModuleCall) -> Iterator[tuple[str, str]]:
    """Yield name and source of what a call gives as thresholds, wherever in its arguments."""
    for name, expression in call.arguments.items():
        yield from _named(name, expression)


def _named(name: str, expression: Expression) -> Iterator[tuple[str, str]]:
    if _THRESHOLDS in name.lower():
        yield name, " ".join(expression.text.split())
    else:
        for inner, part in expression.entries.items():
            yield from _named(inner, part)
