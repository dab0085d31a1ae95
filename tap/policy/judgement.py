"""What was judged by which rules, and what speaks against it.

Several things can be judged at once, such as the roots of all environments, which share modules:
what is found in a shared file is said once, and a waiver is unused if nothing needed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tap.policy.engine import is_judged, judge, order
from tap.policy.finding import Outcome
from tap.policy.rules.tf import unreadable_file
from tap.policy.waivers import Verdict, comment_waivers, weigh

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from tap.policy.finding import Finding
    from tap.policy.planned import Planned
    from tap.policy.rule import Rule, Severity
    from tap.policy.sources import Sources
    from tap.policy.waivers import Accepted


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to judge.

    Attributes:
        name: What a report calls it, such as ``the plan of prod``.
        plan: The plan, if there is one.
        sources: The HCL, if it is at hand.
        environment: Name of the environment; empty for anything else.
    """

    name: str
    plan: Planned | None = None
    sources: Sources | None = None
    environment: str = ""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Everything that a report says.

    Attributes:
        subject: What was judged.
        rules: The rules that were asked, by id.
        verdict: What they found, and the waivers.
        fail_on: The lowest severity that counts.
        fail_on_unknown: Whether what is known only after apply counts like a fault.
        read: Files beside the HCL that rules looked at, or looked for.
    """

    subject: str
    rules: tuple[Rule, ...]
    verdict: Verdict
    fail_on: Severity
    fail_on_unknown: bool = False
    read: frozenset[Path] = frozenset()

    @cached_property
    def failed(self) -> tuple[Finding, ...]:
        """Faults that no waiver covers, also those below the limit."""
        return tuple(item for item in self.verdict.findings if item.outcome is Outcome.FAILED)

    @cached_property
    def unknown(self) -> tuple[Finding, ...]:
        """What the plan does not tell yet."""
        return tuple(item for item in self.verdict.findings if item.outcome is Outcome.UNKNOWN)

    @cached_property
    def blocking(self) -> tuple[Finding, ...]:
        """What must not be: at or above the limit, or a file that no rule could look into."""
        return tuple(item for item in self.verdict.findings if self.blocks(item))

    @property
    def passed(self) -> bool:
        """Whether nothing blocks, and no waiver has to go."""
        return not (self.blocking or self.verdict.expired or self.verdict.unused)

    def blocks(self, finding: Finding) -> bool:
        """Tell whether a finding that is not waived counts."""
        if finding.outcome is Outcome.UNKNOWN and not self.fail_on_unknown:
            return False
        counts = finding.rule.severity.rank >= self.fail_on.rank
        return counts or finding.rule is unreadable_file


def examine(
    subjects: Sequence[Subject],
    rules: Iterable[Rule],
    *,
    waivers: Sequence[Accepted],
    known: Collection[str],
    fail_on: Severity,
    today: date,
    fail_on_unknown: bool = False,
) -> Judgement:
    """Judge one or several things and weigh what was found.

    Files that cannot be read are always told, whatever rules are asked.

    Args:
        subjects: What to judge, one at least.
        rules: The rules to ask.
        waivers: Those of ``tap.toml``; those in the HCL are added.
        known: Ids of all rules there are.
        fail_on: The lowest severity that counts.
        today: The day, in UTC.
        fail_on_unknown: Whether what is known only after apply counts like a fault.

    Raises:
        SettingsError: A waiver in the HCL cannot be used.
    """
    asked = tuple(sorted({*rules, unreadable_file}, key=lambda rule: rule.id))
    judged = {
        rule
        for rule in asked
        for item in subjects
        if is_judged(rule, plan=item.plan, sources=item.sources)
    }
    verdicts = [
        weigh(
            judge(asked, plan=item.plan, sources=item.sources),
            (*waivers, *(comment_waivers(item.sources, known) if item.sources else ())),
            judged={
                rule.id for rule in asked if is_judged(rule, plan=item.plan, sources=item.sources)
            },
            environment=item.environment,
            today=today,
        )
        for item in subjects
    ]
    return Judgement(
        subject=", ".join(item.name for item in subjects),
        rules=tuple(rule for rule in asked if rule in judged),
        verdict=verdicts[0] if len(verdicts) == 1 else _joined(verdicts),
        fail_on=fail_on,
        fail_on_unknown=fail_on_unknown,
        read=frozenset(file for item in subjects if item.sources for file in item.sources.read),
    )


def _joined(verdicts: Sequence[Verdict]) -> Verdict:
    """Return several verdicts as one, everything in it once."""
    found = {item: None for verdict in verdicts for item in verdict.findings}
    waived = {pair: None for verdict in verdicts for pair in verdict.waived}
    expired = {item: None for verdict in verdicts for item in verdict.expired}
    unused = {item: None for verdict in verdicts for item in verdict.unused}
    used = {accepted for _, accepted in waived}
    return Verdict(
        findings=tuple(sorted(found, key=order)),
        waived=tuple(waived),
        expired=tuple(expired),
        unused=tuple(item for item in unused if item not in used),
    )
