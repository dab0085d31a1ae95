"""Rules of the files themselves, whatever they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.sources import SourceModule


@source_rule(
    "TF-01",
    Severity.HIGH,
    "A file cannot be read",
    rationale="Terraform refuses it too, and no other rule sees what is in it.",
    remediation="Correct the file; terraform fmt shows where Terraform stops reading.\n",
)
def unreadable_file(module: SourceModule) -> Iterator[Fault]:
    """Every file is HCL, and every local module is there."""
    if module.is_root:
        yield from module.sources.broken


@source_rule(
    "TF-02",
    Severity.LOW,
    "A variable is never read",
    rationale="Whoever sets it believes that it does something.",
    remediation="Remove the variable, or use it.\n",
)
def unread_variable(module: SourceModule) -> Iterator[Fault]:
    """Each variable is used by something other than its own validation."""
    if not module.complete:
        return
    for variable in module.declared.variables.values():
        if variable.name not in module.read_variables:
            yield module.fault(variable, f'variable "{variable.name}" is never read')
