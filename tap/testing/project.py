"""A copy of a project in which tests run ``tap``, as somebody would who has set nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.settings import load_settings, target_name
from tap.testing.forked import run_forked
from tap.workspace import find_target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.aws import Target

TAP = Path(sys.executable).parent / "tap"

_PYTHONPATH = os.environ.get("PYTHONPATH")

# What would make commands of a test depend on who runs it.
_FOREIGN_VARIABLES = ("AWS_", "TAP_", "TF_", "LOCALSTACK_")
# But not what finds the programs.
_PROGRAMS = {"TAP_PROVIDER_MIRROR", "TAP_TERRAFORM"}
_NOT_COPIED = shutil.ignore_patterns(".terraform", ".tap", "__pycache__")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it printed, for messages."""
        return f"$ {' '.join(self.args)}\n{self.stdout}{self.stderr}exit {self.returncode}"


@dataclass(frozen=True)
class Project:
    """A copy of a project in which real commands are run.

    Attributes:
        directory: The folder with ``tap.toml``.
        variables: Set for every command.
    """

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the variables of a person who has set nothing of their own."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if key in _PROGRAMS or not key.startswith(_FOREIGN_VARIABLES)
        }
        fixed = {"HOME": str(self.directory / "home"), "NO_COLOR": "1"}
        if self.variables.get("TAP_TARGET") != "aws":
            # What an apply leaves behind when its test is killed goes with its emulator.
            fixed["TAP_WARM_APPLY"] = "1"
        return {**kept, **fixed, **self.variables, **extra}

    @property
    def target(self) -> Target:
        """What its commands talk to; starts the project's own emulator if that is ``local``."""
        name = target_name(self.variables.get("TAP_TARGET", "local"))
        return find_target(name, load_settings(self.directory, self.variables), self.environ())

    def start(self, *args: str, **extra: str) -> subprocess.Popen[str]:
        """Start ``tap`` and return at once."""
        return subprocess.Popen(  # noqa: S603 - the words are the test's own
            [TAP, *args],
            cwd=self.directory,
            env=self.environ(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str, expected: int | None = 0, **extra: str) -> Ended:
        """Run ``tap`` to its end and check the exit code.

        Args:
            args: The words after ``tap``.
            expected: The exit code that must come; None accepts any.
            extra: Variables to set.
        """
        environ = self.environ(**extra)
        if environ.get("PYTHONPATH") != _PYTHONPATH:
            # Python looks at it when it starts, and may find another tap there.
            with self.start(*args, **extra) as process:
                stdout, stderr = process.communicate()
            ended = (process.returncode, stdout, stderr)
        else:
            ended = run_forked(args, self.directory, environ)
        return _checked(Ended(("tap", *args), *ended), expected)

    def shell(self, command: str, *, expected: int | None = 0, **extra: str) -> Ended:
        """Run a command as documents have it, to its end, and check the exit code.

        Args:
            command: Such as ``make plan ENV=dev`` or ``.venv/bin/tap status dev``.
            expected: The exit code that must come; None accepts any.
            extra: Variables to set.
        """
        done = subprocess.run(  # noqa: S603 - the words are the test's own
            ["bash", "-c", command],  # noqa: S607 - as the person's own shell is found
            cwd=self.directory,
            env=self.environ(**extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        return _checked(Ended((command,), done.returncode, done.stdout, done.stderr), expected)


def copy_project(source: Path, directory: Path, names: Iterable[str]) -> None:
    """Copy files and folders of a project into a new folder, which appears when it is whole.

    Args:
        source: The folder with ``tap.toml``.
        directory: The folder to make.
        names: What to copy, from ``source``.
    """
    fresh = directory.with_suffix(".new")
    # What a copy that was cut off has left.
    shutil.rmtree(fresh, ignore_errors=True)
    for name in names:
        original = source / name
        if original.is_dir():
            shutil.copytree(original, fresh / name, ignore=_NOT_COPIED)
        else:
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(original, fresh / name)
    (fresh / "home").mkdir(parents=True, exist_ok=True)
    fresh.rename(directory)


def _checked(ended: Ended, expected: int | None) -> Ended:
    if expected is not None and ended.returncode != expected:
        pytest.fail(ended.text)
    return ended
