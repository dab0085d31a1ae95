"""The relay between Terraform and provider processes, over gRPC.

Messages pass as bytes. Some calls are answered here when their answer is known: those on which the
AWS provider spends seconds and whose answer depends on the question alone (``tap.warm.answers``).

Terraform opens one connection for each configuration of a provider, and keeps it open to its own
end. Until a connection is configured, its calls only validate, and one process serves all such
connections. Once it is configured, it has a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
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

from tap.warm.answers import SCHEMA
from tap.warm.provider import ProviderStartError
from tap.warm.schema import trim_schema
from tap.warm.wire import WireError

if TYPE_CHECKING:
    from pathlib import Path

    from grpclib.server import Stream

    from tap.warm.answers import Answers
    from tap.warm.names import Named
    from tap.warm.provider import Pool, Provider
    from tap.warm.schema import Trimmed

_CONFIGURE = "/tfplugin5.Provider/Configure"
_STOP = "/tfplugin5.Provider/Stop"
# go-plugin's own services; Terraform opens the first two with each connection and leaves them open.
_SILENT_STREAMS = ("/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream")
_SHUTDOWN = "/plugin.GRPCController/Shutdown"

# Terraform never says that it is done with a provider: a test with many runs would collect one
# process of 65 MB for each.
_MOST_CONFIGURED = 8

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


class Line:
    """A provider process and the channel to it; the process starts with the first call.

    Attributes:
        configuration: The request that configured it, to be sent to a process that follows one
            which was ended for being idle; None while it is not configured.

    Args:
        pool: Gives the process.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.configuration: bytes | None = None
        self._provider: Provider | None = None
        self._channel: Channel | None = None
        self._starting = asyncio.Lock()
        self._waiting = 0

    @property
    def idle(self) -> bool:
        """Whether it has a process that nobody waits for."""
        return self._provider is not None and not self._waiting

    async def call(self, method: str, request: bytes) -> bytes:
        """Call the provider.

        Raises:
            GRPCError: It refused the call, or it has ended.
        """
        self._waiting += 1
        try:
            channel = await self._connected()
            return await _call(channel, method, request)
        except (OSError, StreamTerminatedError, ProviderStartError) as error:
            if self.configuration is None:
                self.end()
            raise GRPCError(Status.UNAVAILABLE, f"the provider has ended: {error}") from None
        finally:
            self._waiting -= 1

    def end(self) -> None:
        """End the process; the next call starts another one."""
        provider, self._provider = self._provider, None
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        if provider is not None:
            provider.kill()

    async def _connected(self) -> Channel:
        async with self._starting:
            if self._channel is None:
                self._provider = self._pool.take()
                loop = asyncio.get_running_loop()
                address = await loop.run_in_executor(None, self._provider.address)
                self._channel = Channel(path=address, codec=_Bytes())
                if self.configuration is not None:
                    await _call(self._channel, _CONFIGURE, self.configuration)
            return self._channel


async def _call(channel: Channel, method: str, request: bytes) -> bytes:
    async with channel.request(method, Cardinality.UNARY_UNARY, bytes, bytes) as stream:
        await stream.send_message(request, end=True)
        response = await stream.recv_message()
    if response is None:
        raise GRPCError(Status.UNAVAILABLE, "the provider did not answer")
    return response


