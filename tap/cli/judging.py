"""The rules as commands use them: on a plan they made, or on what they were pointed at."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap.cli.console import notice
from tap.errors import RulesBrokenError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tap.plan import Plan
    from tap.policy import Judgement, Rule, Severity, Sources, Subject
    from tap.settings import Environment, Settings
    from tap.workspace import Request, Workspace


def judge_plan(plan: Plan, workspace: Workspace) -> Judgement:
    """Judge a plan of an environment, with the files that it was made of.

    Raises:
        SettingsError: A waiver cannot be used.
    """
    from tap.policy import Severity, all_rules

    settings = workspace.request.settings
    return judged(
        [environment_subject(settings, workspace.request.environment, plan)],
        all_rules(),
        settings=settings,
        fail_on=Severity(settings.check.fail_on),
    )


def judged(
    subjects: Sequence[Subject],
    rules: Sequence[Rule],
    *,
    settings: Settings | None,
    fail_on: Severity,
    fail_on_unknown: bool = False,
) -> Judgement:
    """Judge with the waivers of a project, if there is one.

    Raises:
        SettingsError: A waiver cannot be used.
    """
    from tap.policy import all_rules, examine, settings_waivers

    known = {rule.id for rule in all_rules()}
    return examine(
        subjects,
        rules,
        waivers=settings_waivers(settings.waivers, known) if settings else (),
        known=known,
        fail_on=fail_on,
        today=datetime.now(UTC).date(),
        fail_on_unknown=fail_on_unknown,
    )


def environment_subject(
    settings: Settings, environment: Environment, plan: Plan | None = None
) -> Subject:
    """Return an environment as something to judge: its files, and a plan of it.

    Raises:
        HclError: Its folder holds no HCL.
    """
    from tap.policy import Planned, Subject

    sources = read_sources(environment.directory, settings)
    planned = None
    if plan is not None:
        planned = Planned(
            plan, sources=sources, environment=environment.name, protected=environment.protected
        )
    folder = environment.directory.relative_to(settings.root).as_posix()
    return Subject(
        name=f"the plan of {environment.name}" if plan else folder,
        plan=planned,
        sources=sources,
        environment=environment.name,
    )


def read_sources(root: Path, settings: Settings | None) -> Sources:
    """Read a root and the local modules it calls; a project keeps what was parsed.

    Raises:
        HclError: The folder holds no HCL.
    """
    from pathlib import Path

    from tap.policy import Sources

    if settings is None:
        return Sources(root, base=Path.cwd())
    return Sources(root, base=settings.root, cache=settings.work_directory / "hcl")


def say_verdict(judgement: Judgement, *, findings: bool = True) -> None:
    """Say on standard error the verdict and, where that is wanted, what was found."""
    from tap.reports.findings import finding_line, verdict_line, waiver_text

    notice(verdict_line(judgement))
    if not findings:
        return
    for finding in judgement.failed:
        notice(finding_line(finding))
    verdict = judgement.verdict
    for what, waivers in (("expired", verdict.expired), ("unused", verdict.unused)):
        for waiver in waivers:
            notice(f"  waiver {what}: {waiver_text(waiver)}")


def refuse_broken(judgement: Judgement, request: Request) -> None:
    """Refuse to apply what breaks rules; a waiver that has to go does not hold up an apply.

    Raises:
        RulesBrokenError: A finding at or above the limit is not waived.
    """
    say_verdict(judgement)
    if judgement.blocking:
        number = len(judgement.blocking)
        raise RulesBrokenError(
            f"the plan of {request.label} has {number} finding{'s' * (number != 1)} of severity "
            f"{judgement.fail_on} or above; nothing was changed",
            f"{check_command(request)} says why and how to correct each; then plan again, or "
            "accept it for a while by a waiver in tap.toml",
        )


def check_command(request: Request) -> str:
    """Return the command that judges the saved plan of the same copy of an environment."""
    return f"tap check --env {shlex.join(request.words.split())}"
