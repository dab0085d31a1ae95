"""Warm providers for the commands of one ``tap``, or of one test run.

There is no daemon: threads, processes and sockets end with the program that made them, also
when it is killed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import tempfile
import threading
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tap.folders import cache_folder
from tap.process import Group, run
from tap.warm.answers import Answers
from tap.warm.cache import AnswerCache, inherited_variables
from tap.warm.names import Named, find_named
from tap.warm.package import UnusablePackageError, data_directory, find_package, unread
from tap.warm.provider import GARBAGE_PERCENT, PROTOCOL, Pool, ProviderStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from types import TracebackType

    from tap.warm.package import Package
    from tap.warm.relay import Relay, Schemas

_STATE_TIMEOUT_SECONDS = 60

# Longest path of a unix socket, less than on any system, and what a socket's name adds to it.
_LONGEST_FOLDER = 80


@dataclass(frozen=True)
class Attachment:
    """What a command gets to use warm providers.

    Attributes:
        variables: To add to its environment.
        schemas: What Terraform gets as the schema.
    """

    variables: Mapping[str, str]
    schemas: Schemas

    def lacks_schemas(self, terraform: str | Path, root: Path, environ: Mapping[str, str]) -> bool:
        """Tell whether a value needs a part of the schema that was left out.

        It is asked after a command has failed; then the command is repeated with the whole schema.

        Args:
            terraform: The executable.
            root: The folder with the root's ``.tf`` files.
            environ: The variables that the command was run with, without these.
        """
        if self.schemas.named is None:
            return False
        if self.schemas.exceeded:
            return True
        listed = run(
            [terraform, "state", "list"],
            env={**environ, **unread(root)},
            cwd=root,
            timeout=_STATE_TIMEOUT_SECONDS,
        )
        types = set(re.findall(r"(?:^|\.)(aws_[a-z0-9_]+)\.", listed.stdout, re.MULTILINE))
        return bool({name.encode() for name in types} - self.schemas.named.types)


@dataclass(frozen=True)
class _Work:
    """One command, and the provider that it is for; the rest as in :meth:`WarmProviders.attach`."""

    package: Package
    folder: Path
    environ: Mapping[str, str]
    named: Named | None
    _: KW_ONLY
    decoding: bool


@dataclass
class _Served:
    """What commands with the same provider, variables and folder share."""

    relay: Relay
    pool: Pool
    sockets: dict[Named | None, tuple[Path, Schemas]] = field(default_factory=dict)


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._stop: asyncio.Event | None = None
        started = threading.Event()

        async def run_until_stopped() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            started.set()
            await self._stop.wait()

        self._thread = threading.Thread(
            target=asyncio.run, args=(run_until_stopped(),), name="warm-providers", daemon=True
        )
        self._thread.start()
        started.wait()

    def do(self, work: Coroutine[object, object, None]) -> None:
        """Run something in the loop and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """End the loop and its thread."""
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


