"""The output of a program in a file, so that the program outlives whoever reads it.

A program whose reader is gone dies of SIGPIPE at its next line of output. Terraform then leaves
its lock behind and forgets what it has made since it last saved the state. A file has no reader
to lose. The file also tells whether the program still lives: it is locked (``flock``) through the
very descriptor that the program inherits as its standard output, so the lock ends with the
program, however that ends, and no process id has to be trusted.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import queue
    import subprocess
    from pathlib import Path

_POLL_SECONDS = 0.03


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """Where a program writes to.

    Attributes:
        stdout: The file of its standard output; locked while the program lives.
        stderr: The file of its standard error.
    """

    stdout: Path
    stderr: Path

    def create(self) -> tuple[IO[bytes], IO[bytes]]:
        """Make both files, which only this user can read, for a program that is to start.

        Raises:
            OSError: They cannot be made.
        """
        stdout, stderr = _create(self.stdout), _create(self.stderr)
        fcntl.flock(stdout, fcntl.LOCK_EX)
        return stdout, stderr


def is_held(file: Path) -> bool:
    """Tell whether a process holds the lock of a file; False when there is no such file."""
    try:
        with file.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def follow(file: Path, child: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    """Put every line of a growing file into a queue, and None after the child has ended."""
    with file.open("rb") as stream:
        rest = b""
        while True:
            # Asked before reading, so that nothing written before the end is missed.
            ended = child.poll() is not None
            chunk = stream.read()
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                lines.put(line + b"\n")
            if ended:
                break
            if not chunk:
                time.sleep(_POLL_SECONDS)
        if rest:
            lines.put(rest)
    lines.put(None)


def _create(file: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    return os.fdopen(os.open(file, flags, 0o600), "ab")
