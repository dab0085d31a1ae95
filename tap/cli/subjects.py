"""What commands that judge are pointed at: roots, environments and plans."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tap.cli.console import keep_secret, notice
from tap.cli.judging import environment_subject, read_sources
from tap.errors import HclError, PlanError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.plan import Plan
    from tap.policy import Sources, Subject
    from tap.settings import Environment, Settings
    from tap.workspace import Request

_STANDARD_INPUT = "-"


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """What the command line says.

    Attributes:
        path: A folder.
        plan_file: A plan in JSON, or ``-``.
        environment: Name of an environment.
        target: Of which target its saved plan is.
        suffix: Of which copy of it.
    """

    path: Path | None
    plan_file: str | None
    environment: str | None
    target: str
    suffix: str

    def __post_init__(self) -> None:
        if self.path and self.environment:
            raise SettingsError(
                f"both a folder ({self.path}) and --env {self.environment} were given",
                f"leave one of them out: tap check --env {self.environment}",
            )

    @cached_property
    def settings(self) -> Settings | None:
        """The project around it; None where there is no ``tap.toml``.

        Raises:
            SettingsError: ``tap.toml`` cannot be used, or ``--env`` needs one.
        """
        from tap.settings import find_file, load_settings

        start = self.path or Path.cwd()
        if self.environment is None and find_file(start) is None:
            return None
        return load_settings(start, os.environ)

    def subjects(self) -> list[Subject]:
        """Return what to judge.

        Raises:
            TapError: Something of it is not there or cannot be read.
        """
        plan = read_plan_file(self.plan_file) if self.plan_file else None
        settings = self.settings
        if settings and self.environment:
            environment = settings.environment(self.environment)
            plan = plan or self._saved_plan(settings, environment)
            return [environment_subject(settings, environment, plan)]
        if plan is None and settings and (self.path or settings.root).samefile(settings.root):
            return project_subjects(settings)
        return [self._subject(settings, plan)]

    def _subject(self, settings: Settings | None, plan: Plan | None) -> Subject:
        """Return a folder, a plan, or both."""
        from tap.policy import Planned, Subject

        if settings and self.path:
            for environment in settings.environments.values():
                if environment.directory.samefile(self.path):
                    return environment_subject(settings, environment, plan)
        folder = self.path or (None if plan else Path.cwd())
        sources = read_sources(folder, settings) if folder else None
        names = [self._plan_name] if plan else []
        return Subject(
            name=" with ".join([*names, *([_shown(folder)] if folder else [])]),
            plan=None if plan is None else Planned(plan, sources=sources),
            sources=sources,
        )

    @property
    def _plan_name(self) -> str:
        return "standard input" if self.plan_file == _STANDARD_INPUT else str(self.plan_file)

    def _saved_plan(self, settings: Settings, environment: Environment) -> Plan | None:
        """Return the plan that ``tap plan`` has saved; None, and a notice, without one."""
        request = _request(settings, environment, self.target, self.suffix)
        if not request.plan_file.is_file():
            notice(
                f"there is no saved plan of {request.label}, so its files alone are judged; "
                f"make one: tap plan {request.words}"
            )
            return None
        return _shown_plan(request)


def environment_request(environment: str, target: str, suffix: str) -> Request:
    """Return what a command line asks for, before anything of it is started.

    Raises:
        SettingsError: A name is unknown, or ``tap.toml`` cannot be used.
    """
    from tap.settings import load_settings

    settings = load_settings(Path.cwd(), os.environ)
    return _request(settings, settings.environment(environment), target, suffix)


def saved_plan(request: Request, *, otherwise: str = "") -> Plan:
    """Return the plan that ``tap plan`` has saved.

    Args:
        request: Of which copy of which environment.
        otherwise: What else can be done where there is none, to end the hint with.

    Raises:
        SettingsError: There is none.
    """
    if not request.plan_file.is_file():
        raise SettingsError(
            f"there is no saved plan of {request.label}",
            f"make one: tap plan {request.words}{otherwise}",
        )
    return _shown_plan(request)


def _request(settings: Settings, environment: Environment, target: str, suffix: str) -> Request:
    from tap.settings import check_suffix, target_name
    from tap.workspace import Request

    return Request(
        settings=settings,
        environment=environment,
        target=target_name(target),
        suffix=check_suffix(suffix),
        environ=os.environ,
    )


def _shown_plan(request: Request) -> Plan:
    from tap.cli.session import open_environment

    workspace, progress = open_environment(
        request.environment.name, request.target, suffix=request.suffix
    )
    try:
        return workspace.root.show(request.plan_file).plan
    finally:
        progress.clear()


def read_plan_file(name: str) -> Plan:
    """Return a plan in JSON; its secrets are not printed from then on.

    Raises:
        PlanError: It is not there, or no plan in JSON.
    """
    from tap.plan import Plan, secret_values

    shown = "standard input" if name == _STANDARD_INPUT else name
    try:
        text = sys.stdin.buffer.read() if name == _STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise PlanError(f"{shown}: cannot be read: {error.strerror}", "check the path") from None
    try:
        plan = Plan.decode(text)
    except PlanError as error:
        file = "PLANFILE" if name == _STANDARD_INPUT else shlex.quote(name)
        raise PlanError(
            f"{shown}: {error.message}",
            f"in its root: terraform show -json {file} | tap check --plan -"
            if text.startswith(b"PK")
            else error.hint,
        ) from None
    keep_secret(secret_values(plan))
    return plan


def project_subjects(settings: Settings) -> list[Subject]:
    """Return every environment, the backend, and each module that none of them calls.

    Raises:
        HclError: There is none of them.
    """
    from tap.policy import Subject

    subjects = [environment_subject(settings, item) for item in settings.environments.values()]
    reached = {
        module.folder for item in subjects if item.sources for module in item.sources.modules
    }
    for sources in _other_roots(settings, reached):
        name = sources.root.relative_to(settings.root).as_posix()
        subjects.append(Subject(name=name, sources=sources))
    if not subjects:
        raise HclError(
            f"{settings.root}: holds neither environments nor modules",
            "give the folder of a Terraform root: tap check PATH",
        )
    return subjects


def _other_roots(settings: Settings, reached: set[Path]) -> Iterator[Sources]:
    folders = [settings.root / "backend", *sorted(settings.root.glob("modules/*"))]
    for folder in folders:
        if any(folder.glob("*.tf")) and folder.resolve() not in reached:
            yield read_sources(folder, settings)


def _shown(folder: Path) -> str:
    folder = folder.resolve()
    here = Path.cwd()
    if folder == here:
        return folder.name
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
