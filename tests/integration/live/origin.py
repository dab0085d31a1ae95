"""An HTTP server that answers with its color, slow or failing as it is told.

A program of its own, started by :class:`tests.integration.live.programs.Origin`. It listens on the
socket it inherits and reads its behavior from standard input, one JSON object in each line; each
line is printed again once it holds. It ends when standard input does.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Behavior:
    """How requests are answered.

    Attributes:
        failures: Share of the answers that are a 500, from 0 to 1.
        latency: Seconds until an answer.
    """

    failures: float = 0.0
    latency: float = 0.0


class Server:
    """Answers every request of a connection until the client closes it.

    Attributes:
        color: What the answers say.
        behavior: How they are given from now on.
    """

    def __init__(self, color: str) -> None:
        self.color = color
        self.behavior = Behavior()
        # Which requests fail is the same in every run.
        self._random = random.Random(color)  # noqa: S311 - no secret

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                behavior = self.behavior
                await asyncio.sleep(behavior.latency)
                writer.write(self._response(failed=self._random.random() < behavior.failures))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _response(self, *, failed: bool) -> bytes:
        status = "500 Internal Server Error" if failed else "200 OK"
        body = f"{self.color}\n"
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}"
        return f"{head}\r\n\r\n{body}".encode()


async def serve(color: str, listener: socket.socket) -> None:
    """Serve until standard input ends."""
    server = Server(color)
    async with await asyncio.start_server(server.answer, sock=listener):
        while line := await asyncio.to_thread(sys.stdin.readline):
            server.behavior = Behavior(**json.loads(line))
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2]))))