class Relay:
    """Listens for the connections of commands that have the same provider and variables.

    Args:
        answers: What needs no process.
        pool: Gives the processes.
    """

    def __init__(self, answers: Answers, pool: Pool) -> None:
        self.answers = answers
        self.validator = Line(pool)
        self._pool = pool
        self._configured: list[Line] = []
        self._servers: list[asyncio.Server] = []
        self._open: set[_Protocol] = set()

    async def listen(self, path: Path, schemas: Schemas) -> None:
        """Accept connections on a unix socket that only this user can open.

        Args:
            path: Of the socket.
            schemas: What is sent as the schema.

        Raises:
            OSError: There can be no socket at that path.
        """
        loop = asyncio.get_running_loop()
        self._servers.append(
            await loop.create_unix_server(
                lambda: _Protocol(Connection(self, schemas), self._open), path
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
        self.validator.end()
        self._pool.close()
        self.answers.close()

    async def configured(self, request: bytes) -> tuple[Line, bytes]:
        """Configure a fresh process and return the line to it and its answer.

        Raises:
            GRPCError: It refused the call, or it has ended.
        """
        line = self._fresh_line()
        response = await line.call(_CONFIGURE, request)
        line.configuration = request
        self._configured.append(line)
        return line, response

    def _fresh_line(self) -> Line:
        """Return a line to a process that is not configured: the validating one, if it is free.

        Terraform validates before it configures; with one process for both, a plan needs one less.
        """
        if not self.validator.idle:
            return Line(self._pool)
        line, self.validator = self.validator, Line(self._pool)
        return line

    def used(self, line: Line) -> None:
        """Note that a line is in use, and end the process that has been idle for longest."""
        self._configured.remove(line)
        self._configured.append(line)
        idle = [other for other in self._configured[:-1] if other.idle]
        for other in idle[: max(0, len(idle) - _MOST_CONFIGURED)]:
            other.end()

    def forget(self, line: Line) -> None:
        """End a line whose connection has ended."""
        self._configured.remove(line)
        line.end()


class Schemas:
    """What commands of one configuration get as the schema.

    Args:
        named: What the configuration names; None sends everything.
    """

    def __init__(self, named: Named | None) -> None:
        self.named = named
        self._trimmed: Trimmed | None = None

    @property
    def exceeded(self) -> bool:
        """Whether a value met what its schema has no place for."""
        return self._trimmed is not None and self._trimmed.exceeded

    def sent(self, schema: bytes) -> bytes:
        """Return what is sent in place of a whole schema."""
        if self.named is None:
            return schema
        if self._trimmed is None:
            try:
                self._trimmed = trim_schema(schema, self.named)
            except WireError:
                return schema
        return self._trimmed.schema

    def look(self, response: bytes) -> None:
        """Look at an answer of the provider on its way to Terraform."""
        if self._trimmed is not None:
            self._trimmed.look(response)


class Connection:
    """One connection of Terraform, which is one configuration of the provider.

    Args:
        relay: What it belongs to.
        schemas: What is sent as the schema.
    """

    def __init__(self, relay: Relay, schemas: Schemas) -> None:
        self._relay, self._schemas = relay, schemas
        self._line: Line | None = None

    def get(self, method: str) -> Handler:
        """Return how a method is answered; the dispatcher asks it like a mapping."""
        if method in _SILENT_STREAMS:
            return Handler(_stay_silent, Cardinality.STREAM_STREAM, bytes, bytes)

        async def answer(stream: Stream[bytes, bytes]) -> None:
            request = await stream.recv_message()
            await stream.send_message(await self._answer(method, request or b""))

        return Handler(answer, Cardinality.UNARY_UNARY, bytes, bytes)

    def hang_up(self) -> None:
        """End the process of this connection."""
        line, self._line = self._line, None
        if line is not None:
            self._relay.forget(line)

    async def _answer(self, method: str, request: bytes) -> bytes:
        configuration = (self._line and self._line.configuration) or b""
        response = self._relay.answers.known(method, request, configuration)
        if response is None:
            response = await self._ask(method, request)
            self._relay.answers.learn(method, request, response, configuration)
        if method == SCHEMA:
            return self._schemas.sent(response)
        self._schemas.look(response)
        return response

    async def _ask(self, method: str, request: bytes) -> bytes:
        if method == _CONFIGURE:
            self.hang_up()
            self._line, response = await self._relay.configured(request)
            return response
        if method == _SHUTDOWN:
            return b""
        if self._line is None:
            # There is nothing to stop, and others use the process that validates.
            return b"" if method == _STOP else await self._relay.validator.call(method, request)
        self._relay.used(self._line)
        return await self._line.call(method, request)


async def _stay_silent(_stream: Stream[bytes, bytes]) -> None:
    await asyncio.Event().wait()


class _Protocol(H2Protocol):
    """HTTP/2 on one accepted connection."""

    def __init__(self, connection: Connection, everyone: set[_Protocol]) -> None:
        # What grpclib's Server does for each connection, but with methods of its own for each.
        methods = cast("dict[str, Handler]", connection)
        super().__init__(
            Dispatcher(methods, _Bytes(), None, _DispatchServerEvents()),
            Configuration().__for_server__(),
            # As grpclib has it: both ends are on this machine.
            H2Configuration(
                client_side=False,
                header_encoding="ascii",
                validate_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_inbound_headers=False,
                normalize_outbound_headers=False,
            ),
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
