"""What a running emulator writes down about itself, and its clients read."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from tap import __version__

HOST = "127.0.0.1"
PORT_TAKEN = 98
"""Exit status of a server whose port is in use, the value of EADDRINUSE on Linux."""

_FILE = "emulator.json"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of one running emulator.

    Attributes:
        pid: Its process id.
        process_started: When that process started, as :func:`tap.emulator.processes.started`
            gives it; a reused process id has another value.
        port: The loopback port it listens on.
        nonce: A random word that the server repeats in its health answer.
        started_at: When it was ready, UTC.
        tap: Version of tap that it runs.
        moto: Version of moto that it runs.
        digest: Digest of the emulator's sources, :func:`digest_of_sources`.
        patches: Ids of the patches that were applied.
    """

    pid: int
    process_started: str
    port: int
    nonce: str
    started_at: datetime
    tap: str
    moto: str
    digest: str
    patches: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients are pointed at."""
        return f"http://{HOST}:{self.port}"


def read(directory: Path) -> Record | None:
    """Return the record in a folder; None if there is none or it cannot be read."""
    try:
        return msgspec.json.decode((directory / _FILE).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def write(directory: Path, record: Record) -> None:
    """Write the record so that a reader sees all of it or nothing."""
    draft = directory / f"{_FILE}.{record.pid}"
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(directory / _FILE)


def remove(directory: Path) -> None:
    """Remove the record, if there is one."""
    (directory / _FILE).unlink(missing_ok=True)


@cache
def digest_of_sources() -> str:
    """Return a digest of everything that decides how the emulator behaves.

    It is of the sources that this process began with.
    """
    digest = hashlib.sha256(f"{__version__} {version('moto')}".encode())
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        digest.update(os.fsencode(file.relative_to(folder)))
        digest.update(file.read_bytes())
    return digest.hexdigest()
