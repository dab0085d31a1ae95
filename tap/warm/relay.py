"""The relay between Terraform and provider processes, over gRPC.

Messages pass as bytes. Two calls are answered here when their answer is known:
``GetSchema`` and ``PrepareProviderConfig``; the AWS provider spends seconds on each, because
it checks the schemas of all its types, and the answer depends on the request alone.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.events import _DispatchServerEvents
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.protocol import H2Protocol
from grpclib.server import Handler as Dispatcher
from h2.config import H2Configuration

from tap.warm.provider import ProviderStartError
from tap.warm.wire import WireError, echoed_config, echoes_config, prune_schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from grpclib.server import Stream

    from tap.warm.cache import AnswerCache
    from tap.warm.provider import Pool, Provider

_SCHEMA = "/tfplugin5.Provider/GetSchema"
_PREPARE = "/tfplugin5.Provider/PrepareProviderConfig"
# go-plugin's own services. Terraform reads the provider's standard streams by the first and
# never uses the second; both stay open until the connection ends.
_SILENT_STREAMS = ("/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream")
_SHUTDOWN = "/plugin.GRPCController/Shutdown"

# It reports every call that Terraform cancels as a fault of the server.
logging.getLogger("grpclib").addHandler(logging.NullHandler())
logging.getLogger("grpclib").propagate = False


class _Bytes(CodecBase):
    """Messages stay what they are."""

    __content_subtype__ = "proto"

    def encode(self, message: object, message_type: object) -> bytes:  # noqa: ARG002 - the base class's
        return cast("bytes", message)

    def decode(self, data: bytes, message_type: object) -> bytes:  # noqa: ARG002 - likewise
        return data


class Answers:
    """The answers that need no provider process.

    Args:
        cache: Where they are kept.
        digest: Of the provider package.
        environ: The variables of the command that is served.
    """

    def __init__(self, cache: AnswerCache, digest: str, environ: Mapping[str, str]) -> None:
        self._cache, self._digest, self._environ = cache, digest, environ
        self._schema: bytes | None = None

    def known(self, method: str, request: bytes) -> bytes | None:
        """Return the answer to a call, or None."""
        if method == _SCHEMA:
            if self._schema is None:
                self._schema = self._cache.get(self._key(method, request))
            return self._schema
        if method == _PREPARE and self._cache.get(self._key(method, request)) is not None:
            return echoed_config(request)
        return None

    def learn(self, method: str, request: bytes, response: bytes) -> None:
        """Keep an answer if it is one that may be given again."""
        if method == _SCHEMA:
            self._schema = response
            self._cache.put(self._key(method, request), response)
        elif method == _PREPARE and echoes_config(request, response):
            # The configuration may hold credentials; that it comes back unchanged is enough.
            self._cache.put(self._key(method, request), b"")

    def _key(self, method: str, request: bytes) -> str:
        return self._cache.key(self._digest, method, request, environ=self._environ)


class Connection:
    """One connection of Terraform, which is one configuration of the provider.

    Args:
        answers: What needs no process.
        pool: Gives the process for all other calls.
        names: The types to send the schema of; None sends all.
    """

    def __init__(self, answers: Answers, pool: Pool, names: frozenset[bytes] | None) -> None:
        self._answers, self._pool, self._names = answers, pool, names
        self._provider: Provider | None = None
        self._channel: Channel | None = None
        self._starting = asyncio.Lock()

    def get(self, method: str) -> Handler:
        """Return how a method is answered; the dispatcher asks it like a mapping."""
        if method in _SILENT_STREAMS:
            return Handler(_stay_silent, Cardinality.STREAM_STREAM, bytes, bytes)

        async def answer(stream: Stream[bytes, bytes]) -> None:
            request = await stream.recv_message()
            await stream.send_message(await self._answer(method, request or b""))

        return Handler(answer, Cardinality.UNARY_UNARY, bytes, bytes)

    def hang_up(self) -> None:
        """End the process that served the connection."""
        if self._channel is not None:
            self._channel.close()
        if self._provider is not None:
            self._provider.kill()

    async def _answer(self, method: str, request: bytes) -> bytes:
        if method == _SHUTDOWN:
            return b""
        response = self._answers.known(method, request)
        if response is None:
            response = await self._forward(method, request)
            self._answers.learn(method, request, response)
        if method == _SCHEMA and self._names is not None:
            with suppress(WireError):
                response = prune_schema(response, self._names)
        return response

    async def _forward(self, method: str, request: bytes) -> bytes:
        try:
            channel = await self._connected()
            async with channel.request(method, Cardinality.UNARY_UNARY, bytes, bytes) as stream:
                await stream.send_message(request, end=True)
                response = await stream.recv_message()
        except (OSError, StreamTerminatedError, ProviderStartError) as error:
            raise GRPCError(Status.UNAVAILABLE, f"the provider has ended: {error}") from None
        if response is None:
            raise GRPCError(Status.UNAVAILABLE, "the provider did not answer")
        return response

    async def _connected(self) -> Channel:
        async with self._starting:
            if self._channel is None:
                self._provider = self._pool.take()
                loop = asyncio.get_running_loop()
                address = await loop.run_in_executor(None, self._provider.address)
                self._channel = Channel(path=address, codec=_Bytes())
                # Later, because Terraform is about to need the processor for this connection.
                loop.call_later(_REFILL_SECONDS, self._refill)
            return self._channel

    def _refill(self) -> None:
        with suppress(OSError):
            self._pool.fill()


_REFILL_SECONDS = 0.3


async def _stay_silent(_stream: Stream[bytes, bytes]) -> None:
    await asyncio.Event().wait()


class _Protocol(H2Protocol):
    """HTTP/2 on one accepted connection; a hang-up ends its provider process."""

    def __init__(self, connection: Connection, everyone: set[_Protocol]) -> None:
        # What grpclib's Server does for each connection, but with methods of its own for each.
        methods = cast("dict[str, Handler]", connection)
        dispatcher = Dispatcher(methods, _Bytes(), None, _DispatchServerEvents())
        super().__init__(
            dispatcher,
            Configuration().__for_server__(),
            H2Configuration(client_side=False, header_encoding="ascii"),
        )
        self._mine, self._everyone = connection, everyone
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport = transport
        self._everyone.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._everyone.discard(self)
        self._mine.hang_up()

    def abort(self) -> None:
        """Hang up from this side."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()


class Relay:
    """Listens for the connections of commands that have the same provider and variables.

    Args:
        answers: What needs no process.
        pool: Gives a process to each connection.
    """

    def __init__(self, answers: Answers, pool: Pool) -> None:
        self._answers, self._pool = answers, pool
        self._servers: list[asyncio.Server] = []
        self._open: set[_Protocol] = set()

    async def listen(self, path: Path, names: frozenset[bytes] | None) -> None:
        """Accept connections on a unix socket that only this user can open.

        Args:
            path: Of the socket.
            names: The types to send the schema of; None sends all.

        Raises:
            OSError: There can be no socket at that path.
        """
        loop = asyncio.get_running_loop()
        self._servers.append(
            await loop.create_unix_server(
                lambda: _Protocol(Connection(self._answers, self._pool, names), self._open), path
            )
        )
        path.chmod(0o600)

    async def close(self) -> None:
        """Hang up on everybody and end all processes."""
        for server in self._servers:
            server.close()
        for protocol in tuple(self._open):
            protocol.abort()
        while self._open:
            await asyncio.sleep(0)
        self._pool.close()
