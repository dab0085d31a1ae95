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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tap.process import Group, run
from tap.warm.answers import Answers
from tap.warm.cache import AnswerCache, cache_folder, inherited_variables
from tap.warm.names import named_types
from tap.warm.package import UnusablePackageError, data_directory, find_package
from tap.warm.provider import PROTOCOL, Pool, ProviderStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from types import TracebackType

    from tap.warm.package import Package
    from tap.warm.relay import Relay

_STATE_TIMEOUT_SECONDS = 60

# Go's default is 100. Source: https://pkg.go.dev/runtime#hdr-Environment_Variables
_GARBAGE_PERCENT = "300"

# Longest path of a unix socket, less than on any system, and what a socket's name adds to it.
_LONGEST_FOLDER = 80


@dataclass(frozen=True)
class Attachment:
    """What a command gets to use warm providers.

    Attributes:
        variables: To add to its environment.
        names: The types whose schema Terraform gets; None means all.
    """

    variables: Mapping[str, str]
    names: frozenset[bytes] | None

    def lacks_types(self, terraform: str | Path, root: Path, environ: Mapping[str, str]) -> bool:
        """Tell whether the state holds a type whose schema was left out.

        It is asked after a command has failed; then the command is repeated with all types.

        Args:
            terraform: The executable.
            root: The folder with the root's ``.tf`` files.
            environ: The variables that the command was run with, without these.
        """
        if self.names is None:
            return False
        listed = run(
            [terraform, "state", "list"], env=environ, cwd=root, timeout=_STATE_TIMEOUT_SECONDS
        )
        types = set(re.findall(r"(?:^|\.)(aws_[a-z0-9_]+)\.", listed.stdout, re.MULTILINE))
        return bool({name.encode() for name in types} - self.names)


@dataclass
class _Served:
    """What commands with the same provider and variables share."""

    relay: Relay
    pool: Pool
    sockets: dict[frozenset[bytes] | None, Path] = field(default_factory=dict)


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
    """

    def __init__(self, notice: Callable[[str], None] = lambda _: None) -> None:
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
        full: bool = False,
    ) -> Attachment | None:
        """Make a provider ready for one command in a root.

        Args:
            root: The folder with the root's ``.tf`` files, after ``terraform init``.
            environ: All variables of the command; its provider gets the same.
            files: Saved plans and states that the command reads.
            full: Send the schema of every type.

        Returns:
            What to add to the command, or None if it has to run without; then ``notice`` was
            told why, unless the root does not use the provider at all.

        Raises:
            ProviderMismatchError: The provider is not the one that the lock file names.
        """
        try:
            return self._attach(root, environ, files=files, full=full)
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

    def _attach(
        self, root: Path, environ: Mapping[str, str], *, files: Iterable[Path], full: bool
    ) -> Attachment | None:
        data = data_directory(root, environ)
        package = find_package(root, data, AnswerCache(cache_folder(environ)))
        if package is None:
            return None
        names = None if full else named_types(root, data, files)
        server = {
            "Protocol": "grpc",
            "ProtocolVersion": int(PROTOCOL),
            "Pid": os.getpid(),
            # The process is this one; Terraform must not end it.
            "Test": True,
            "Addr": {"Network": "unix", "String": str(self._socket(package, environ, names))},
        }
        variables = {"TF_REATTACH_PROVIDERS": json.dumps({package.source: server})}
        # With few schemas Terraform's heap is so small that it collects garbage all the time.
        variables["GOGC"] = environ.get("GOGC", _GARBAGE_PERCENT)
        return Attachment(variables, names)

    def _socket(
        self, package: Package, environ: Mapping[str, str], names: frozenset[bytes] | None
    ) -> Path:
        """Return the socket for a provider, its variables and the types to send."""
        if self._loop is None or self._group is None:
            self._group = Group(_short_folder(environ))
            self._loop = _Loop()
        served = self._serve(package, inherited_variables(environ), self._group)
        if names not in served.sockets:
            path = self._group.folder / f"{next(self._numbers)}.sock"
            self._loop.do(served.relay.listen(path, names))
            served.sockets[names] = path
        return served.sockets[names]

    def _serve(self, package: Package, environ: Mapping[str, str], group: Group) -> _Served:
        from tap.warm.relay import Relay  # noqa: PLC0415 - grpclib takes 0.1 s

        key = AnswerCache.key(package.digest, repr(sorted(environ.items())))
        served = self._served.get(key)
        if served is None:
            cache = AnswerCache(cache_folder(environ))
            pool = Pool(package.executable, environ, group)
            _check_protocol(package, pool, cache)
            # One set of spare processes is enough: the last environment is the likely next one.
            for other in self._served.values():
                other.pool.close()
            relay = Relay(Answers(cache, package.digest, environ), pool)
            served = self._served[key] = _Served(relay, pool)
        served.pool.fill()
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
