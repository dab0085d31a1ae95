"""Provider processes: each serves one connection of Terraform and ends with it."""

from __future__ import annotations

import select
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from tap.process import Group

# What Terraform says to a provider when it starts one; without it a provider refuses to run.
# Source: https://github.com/hashicorp/terraform/blob/v1.11/internal/plugin/serve.go
_HANDSHAKE = {
    "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    "PLUGIN_PROTOCOL_VERSIONS": "5,6",
}
PROTOCOL = "5"

GARBAGE_PERCENT = "300"
"""How much garbage Go leaves, in percent of what is in use; its default is 100.

Terraform and the provider decode and check 1 400 schemas at every start, and with the default they
spend a fifth of their time on collecting what that leaves.
Source: https://pkg.go.dev/runtime#hdr-Environment_Variables
"""

# A provider writes a line of JSON for each step of the SDK, for Terraform to throw away.
# Source: https://developer.hashicorp.com/terraform/plugin/log/managing
_SILENT = {"TF_LOG_SDK": "OFF", "TF_LOG_PROVIDER": "OFF"}

# A provider of 700 MB answers in 0.2 s; on a busy machine with a cold disk it takes longer.
_START_SECONDS = 60

# With more, a root with many provider blocks would start them faster than they are used.
_MOST_SPARES = 4


class ProviderStartError(Exception):
    """A provider did not start, or speaks another protocol; the message says which."""


class Provider:
    """One provider process.

    Args:
        executable: The file to start.
        environ: The variables of the command that it serves.
        folder: The folder that Terraform works in; paths in a configuration are relative to it.
        group: What it ends with.
    """

    def __init__(
        self, executable: Path, environ: Mapping[str, str], folder: Path, group: Group
    ) -> None:
        self._name = executable.name
        variables = {
            "GOGC": GARBAGE_PERCENT,
            **_SILENT,
            **environ,
            **_HANDSHAKE,
            "PLUGIN_UNIX_SOCKET_DIR": str(group.folder),
        }
        self.process: subprocess.Popen[bytes] = group.start([executable], env=variables, cwd=folder)
        self._address: str | None = None

    def address(self) -> str:
        """Return the path of its socket; waits until it has one.

        Raises:
            ProviderStartError: It ended, is silent, or does not speak protocol 5 over a socket.
        """
        if self._address is None:
            # core protocol | plugin protocol | network | address | transport | certificate
            # Source: https://github.com/hashicorp/go-plugin/blob/v1.6.2/docs/internals.md
            words = self._first_line().split("|")
            if words[1:3] != [PROTOCOL, "unix"] or words[4:5] != ["grpc"]:
                raise ProviderStartError(f"{self._name} answered {'|'.join(words)!r}")
            self._address = words[3]
        return self._address

    def kill(self) -> None:
        """End it; a provider holds nothing that could be lost."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _first_line(self) -> str:
        stream = self.process.stdout
        if stream is None or not select.select([stream], [], [], _START_SECONDS)[0]:
            raise ProviderStartError(f"{self._name} said nothing for {_START_SECONDS} s")
        return stream.readline().decode(errors="replace").strip()


class Pool:
    """Fresh processes of one provider for commands with the same environment.

    A process that was configured for one region would answer for the wrong one afterwards, so
    each is given away once.

    Args:
        executable: The file to start.
        environ: The variables of the commands.
        folder: The folder that they work in.
        group: What the processes end with.
    """

    def __init__(
        self, executable: Path, environ: Mapping[str, str], folder: Path, group: Group
    ) -> None:
        self._executable, self._environ = executable, dict(environ)
        self._folder, self._group = folder, group
        self._spares: deque[Provider] = deque()
        self._wanted = 1

    def fill(self, wanted: int | None = None) -> None:
        """Start processes ahead; they are ready while Terraform still reads its files.

        Args:
            wanted: How many a command needs, 4 at most; by default as many as the last time.
        """
        if wanted is not None:
            self._wanted = min(wanted, _MOST_SPARES)
        while len(self._spares) < self._wanted:
            self._spares.append(self._start())

    def take(self) -> Provider:
        """Return a process that nobody has used.

        Raises:
            OSError: None can be started.
        """
        while self._spares:
            spare = self._spares.popleft()
            if spare.process.poll() is None:
                return spare
            spare.kill()
        return self._start()

    def _start(self) -> Provider:
        return Provider(self._executable, self._environ, self._folder, self._group)

    def close(self) -> None:
        """End the processes that were not used."""
        while self._spares:
            with suppress(OSError):
                self._spares.popleft().kill()
