"""Start and stop the programs of the live data plane: two servers and the clients."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from tests.conftest import REPOSITORY
from tests.integration.live.load import BEGUN, Request
from tests.integration.live.origin import Behavior

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG = 128


def listen() -> socket.socket:
    """Return a socket that listens on a free port of loopback, for a program to inherit."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    return listener


def _start(module: str, *args: str, inherited: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Start a module of the tests; it ends when its standard input does."""
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.integration.live.{module}", *args],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=inherited,
    )


class Origin:
    """One of the two servers behind the load balancer.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, color: str) -> None:
        """Start it."""
        with listen() as listener:
            self.port: int = listener.getsockname()[1]
            handle = listener.fileno()
            self._process = _start("origin", color, str(handle), inherited=[handle])

    def behave(self, *, failures: float = 0.0, latency: float = 0.005) -> None:
        """Answer otherwise from now on.

        Args:
            failures: Share of the answers that are a 500, from 0 to 1.
            latency: Seconds until an answer.
        """
        line = json.dumps(asdict(Behavior(failures, latency))) + "\n"
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the server has no standard input and output")
        self._process.stdin.write(line)
        self._process.stdin.flush()
        if self._process.stdout.readline() != line:
            raise RuntimeError(f"the server did not take {line.strip()}")

    def stop(self) -> None:
        """End it at once, as a machine that goes away; more than once is fine."""
        with self._process:
            self._process.kill()


class Load:
    """Clients that send requests until they are stopped."""

    def __init__(self, port: int, *, clients: int, rate: float, minimum: int) -> None:
        """Start them and wait until they send.

        The arguments are those of :func:`tests.integration.live.load.main`.
        """
        self._process = _start("load", str(port), str(clients), str(rate), str(minimum))
        if self._process.stdout is None or self._process.stdout.readline().strip() != BEGUN:
            self._process.kill()
            raise RuntimeError("the clients did not begin")

    def stop(self) -> list[Request]:
        """Wait for the minimum and return every request, in the order they ended."""
        stdout, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError(f"the clients ended with exit code {self._process.returncode}")
        return [Request.parse(line) for line in stdout.splitlines()]
