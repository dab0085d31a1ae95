"""Rules of what environments have in common and should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.errors import HclError
from tap.hcl import load_module
from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.hcl import Expression, Module, ModuleCall
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
    beside = tuple(_beside(module.sources.root))
    for call in module.declared.module_calls.values():
        others = [
            found
            for folder, other in beside
            for found in other.module_calls.values()
            if _same_source(call, module.sources.root, found, folder)
        ]
        given = dict(_thresholds(call))
        if not others or not given:
            continue
        if all(dict(_thresholds(other)) == given for other in others):
            told = ", ".join(f"{name} = {value}" for name, value in sorted(given.items()))
            yield module.fault(call, f"{told} is the same in {len(others) + 1} roots")


def _beside(root: Path) -> Iterator[tuple[Path, Module]]:
    """Yield the other folders beside a root that hold Terraform, as far as they can be read."""
    for folder in sorted(root.parent.iterdir()):
        if folder == root or not any(folder.glob("*.tf")):
            continue
        try:
            yield folder, load_module(folder)
        except HclError:
            continue


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
