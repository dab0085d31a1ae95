"""Clients that send requests one after the other and write down how each ended.

A program of its own, started by :class:`tests.integration.live.programs.Load`. Every client keeps
one connection and sends at a steady pace, or as fast as it is answered if that is slower. Nothing
is tried again. It prints a line when the first request has ended. It ends when standard input does,
but not before it has sent as many requests as it was asked for; then it prints one line for each
request, see :class:`Request`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

BEGUN = "begun"

TIMEOUT_SECONDS = 10.0
"""After that a request counts as failed."""

_OK = 200
_SERVER_ERRORS = 500


@dataclass(frozen=True)
class Request:
    """One request that was sent.

    Attributes:
        sent_at: Seconds since the epoch.
        ended_at: When it was answered, or given up.
        color: Who answered; empty if nobody did.
        fault: Why it failed; empty if it did not.
    """

    sent_at: float
    ended_at: float
    color: str
    fault: str

    @classmethod
    def parse(cls, line: str) -> Request:
        """Return a request from its line."""
        sent, ended, color, fault = line.rstrip("\n").split("\t")
        return cls(float(sent), float(ended), color, fault)

    def __str__(self) -> str:
        """Return its line."""
        return f"{self.sent_at:.6f}\t{self.ended_at:.6f}\t{self.color}\t{self.fault}"


class Client:
    """One client and its connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(self) -> Request:
        """Send one request and wait for its answer."""
        sent = time.time()
        try:
            color, status = await asyncio.wait_for(self._exchange(), TIMEOUT_SECONDS)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            return Request(sent, time.time(), "", repr(error).replace("\t", " "))
        fault = str(status) if status >= _SERVER_ERRORS else ""
        return Request(sent, time.time(), color, fault)

    def close(self) -> None:
        """Give the connection up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _exchange(self) -> tuple[str, int]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(b"GET /payments HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
        length = int(head.partition("\r\ncontent-length:")[2].partition("\r\n")[0])
        body = (await self._reader.readexactly(length)).decode("ascii").strip()
        status = int(head.split(" ", 2)[1])
        if status != _OK and status < _SERVER_ERRORS:
            raise ValueError(f"answered {status}: {body}")
        # A load balancer that answers in place of a color sends a page.
        return (body if body in {"blue", "green"} else ""), status


class Load:
    """All clients together.

    Attributes:
        requests: What was sent so far.
    """

    def __init__(self, port: int, *, clients: int, rate: float, minimum: int) -> None:
        self._clients = [Client(port) for _ in range(clients)]
        self._interval = clients / rate
        self._minimum = minimum
        self._ending = False
        self.requests: list[Request] = []

    async def send(self) -> None:
        """Send until standard input has ended and the minimum is reached."""
        async with asyncio.TaskGroup() as group:
            for number, client in enumerate(self._clients):
                group.create_task(self._work(client, number / len(self._clients)))
            await asyncio.to_thread(sys.stdin.read)
            self._ending = True

    async def _work(self, client: Client, offset: float) -> None:
        due = time.monotonic() + offset * self._interval
        while not self._ending or len(self.requests) < self._minimum:
            await asyncio.sleep(due - time.monotonic())
            self.requests.append(await client.request())
            if len(self.requests) == 1:
                sys.stdout.write(f"{BEGUN}\n")
                sys.stdout.flush()
            due = max(due + self._interval, time.monotonic())
        client.close()


def main(port: int, clients: int, rate: float, minimum: int) -> None:
    """Send requests to a port of this machine.

    Args:
        port: Of the load balancer.
        clients: How many at the same time.
        rate: Requests in a second of all clients together.
        minimum: How many to send at least.
    """
    load = Load(port, clients=clients, rate=rate, minimum=minimum)
    asyncio.run(load.send())
    sys.stdout.writelines(f"{request}\n" for request in load.requests)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