class WarmProviders:
    """Serves warm providers until it is closed; a context manager.

    Args:
        notice: Told once why a command runs without, if it does.
        applying: Whether an apply gets them, too, and not only commands that read.
    """

    def __init__(
        self, notice: Callable[[str], None] = lambda _: None, *, applying: bool = False
    ) -> None:
        self.applying = applying
        self._notice = notice
        self._noticed: set[str] = set()
        self._served: dict[str, _Served] = {}
        self._numbers = itertools.count()
        self._group: Group | None = None
        self._loop: _Loop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def attach(
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        files: Iterable[Path] = (),
        every_block: bool = False,
        full: bool = False,
        decoding: bool = False,
    ) -> Attachment | None:
        """Make a provider ready for one command in a root.

        Args:
            root: The folder with the root's ``.tf`` files, after ``terraform init``.
            environ: All variables of the command; its provider gets the same.
            files: Saved plans and states that the command reads.
            every_block: Send every nested block of the types that are named, because the
                command shows or reads more than what the files of the root say.
            full: Send the whole schema.
            decoding: Start no process ahead, because the command only needs the schema.

        Returns:
            What to add to the command, or None if it has to run without; then ``notice`` was
            told why, unless the root does not use the provider at all.

        Raises:
            ProviderMismatchError: The provider is not the one that the lock file names.
        """
        try:
            package = find_package(
                root, data_directory(root, environ), AnswerCache(cache_folder(environ, "providers"))
            )
            if package is None:
                return None
            named = (
                None
                if full
                else find_named(root, data_directory(root, environ), files, every_block=every_block)
            )
            work = _Work(package, root.resolve(), environ, named, decoding=decoding)
            return self._attach(work)
        except (OSError, UnusablePackageError, ProviderStartError) as error:
            self._say(f"providers start cold: {error}")
            return None

    def close(self) -> None:
        """End every process, and remove every socket."""
        if self._loop is not None:
            for served in self._served.values():
                self._loop.do(served.relay.close())
            self._loop.stop()
        if self._group is not None:
            self._group.close()
        self._served, self._group, self._loop = {}, None, None

    def _say(self, text: str) -> None:
        if text not in self._noticed:
            self._noticed.add(text)
            self._notice(text)

    def _attach(self, work: _Work) -> Attachment:
        socket, schemas = self._socket(work)
        server = {
            "Protocol": "grpc",
            "ProtocolVersion": int(PROTOCOL),
            "Pid": os.getpid(),
            # The process is this one; Terraform must not end it.
            "Test": True,
            "Addr": {"Network": "unix", "String": str(socket)},
        }
        variables = {"TF_REATTACH_PROVIDERS": json.dumps({work.package.source: server})}
        # With few schemas Terraform's heap is so small that it collects garbage all the time.
        variables["GOGC"] = work.environ.get("GOGC", GARBAGE_PERCENT)
        return Attachment(variables, schemas)

    def _socket(self, work: _Work) -> tuple[Path, Schemas]:
        """Return the socket for a provider, its variables and what a configuration names."""
        from tap.warm.relay import Schemas  # noqa: PLC0415 - grpclib takes 0.1 s

        if self._loop is None or self._group is None:
            self._group = Group(_short_folder(work.environ))
            self._loop = _Loop()
        served, named = self._serve(work, self._group), work.named
        if not work.decoding:
            served.pool.fill(named.configurations if named is not None else None)
        if named in served.sockets and served.sockets[named][1].exceeded and named is not None:
            named = Named(named.types, named.configurations)
        if named not in served.sockets:
            path, schemas = self._group.folder / f"{next(self._numbers)}.sock", Schemas(named)
            self._loop.do(served.relay.listen(path, schemas))
            served.sockets[named] = path, schemas
        return served.sockets[named]

    def _serve(self, work: _Work, group: Group) -> _Served:
        from tap.warm.relay import Relay  # noqa: PLC0415 - grpclib takes 0.1 s

        package, environ = work.package, inherited_variables(work.environ)
        key = AnswerCache.key(package.digest, repr(sorted(environ.items())), str(work.folder))
        served = self._served.get(key)
        if served is None:
            cache = AnswerCache(cache_folder(environ, "providers"))
            pool = Pool(package.executable, environ, work.folder, group)
            _check_protocol(package, pool, cache)
            # One set of spare processes is enough: the last environment is the likely next one.
            for other in self._served.values():
                other.pool.close()
            relay = Relay(Answers(cache, package, environ), pool)
            served = self._served[key] = _Served(relay, pool)
        return served


def _check_protocol(package: Package, pool: Pool, cache: AnswerCache) -> None:
    """Start the provider once, the first time it is met, to see what it speaks.

    Raises:
        ProviderStartError: It cannot be attached.
    """
    key = cache.key("protocol", package.digest)
    if cache.get(key) is None:
        provider = pool.take()
        try:
            provider.address()
        finally:
            provider.kill()
        cache.put(key, b"")


def _short_folder(environ: Mapping[str, str]) -> Path:
    """Make a folder for sockets, whose paths may have about 100 characters.

    Raises:
        OSError: There is no place for it.
    """
    places = [environ.get("XDG_RUNTIME_DIR"), environ.get("TMPDIR"), tempfile.gettempdir(), "/tmp"]  # noqa: S108
    for place in filter(None, places):
        with suppress(OSError):
            if len(place) <= _LONGEST_FOLDER:
                return Path(tempfile.mkdtemp(prefix="tap-", dir=place))
    raise OSError("no folder for sockets: TMPDIR is too long or cannot be written")
