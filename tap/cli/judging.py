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
    from tap.terraform.review import Said
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


def said_by_rules(judgement: Judgement) -> Said:
    """Return the verdict, then what was found and which waivers have to go.

    A waiver that has to go does not speak against an apply.
    """
    from tap.reports.findings import finding_line, verdict_line, waiver_text
    from tap.terraform.review import Said

    verdict = judgement.verdict
    lines = [verdict_line(judgement), *map(finding_line, judgement.failed)]
    for what, waivers in (("expired", verdict.expired), ("unused", verdict.unused)):
        lines += [f"  waiver {what}: {waiver_text(waiver)}" for waiver in waivers]
    return Said(lines=tuple(lines), against=len(judgement.blocking))


def refuse_broken(said: Said, request: Request) -> None:
    """Say what the rules said of a plan, and refuse to apply what breaks them.

    Raises:
        RulesBrokenError: A finding at or above the limit is not waived.
    """
    for line in said.lines:
        notice(line)
    if said.against:
        number = said.against
        raise RulesBrokenError(
            f"the plan of {request.label} has {number} finding{'s' * (number != 1)} of severity "
            f"{request.settings.check.fail_on} or above; nothing was changed",
            f"{check_command(request)} says why and how to correct each; then plan again, or "
            "accept it for a while by a waiver in tap.toml",
        )


def check_command(request: Request) -> str:
    """Return the command that judges the saved plan of the same copy of an environment."""
    return f"tap check --env {shlex.join(request.words.split())}"
