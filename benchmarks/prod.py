"""prod on an emulator of its own, for measurements that need it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import run
from tap.emulator.control import Emulator
from tap.settings import load_settings
from tap.workspace import Request, open_workspace
from tests.conftest import copy_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[1]


def as_people_have_it(environ: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """Return variables without what ``tap`` adds to them to make Terraform faster."""
    kept = {key: value for key, value in environ.items() if key != "GOGC"}
    return kept | {key: own[key] for key in ("GOGC",) if key in own}


@dataclass(frozen=True)
class Prod:
    """A copy of this project with an initialized environment.

    Attributes:
        project: Its folder.
        settings: Its settings.
        variables: Of a person who has set nothing of AWS or Terraform.
        suffix: Which copy of the environment is meant; empty for the first.
        name: The environment.
    """

    project: Path
    settings: Settings
    variables: dict[str, str]
    suffix: str = ""
    name: str = "prod"

    @property
    def root(self) -> Path:
        """The folder of the Terraform root."""
        return self.settings.environment(self.name).directory

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which Terraform runs by itself in the root."""
        workspace = open_workspace(
            Request(
                settings=self.settings,
                environment=self.settings.environment(self.name),
                target="local",
                suffix=self.suffix,
                environ=self.variables,
            )
        )
        environ = {**workspace.root.environ, "TF_DATA_DIR": str(workspace.root.data_directory)}
        return as_people_have_it(environ, self.variables)

    def tap(self, *words: str) -> str:
        """Run a command of ``tap`` and return what it printed."""
        command = [str(Path(sys.executable).parent / "tap"), *words]
        return run(command, cwd=self.project, environ=self.variables)


@contextmanager
def prod(work: Path) -> Iterator[Prod]:
    """Make the project in a folder; the emulator ends with the context."""
    project = work / "project"
    copy_repository(project)
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    settings = load_settings(project, own)
    try:
        yield Prod(project, settings, own)
    finally:
        Emulator(settings.work_directory / "emulator", environ=own).stop()
