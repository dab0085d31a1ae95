"""States that Terraform could not save, kept until they are pushed.

Terraform writes such a state to ``errored.tfstate`` in the root, where the copies of an
environment share one name and the next failure overwrites it. ``tap`` takes it from there at
once. Until it is pushed nothing is planned or applied: resources that only it knows would be made
a second time, and with the next apply the kept state would be too old to be pushed.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap.errors import TapError

if TYPE_CHECKING:
    from pathlib import Path

_ERRORED = "errored.tfstate"


def errored_file(directory: Path) -> Path:
    """Return where Terraform, run in a root, writes a state that it cannot save."""
    return directory / _ERRORED


def claim(directory: Path, unsaved: Path | None, *, since: float) -> Path | None:
    """Take a state that a run in a root could not save.

    Args:
        directory: The root.
        unsaved: The folder for such states.
        since: When the run began, in seconds since 1970; an older file is another run's.

    Returns:
        Where it is now; None if there is none.
    """
    errored = errored_file(directory)
    try:
        written = errored.stat().st_mtime
    except FileNotFoundError:
        return None
    # File systems that count whole seconds round down.
    if written < int(since):
        return None
    if unsaved is None:
        return errored
    unsaved.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(written, UTC)
    kept = unsaved / f"{moment:%Y%m%dT%H%M%S.%fZ}.tfstate"
    errored.chmod(0o600)
    try:
        errored.rename(kept)
    except OSError:
        # Another file system: the original goes only after the copy is complete.
        fresh = kept.with_suffix(".new")
        shutil.copy2(errored, fresh)
        with fresh.open("rb") as stream:
            os.fsync(stream.fileno())
        fresh.replace(kept)
        errored.unlink()
    return kept


def unsaved_states(unsaved: Path | None) -> list[Path]:
    """Return the states that wait to be pushed, oldest first."""
    return sorted(unsaved.glob("*.tfstate")) if unsaved is not None else []


def refuse_unsaved(unsaved: Path | None, words: str) -> None:
    """Refuse to go on while a state waits to be pushed.

    Args:
        unsaved: The folder for such states.
        words: What names the environment in a command of ``tap``.

    Raises:
        TapError: One waits.
    """
    waiting = unsaved_states(unsaved)
    if waiting:
        raise TapError(
            f"an earlier apply could not save its state; it is kept in {waiting[0]}",
            f"tap state recover {words}",
        )
