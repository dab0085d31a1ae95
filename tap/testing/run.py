"""What all processes of one test run share: a folder, locks in it, and lines of progress.

The first process names the folder in a variable before xdist starts its workers; whoever needs it
first makes it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

VARIABLE = "TAP_TEST_RUN_FOLDER"
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Run:
    """One run of pytest, with all its workers.

    Attributes:
        folder: For what they share; there only when something has been put into it.
    """

    folder: Path

    @classmethod
    def begin(cls) -> Run:
        """Name the folder of a run that has just begun."""
        name = f"tap-tests-{secrets.token_hex(8)}"
        os.environ[VARIABLE] = str(Path(tempfile.gettempdir(), name))
        return cls.current()

    @classmethod
    def current(cls) -> Run:
        """Return the run that this process is part of."""
        return cls(Path(os.environ[VARIABLE]))

    def made(self) -> Path:
        """Return the folder, and make it if nobody has; nobody else may look into it."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep other workers out of what has this name."""
        with (self.made() / f"{name}.lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def progress(self, text: str) -> None:
        """Show one line at once, also from within a worker."""
        with (self.made() / "progress").open("a") as stream:
            stream.write(f"{text}\n")

    def show_progress(self, config: pytest.Config) -> None:
        """Begin to print the lines of all processes, until the run ends."""
        threading.Thread(target=self._follow, args=(config, time.monotonic()), daemon=True).start()

    def _follow(self, config: pytest.Config, started: float) -> None:
        file, seen = self.folder / "progress", 0
        while os.environ.get(VARIABLE) == str(self.folder):
            time.sleep(_POLL_SECONDS)
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            if reporter is None or not file.exists():
                continue
            lines = file.read_text().splitlines()
            for line in lines[seen:]:
                reporter.ensure_newline()
                reporter.write_line(f"[{time.monotonic() - started:4.0f} s] {line}")
            seen = len(lines)

    def end(self) -> None:
        """Remove the folder."""
        os.environ.pop(VARIABLE, None)
        shutil.rmtree(self.folder, ignore_errors=True)
