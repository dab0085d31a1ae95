"""``tap atlantis``: write what Atlantis reads, and hold it fresh."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice
from tap.errors import TapError

if TYPE_CHECKING:
    from tap.reports.atlantis import Project
    from tap.settings import Environment, Settings

# What concerns every environment: settings, rules and waivers.
_WATCHED = ("tap.toml", "tap/**/*.py")


@click.group()
def atlantis() -> None:
    """Write atlantis.yaml, which tells Atlantis of the environments."""


@atlantis.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if the file is not up to date.")
def generate(*, check: bool) -> None:
    """Write atlantis.yaml: a project for each environment.

    It says when each is planned (a file of its root, of a module that it calls, or of tap.toml has
    changed) and in which order they are applied (protected ones last).
    """
    from tap.reports.atlantis import atlantis_yaml
    from tap.settings import load_settings

    settings = load_settings(Path.cwd(), os.environ)
    projects = [_project(found, settings) for found in settings.environments.values()]
    wanted = atlantis_yaml(projects, root=settings.root, watched=_WATCHED)
    file = settings.root / "atlantis.yaml"
    if file.is_file() and file.read_text(encoding="utf-8") == wanted:
        notice("atlantis.yaml is up to date")
    elif check:
        state = "is not up to date" if file.is_file() else "is missing"
        raise TapError(f"atlantis.yaml {state}", "write it: tap atlantis generate")
    else:
        file.write_text(wanted, encoding="utf-8")
        notice("wrote atlantis.yaml")


def _project(environment: Environment, settings: Settings) -> Project:
    """Return an environment with the modules that its files call.

    Raises:
        HclError: Its folder holds no HCL.
    """
    from tap.cli.judging import read_sources
    from tap.reports.atlantis import Project

    sources = read_sources(environment.directory, settings)
    return Project(
        name=environment.name,
        directory=environment.directory,
        folders=[module.folder for module in sources.modules],
        protected=environment.protected,
    )
