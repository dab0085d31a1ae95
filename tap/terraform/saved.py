"""Saved plans as files: only their owner reads them, one command takes them, once."""

from __future__ import annotations

import errno
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.errors import SettingsError, StalePlanError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.terraform.manifest import Manifest

_PRIVATE = re.compile(r"\.(\d{1,9})(\.\d+)?(\.manifest\.json|\.shown)?")


def manifest_file(plan: Path) -> Path:
    """Return where the manifest of a plan is."""
    return plan.with_name(f"{plan.name}.manifest.json")


def review_file(plan: Path) -> Path:
    """Return where is kept what ``tap plan`` showed and judged."""
    return plan.with_name(f"{plan.name}.shown")


def _beside(plan: Path) -> tuple[Path, Path]:
    """Return the files that belong to a plan and are nothing without it."""
    return manifest_file(plan), review_file(plan)


@dataclass
class TakenPlan:
    """A saved plan that no other command can take any more.

    Attributes:
        file: Where it is now.
        public: Where it was saved.
        spent: Whether Terraform has begun to apply it; otherwise it is put back.
    """

    file: Path
    public: Path
    spent: bool = False


@contextmanager
def private_plan(public: Path) -> Iterator[Path]:
    """Yield a file beside a saved plan for one that no other command finds; gone afterwards.

    What a command that was killed has left there is removed, too, because plans hold secrets.
    """
    for other in public.parent.iterdir() if public.parent.is_dir() else ():
        if other.name.startswith(public.name):
            found = _PRIVATE.fullmatch(other.name.removeprefix(public.name))
            if found and not _is_alive(int(found.group(1))):
                other.unlink(missing_ok=True)
    if not public.exists():
        # It was written in the moment in which another command took its plan.
        review_file(public).unlink(missing_ok=True)
    file = public.with_name(f"{public.name}.{os.getpid()}")
    remove_plan(file)
    try:
        yield file
    finally:
        remove_plan(file)


def publish_plan(private: Path, public: Path, manifest: Manifest) -> None:
    """Put a plan and its manifest where ``tap apply`` looks for them."""
    _write(manifest_file(private), manifest.encode())
    # Of the plan that was there before.
    review_file(public).unlink(missing_ok=True)
    # Whoever takes the plan in between finds it does not fit, and refuses it.
    manifest_file(private).replace(manifest_file(public))
    private.replace(public)


def remove_plan(public: Path) -> None:
    """Remove a plan and what belongs to it, if it is there."""
    for file in (public, *_beside(public)):
        file.unlink(missing_ok=True)


@contextmanager
def taken_plan(public: Path) -> Iterator[TakenPlan]:
    """Take a saved plan, so that what is checked and shown is what is applied, once.

    It is put back unless Terraform has begun to apply it.

    Raises:
        StalePlanError: Another command has just taken it.
    """
    with private_plan(public) as file:
        try:
            public.rename(file)
        except FileNotFoundError:
            raise StalePlanError(
                f"{public.name} was taken by another tap apply", "plan again when that has ended"
            ) from None
        _move_beside(public, file)
        taken = TakenPlan(file, public)
        try:
            yield taken
        finally:
            if not taken.spent and not public.exists():
                _move_beside(file, public)
                file.rename(public)


def require_plan(file: Path, command: str) -> None:
    """Refuse a plan that was named and is not there.

    Raises:
        SettingsError: There is no such file.
    """
    if not file.is_file():
        raise SettingsError(f"there is no saved plan {file}", f"make it: {command}")


def _move_beside(old: Path, new: Path) -> None:
    for here, there in zip(_beside(old), _beside(new), strict=True):
        with suppress(FileNotFoundError):
            here.rename(there)


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        # Any other refusal means that it is there and belongs to somebody else.
        return error.errno != errno.ESRCH
    return True
