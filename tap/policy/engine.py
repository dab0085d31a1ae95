"""Judge a plan, its sources or both by rules."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tap.policy.finding import Finding, Outcome
from tap.policy.rule import PlanCheck, ResourceCheck, SourceCheck
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned
    from tap.policy.rule import Rule
    from tap.policy.sources import Sources


def judge(
    rules: Iterable[Rule], *, plan: Planned | None = None, sources: Sources | None = None
) -> tuple[Finding, ...]:
    """Return everything that some rules have to say, worst first, then by rule and address.

    A rule whose scope is not at hand says nothing.

    Args:
        rules: In any order.
        plan: The plan, if there is one.
        sources: The HCL, if it is at hand.
    """
    found = {
        Finding(
            rule=rule,
            address=fault.address,
            message=fault.message,
            outcome=fault.outcome,
            file=fault.file,
            line=fault.line,
        )
        for rule in rules
        for fault in _faults(rule, plan, sources)
    }
    return tuple(sorted(found, key=order))


def is_judged(rule: Rule, *, plan: Planned | None, sources: Sources | None) -> bool:
    """Tell whether what a rule reads is at hand."""
    return (sources if isinstance(rule.check, SourceCheck) else plan) is not None


def _faults(rule: Rule, plan: Planned | None, sources: Sources | None) -> Iterator[Fault]:
    match rule.check:
        case ResourceCheck(function, types) if plan is not None:
            for resource in plan.resources(*types):
                yield from _tried(partial(function, resource), plan)
        case PlanCheck(whole) if plan is not None:
            yield from _tried(partial(whole, plan), plan)
        case SourceCheck(written) if sources is not None:
            for module in sources.modules:
                yield from written(module)


def _tried(function: Callable[[], Iterable[Fault]], plan: Planned) -> Iterator[Fault]:
    """Yield the faults a function finds, and as the last one what it could not know."""
    try:
        yield from function()
    except UnknownValueError as error:
        fault = plan.by_address[error.address].fault(str(error))
        yield replace(fault, outcome=Outcome.UNKNOWN)


def order(finding: Finding) -> tuple[int, str, str, str]:
    """Return what findings are sorted by: worst first, then by rule and address."""
    return -finding.rule.severity.rank, finding.rule.id, finding.address, finding.message
