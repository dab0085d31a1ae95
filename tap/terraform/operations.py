"""What ``tap`` notes about everything that may hold a lock, for those who come later.

A state lock names user, machine and time, but no process. So every run of Terraform that takes
the lock has a folder while it lasts: a note, the output, and two locked files that tell whether
``tap`` and Terraform still live (:func:`tap.process.is_held`). When ``tap`` is killed, the folder
stays and tells the next command what became of the run. Where ``tap`` takes the lock itself
(:mod:`tap.terraform.holding`), there is no Terraform and no output, and the note has the lock's id.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import msgspec

from tap.process import OutputFile, is_held
from tap.terraform.events import Event, parse_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOTE, _TAP, _STDOUT, _STDERR, _TOLD = "note.json", "tap", "output", "errors", "told"
_KEPT = 20


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one run of Terraform, or of something that ``tap`` does itself.

    Attributes:
        command: The words after ``terraform``, such as ``apply`` or ``state push``; or what
            ``tap`` does itself, such as ``shift``.
        host: The machine, as Terraform names it in a lock.
        pid: Process id of ``tap``.
        started: When it began, in seconds since 1970.
        terraform_pid: Process id of Terraform; None if it had not started.
        ended: When ``tap`` saw its end; None if it never did.
        returncode: How it ended; negative for a signal.
        lock_id: Of the lock that ``tap`` takes itself; empty for a run of Terraform.
    """

    command: str
    host: str
    pid: int
    started: float
    terraform_pid: int | None = None
    ended: float | None = None
    returncode: int | None = None
    lock_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One run of Terraform, or of what ``tap`` does itself, past or present."""

    folder: Path
    note: Note

    @property
    def tap_lives(self) -> bool:
        """Whether the ``tap`` that started it is still there."""
        return is_held(self.folder / _TAP)

    @property
    def terraform_lives(self) -> bool:
        """Whether its Terraform is still there."""
        return is_held(self.folder / _STDOUT)

    @property
    def lives(self) -> bool:
        """Whether it may still do something."""
        return self.note.ended is None and (self.tap_lives or self.terraform_lives)

    @property
    def cut_off(self) -> bool:
        """Whether ``tap`` was killed before it saw the end."""
        return self.note.ended is None and not self.tap_lives

    def events(self) -> list[Event]:
        """Return what Terraform has said so far."""
        try:
            text = (self.folder / _STDOUT).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [event for line in text.splitlines() if (event := parse_event(line)) is not None]

    def tell_once(self) -> bool:
        """Return True the first time it is called for this operation."""
        try:
            (self.folder / _TOLD).touch(exist_ok=False)
        except OSError:
            return False
        return True


@dataclass
class Recording:
    """The folder of a run, for the ``tap`` that runs it.

    Attributes:
        folder: Where it is.
        note: What stands in the note.
        done: Whether it came to a good end, which leaves nothing to tell.
    """

    folder: Path
    note: Note
    done: bool = False
    output: OutputFile = field(init=False)

    def __post_init__(self) -> None:
        self.output = OutputFile(stdout=self.folder / _STDOUT, stderr=self.folder / _STDERR)

    def started(self, terraform_pid: int) -> None:
        """Note that Terraform runs."""
        self._write(msgspec.structs.replace(self.note, terraform_pid=terraform_pid))

    def again(self) -> None:
        """Make room for the output of a second run of the same."""
        for file in (self.output.stdout, self.output.stderr):
            file.unlink(missing_ok=True)

    def ended(self, returncode: int, *, done: bool) -> None:
        """Note how it ended."""
        self.note = msgspec.structs.replace(self.note, returncode=returncode)
        self.done = done

    def _write(self, note: Note) -> None:
        self.note = note
        fresh = self.folder / f"{_NOTE}.new"
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.replace(self.folder / _NOTE)

    def close(self) -> None:
        """Remove the folder, or keep the note of a run whose lock may have stayed."""
        never_started = self.note.terraform_pid is None and not self.note.lock_id
        if self.done or never_started:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        # A full disk must not hide why Terraform failed.
        with suppress(OSError):
            self._write(msgspec.structs.replace(self.note, ended=time.time()))
            self.again()
        _prune(self.folder.parent)


@contextmanager
def recorded(directory: Path, command: str, *, lock_id: str = "") -> Iterator[Recording]:
    """Note a run of Terraform, or what ``tap`` does itself, while it lasts.

    Args:
        directory: The folder for the notes of one copy of an environment.
        command: The words after ``terraform``, or what ``tap`` does itself.
        lock_id: Of the lock that ``tap`` takes itself.

    Raises:
        OSError: The folder cannot be written; nothing has been started.
    """
    note = Note(
        command=command,
        host=this_host(),
        pid=os.getpid(),
        started=time.time(),
        lock_id=lock_id,
    )
    folder = directory / f"{time.time_ns()}-{os.getpid()}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    recording = Recording(folder, note)
    with _held(folder / _TAP):
        recording._write(note)  # noqa: SLF001 - of the same module
        try:
            yield recording
        finally:
            recording.close()


def operations(directory: Path) -> list[Operation]:
    """Return the runs noted on this machine, oldest first; broken notes are left out."""
    found = []
    for folder in sorted(directory.glob("*-*")):
        try:
            note = msgspec.json.decode((folder / _NOTE).read_bytes(), type=Note)
        except (OSError, msgspec.DecodeError):
            continue
        if note.host == this_host():
            found.append(Operation(folder=folder, note=note))
    return sorted(found, key=lambda operation: operation.note.started)


def this_host() -> str:
    """Return the name of this machine as Terraform writes it into a lock."""
    return socket.gethostname()


@contextmanager
def _held(file: Path) -> Iterator[IO[bytes]]:
    with file.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _prune(directory: Path) -> None:
    """Drop the oldest runs that are over."""
    over = [operation for operation in operations(directory) if not operation.lives]
    for operation in over[:-_KEPT]:
        shutil.rmtree(operation.folder, ignore_errors=True)
