"""What ``tap`` finds on this machine, and what is wrong with it."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import msgspec

from tap import __version__
from tap.emulator.control import Emulator
from tap.errors import TapError
from tap.settings import load_settings
from tap.terraform.installation import (
    PROVIDER,
    SOFTWARE_FOLDERS,
    find_provider,
    find_terraform,
    platform_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        subject: What it is, in one word.
        ok: Whether it can be used.
        text: What was found, or what is wrong.
        hint: The next command or change when it is not ok.
    """

    subject: str
    ok: bool
    text: str
    hint: str = ""


def examine(
    folder: Path,
    environ: Mapping[str, str],
    *,
    home: Path,
    software_folders: tuple[str, ...] = SOFTWARE_FOLDERS,
) -> list[Finding]:
    """Look at everything ``tap`` depends on; nothing is started or changed.

    Args:
        folder: Where ``tap`` was called.
        environ: The variables of the user.
        home: The home folder of the user.
        software_folders: Where a mirror of the provider may be, on any machine.
    """
    return [
        _python(),
        _finding("project", lambda: _project(folder, environ)),
        _finding("terraform", lambda: _terraform(environ)),
        _finding("provider", lambda: _provider(environ, home, software_folders)),
        _finding("emulator", lambda: _emulator(folder, environ)),
    ]


def _finding(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject=subject, ok=True, text=look())
    except TapError as error:
        return Finding(subject=subject, ok=False, text=error.message, hint=error.hint)


def _python() -> Finding:
    return Finding(
        subject="python",
        ok=True,
        text=f"{platform.python_version()} at {sys.executable}, tap {__version__}",
    )


def _project(folder: Path, environ: Mapping[str, str]) -> str:
    settings = load_settings(folder, environ)
    return f"{settings.project} at {settings.root}: {', '.join(settings.environments)}"


def _terraform(environ: Mapping[str, str]) -> str:
    found = find_terraform(environ)
    why = "TAP_TERRAFORM" if environ.get("TAP_TERRAFORM") else "PATH"
    return f"{found.version} at {found.path} (from {why})"


def _provider(environ: Mapping[str, str], home: Path, software_folders: tuple[str, ...]) -> str:
    source = find_provider(environ, home=home, software_folders=software_folders)
    name = PROVIDER.partition("/")[2]
    if source.origin == "registry":
        return f"{name} from the public registry: no mirror for {platform_name()} was found"
    versions = f" {', '.join(source.versions)}" if source.versions else ""
    return f"{name}{versions} from {source.location} ({source.origin})"


def _emulator(folder: Path, environ: Mapping[str, str]) -> str:
    settings = load_settings(folder, environ)
    status = Emulator(settings.work_directory / "emulator", environ=environ).status()
    if not status.running:
        return "not running; the commands that need it start it"
    notes = "; ".join(status.notices)
    return f"{status.endpoint} (process {status.pid})" + (f"; {notes}" if notes else "")
