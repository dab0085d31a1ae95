"""Copies of a state on this machine, made before something may change it.

They may hold secrets, so only their owner can read them, and nothing of them is ever printed but
counts, names, lineage and serial.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap.errors import TapError
from tap.terraform.states import State, parse_state
from tap.terraform.storage import read_object, versions
from tap.terraform.unsaved import errored_file, unsaved_states

if TYPE_CHECKING:
    from pathlib import Path

    from tap.terraform.backend import Backend

KEPT = 20
"""How many backups are kept; the bucket has the older ones as versions."""

NOW = "now"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A state that is stored somewhere.

    Attributes:
        name: What commands call it.
        origin: ``current``, ``backup``, ``version`` or ``unsaved``.
        written: When it was written.
        content: The text.
        state: What stands in it; None if it is no state.
    """

    name: str
    origin: str
    written: datetime
    content: bytes
    state: State | None


@dataclass(frozen=True, kw_only=True)
class States:
    """All states of one copy of an environment, wherever they are.

    Attributes:
        backend: Where the current one and its versions are.
        key: Key of the state object.
        directory: The folder for backups.
        unsaved: The folder for states that Terraform could not save.
        root: The root, where Terraform may have left one.
    """

    backend: Backend
    key: str
    directory: Path
    unsaved: Path
    root: Path

    def current(self) -> Stored | None:
        """Return the state as it is now; None before the first apply.

        Raises:
            AwsError: S3 gave no answer.
        """
        found = read_object(self.backend, self.key)
        if found is None:
            return None
        place = f"s3://{self.backend.bucket}/{self.key}"
        return _stored(NOW, "current", found.modified, found.content, place)

    def back_up(self) -> Path | None:
        """Copy the current state into the folder for backups.

        Returns:
            The copy; None when there is nothing to copy.

        Raises:
            TapError: The folder cannot be written.
            AwsError: S3 gave no answer.
        """
        current = self.current()
        if current is None:
            return None
        # One that cannot be read is kept all the more.
        serial = current.state.serial if current.state is not None else 0
        try:
            return self._keep(current.content, f"{serial}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        except OSError as error:
            raise TapError(
                f"the state cannot be backed up to {self.directory}: {error.strerror}; nothing "
                "was changed",
                "check permissions and free space",
            ) from None

    def everything(self) -> list[Stored]:
        """Return all stored states: current, unsaved, backups and versions, newest first.

        Raises:
            AwsError: S3 gave no answer.
        """
        current = self.current()
        found = [current] if current is not None else []
        found += [self._file(file, "unsaved") for file in reversed(self.waiting())]
        backups = sorted(self._backups(), key=_written, reverse=True)
        found += [self._file(file, "backup") for file in backups]
        for version in versions(self.backend, self.key, KEPT):
            if version.latest:
                continue
            written = read_object(self.backend, self.key, version.id)
            if written is not None:
                found.append(
                    _stored(version.id, "version", version.modified, written.content, version.id)
                )
        return found

    def find(self, name: str) -> Stored:
        """Return a stored state by its name, or by the beginning of it.

        Raises:
            TapError: There is none of that name, or several.
            AwsError: S3 gave no answer.
        """
        everything = self.everything()
        found = [each for each in everything if each.name == name] or [
            each for each in everything if each.name.startswith(name)
        ]
        if len(found) != 1:
            problem = f"{len(found)} stored states begin with" if found else "no stored state is"
            raise TapError(f"{problem} {name!r}", "take a name from: tap state list")
        return found[0]

    def waiting(self) -> list[Path]:
        """Return the states that Terraform could not save, oldest first."""
        errored = errored_file(self.root)
        return [*unsaved_states(self.unsaved), *([errored] if errored.is_file() else [])]

    def put_away(self, file: Path) -> None:
        """Turn a state that is saved by now into a backup."""
        content = file.read_bytes()
        serial = parse_state(content, str(file)).serial
        self._keep(content, f"{serial}-{_written(file):%Y%m%dT%H%M%SZ}")
        file.unlink()

    def _keep(self, content: bytes, name: str) -> Path:
        newest = max(self._backups(), key=_written, default=None)
        if newest is not None and newest.read_bytes() == content:
            return newest
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.directory / f"{name}.tfstate"
        number = 1
        while file.exists():
            number += 1
            file = self.directory / f"{name}-{number}.tfstate"
        fresh = self.directory / f"{file.name}.{os.getpid()}"
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
        for old in sorted(self._backups(), key=_written)[:-KEPT]:
            old.unlink(missing_ok=True)
        return file

    def _backups(self) -> list[Path]:
        return list(self.directory.glob("*.tfstate"))

    def _file(self, file: Path, origin: str) -> Stored:
        return _stored(file.stem, origin, _written(file), file.read_bytes(), str(file))


def _stored(name: str, origin: str, written: datetime, content: bytes, place: str) -> Stored:
    try:
        state = parse_state(content, place)
    except TapError:
        state = None
    return Stored(name=name, origin=origin, written=written, content=content, state=state)


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
