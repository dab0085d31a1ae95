"""Start, stop, watch and reset the embedded emulator.

One emulator belongs to one folder, such as ``.tap/emulator`` of a checkout. It is a process of
its own that outlives the command that started it, so that plan, apply and destroy see the same
world. The folder holds ``emulator.json`` (written by the server once it is ready),
``emulator.log`` (of the last start) and ``lock`` (held while a client starts or stops).
"""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tap.emulator import processes
from tap.emulator import record as records
from tap.emulator.record import HOST, PORT_TAKEN, Record
from tap.errors import EmulatorError
from tap.process import start_detached

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_LOG_LINES = 15

_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "emulator",
    "AWS_SECRET_ACCESS_KEY": "emulator",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # Pages of any web site must not read answers of the emulator.
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # Threads that come and go would otherwise keep one heap each.
    "MALLOC_ARENA_MAX": "2",
}
_NOT_INHERITED = ("AWS_", "MOTO_", "S3_", "WERKZEUG_")
_NOT_INHERITED_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Emulators that this very process started; they turn into zombies unless it asks for them."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What is known about the emulator of a folder.

    Attributes:
        running: Whether it runs and answers; all that follows is None or empty if not.
        pid: Its process id.
        port: The loopback port it listens on.
        endpoint: The URL for AWS clients, such as ``http://127.0.0.1:40213``.
        started_at: When it was ready, UTC.
        version: Version of tap it was started by.
        moto: Version of moto it runs.
        memory_bytes: Its resident memory; None where the system does not say.
        outdated: Whether it was started from other sources than those installed now.
        patches: Ids of the patches it applied to moto.
        notices: Sentences a person should read, such as why it is outdated.
    """

    running: bool
    pid: int | None = None
    port: int | None = None
    endpoint: str | None = None
    started_at: datetime | None = None
    version: str | None = None
    moto: str | None = None
    memory_bytes: int | None = None
    outdated: bool = False
    patches: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True, order=True):
    """Something that exists in the emulator because somebody asked for it."""

    service: str
    region: str
    type: str
    id: str


class Emulator:
    """The emulator of one folder, as seen by its clients.

    Args:
        directory: The folder that holds its record, log and lock; made (0700) when needed.
        python: The interpreter that runs it.
        environ: What the server's environment is made from: settings and credentials for
            AWS and proxies are left out.
        ready_seconds: How long a start may take. It takes 1 to 2 s on an idle machine.
        without: Ids of patches to leave out; for tests of the patches.
        stock: Leave out all patches; for tests of the patches.
    """

    def __init__(
        self,
        directory: Path,
        *,
        python: Path | None = None,
        environ: Mapping[str, str] | None = None,
        ready_seconds: float = 30.0,
        without: tuple[str, ...] = (),
        stock: bool = False,
    ) -> None:
        self.directory = directory
        self.log = directory / "emulator.log"
        self._python = python or Path(sys.executable)
        self._environ = os.environ if environ is None else environ
        self._ready_seconds = ready_seconds
        self._flags = [*(f"--without={patch}" for patch in without), *["--stock"] * stock]

    def start(self, port: int | None = None) -> Status:
        """Start the emulator, or return the one that already runs.

        Args:
            port: The loopback port to listen on; by default a free one.

        Raises:
            EmulatorError: The port is taken, the server ended or was not ready in time, or a
                server that runs does not answer.
        """
        with self._locked():
            if (running := self._find()) is not None:
                self._expect_answer(running)
                return self._describe(running, wanted_port=port)
            return self._describe(self._launch(port))

    def stop(self) -> bool:
        """Stop the emulator; its state is lost.

        Returns:
            Whether one was running.

        Raises:
            EmulatorError: It could not be ended.
        """
        with self._locked():
            record = self._find()
            if record is None:
                return False
            for number in (signal.SIGTERM, signal.SIGKILL):
                _send(record, number)
                if _wait_for_end(record):
                    records.remove(self.directory)
                    return True
        raise EmulatorError(
            f"the emulator (pid {record.pid}) did not end within {2 * _STOP_SECONDS:g} s",
            f"look at the process: ps -p {record.pid}",
        )

    def status(self) -> Status:
        """Say whether the emulator runs, and what it is; starts nothing."""
        record = records.read(self.directory)
        if record is None or not _is_alive(record):
            return Status(running=False)
        if not self._answers(record):
            return Status(
                running=False,
                pid=record.pid,
                notices=(f"the emulator (pid {record.pid}) runs but does not answer",),
            )
        return self._describe(record)

    def reset(self) -> None:
        """Empty the running emulator: all accounts, regions and services.

        Raises:
            EmulatorError: None runs, or it does not answer.
        """
        self._call("POST", "/_tap/reset")

    def resources(self) -> tuple[Resource, ...]:
        """List everything that exists in the emulator, apart from what AWS itself provides.

        Not listed: default VPCs and what belongs to them, AWS-managed policies and keys, public
        images, and keys that wait for their deletion.

        Raises:
            EmulatorError: None runs, or it does not answer.
        """
        answer = self._call("GET", "/_tap/resources")
        return msgspec.convert(answer, tuple[Resource, ...])

    def call(self, path: str, **arguments: Any) -> Any:  # noqa: ANN401 - free-form JSON
        """Call a route that an extension adds, such as ``elbv2/health``.

        Args:
            path: The route below ``/_tap/``.
            arguments: Its arguments; must be JSON.

        Raises:
            EmulatorError: None runs, it does not answer, or it refuses the call.
        """
        return self._call("POST", f"/_tap/{path}", msgspec.json.encode(arguments))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.directory / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _find(self) -> Record | None:
        """Return the emulator that runs, whether it answers or not; remove a stale record."""
        record = records.read(self.directory)
        if record is not None and _is_alive(record):
            return record
        records.remove(self.directory)
        return None

    def _launch(self, port: int | None) -> Record:
        self.log.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        child = start_detached(
            # -P: the working directory is no place to import from.
            [
                str(self._python),
                "-P",
                "-m",
                "tap.emulator.server",
                f"--port={port or 0}",
                f"--directory={self.directory.resolve()}",
                *self._flags,
            ],
            env=_server_environment(self._environ),
            cwd=self.directory,
            log=self.log,
        )
        _children[child.pid] = child
        deadline = time.monotonic() + self._ready_seconds
        while time.monotonic() < deadline:
            if child.poll() is not None:
                raise self._failed_start(child.returncode, port)
            record = records.read(self.directory)
            if record is not None and record.pid == child.pid and self._answers(record):
                return record
            time.sleep(_POLL_SECONDS)
        child.kill()
        child.wait()
        raise EmulatorError(
            f"the emulator was not ready within {self._ready_seconds:g} s{self._tail()}",
            f"the whole log is in {self.log}",
        )

    def _failed_start(self, returncode: int, port: int | None) -> EmulatorError:
        if returncode == PORT_TAKEN and port is not None:
            holder = processes.listener(port)
            return EmulatorError(
                f"port {port} is taken" + (f" by {holder}" if holder else ""),
                "choose another one with --port or TAP_EMULATOR_PORT, or leave it out",
            )
        return EmulatorError(
            f"the emulator ended with exit status {returncode}{self._tail()}",
            f"the whole log is in {self.log}",
        )

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "; the end of its log:\n" + "\n".join(lines) if lines else "; its log is empty"

    def _describe(self, record: Record, *, wanted_port: int | None = None) -> Status:
        notices = []
        outdated = record.digest != records.digest_of_sources()
        if outdated:
            notices.append(
                f"the emulator that runs (tap {record.tap}, moto {record.moto}) was started from "
                "other sources than those installed now; stop and start it to renew it, which "
                "loses its state"
            )
        if wanted_port not in {None, record.port}:
            notices.append(
                f"the emulator already runs on port {record.port}; stop it to move it to port "
                f"{wanted_port}"
            )
        return Status(
            running=True,
            pid=record.pid,
            port=record.port,
            endpoint=record.endpoint,
            started_at=record.started_at,
            version=record.tap,
            moto=record.moto,
            memory_bytes=processes.memory_bytes(record.pid),
            outdated=outdated,
            patches=record.patches,
            notices=tuple(notices),
        )

    def _expect_answer(self, record: Record) -> None:
        if not self._answers(record):
            raise EmulatorError(
                f"an emulator runs (pid {record.pid}) but does not answer on port {record.port}",
                "end it with 'tap emulator stop' and start again; its state is lost",
            )

    def _answers(self, record: Record) -> bool:
        try:
            status, body = _request(record, "GET", "/_tap/health")
            health = msgspec.json.decode(body)
        except (OSError, http.client.HTTPException, msgspec.DecodeError):
            return False
        return status == http.client.OK and health.get("nonce") == record.nonce

    def _call(self, method: str, path: str, body: bytes = b"") -> Any:  # noqa: ANN401 - free-form JSON
        record = records.read(self.directory)
        if record is None or not _is_alive(record):
            raise EmulatorError("no emulator runs", "start one with 'tap emulator start'")
        try:
            status, answer = _request(record, method, path, body)
        except (OSError, http.client.HTTPException) as error:
            raise EmulatorError(
                f"the emulator (pid {record.pid}) does not answer {method} {path}: {error}",
                f"its log is in {self.log}",
            ) from error
        if status != http.client.OK:
            raise EmulatorError(
                f"the emulator refused {method} {path} with {status}: "
                f"{answer.decode(errors='replace')[:200]}",
                f"its log is in {self.log}",
            )
        return msgspec.json.decode(answer)


def _server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_NOT_INHERITED) and name.lower() not in _NOT_INHERITED_PROXIES
    }
    return inherited | _SETTINGS


def _request(record: Record, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, record.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _is_alive(record: Record) -> bool:
    """Tell whether the very process that wrote the record still runs."""
    if (child := _children.get(record.pid)) is not None and child.poll() is not None:
        del _children[record.pid]
    return processes.started(record.pid) == record.process_started


def _send(record: Record, number: signal.Signals) -> None:
    if _is_alive(record):
        os.kill(record.pid, number)


def _wait_for_end(record: Record) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_alive(record):
            return True
        time.sleep(_POLL_SECONDS)
    return False
