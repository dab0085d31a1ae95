"""Helper programs that end with this one."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Group:
    """Helper programs that never outlive this one, and a folder that goes with them.

    A small shell waits for the end of a pipe. The pipe ends when the group is closed, and also
    when this process is killed with SIGKILL; then the shell removes the folder and kills its
    process group, which all helpers belong to.

    Attributes:
        folder: A new folder that only this user can enter (mode 0700).
    """

    _GUARD = 'read -r _; rm -rf -- "$1"; kill -KILL 0'

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = subprocess.Popen(  # noqa: S603 - the folder is an argument, not shell text
            ["/bin/sh", "-c", self._GUARD, "tap-guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def start(
        self, args: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        """Start a helper whose standard output is read and whose errors are dropped.

        Raises:
            OSError: It cannot be started, or the group has ended.
        """
        return subprocess.Popen(  # noqa: S603 - the arguments are a list, not shell text
            [str(arg) for arg in args],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=self._guard.pid,
        )

    def close(self) -> None:
        """End all helpers and remove the folder."""
        if self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()
