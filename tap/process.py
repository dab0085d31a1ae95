"""The only place that starts another program.

A child runs in a process group of its own, so that a Ctrl-C typed at the terminal reaches
``tap`` alone. ``tap`` passes one SIGINT on and waits: Terraform then stops gracefully and
releases its lock. A second interruption is explained, never passed on, because Terraform
answers a second SIGINT by stopping at once and may lose state. SIGTERM and SIGHUP (the terminal
was closed) are treated likewise: a Terraform whose reader is gone dies at its next line of output.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

_POLL_SECONDS = 0.1
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How a program ended.

    Attributes:
        args: The command line.
        returncode: Its exit status; negative for a signal, as in :mod:`subprocess`.
        stdout: All of standard output, undecodable bytes replaced.
        stderr: All of standard error, likewise.
        seconds: Wall time.
        interrupted: Whether it was asked to stop, by a signal or because its time was up.
        timed_out: Whether it was interrupted because its time was up.
    """

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    interrupted: bool = False
    timed_out: bool = False


@dataclass
class _Interruption:
    """What has been asked of the running child so far."""

    name: str
    on_notice: Callable[[str], None]
    child: subprocess.Popen[bytes] | None = None
    requests: int = 0
    timed_out: bool = False
    notices: deque[str] = field(default_factory=deque)

    def started(self, child: subprocess.Popen[bytes]) -> None:
        """Take the child; a request that came before it was there reaches it now."""
        self.child = child
        if self.requests:
            self._send()

    def request(self, reason: str) -> None:
        """Count one request; only the first one reaches the child."""
        self.requests += 1
        if self.requests == 1:
            self.notices.append(f"{reason}: asked {self.name} to stop, waiting until it has")
            self._send()
        else:
            self.notices.append(
                f"{reason}: {self.name} is still stopping; stopping it harder could lose state"
            )

    def _send(self) -> None:
        if self.child is not None and self.child.poll() is None:
            # It may have ended since.
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGINT)

    def tell(self) -> None:
        """Print the notices outside of the signal handler."""
        while self.notices:
            self.on_notice(self.notices.popleft())


def run(
    args: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        args: The program and its arguments; never a shell command.
        env: The whole environment of the child.
        cwd: Its working directory; the current one by default.
        timeout: Seconds until it is interrupted once and waited for; None for no limit.
        on_line: Called with every line of standard output as it arrives.
        on_notice: Called with one sentence for each interruption or timeout.

    Raises:
        FileNotFoundError: There is no such program.
        PermissionError: It may not be executed.
    """
    started = time.monotonic()
    command = tuple(str(arg) for arg in args)
    interruption = _Interruption(os.path.basename(command[0]), on_notice)  # noqa: PTH119
    stdout: list[str] = []
    with _forwarded_signals(interruption):
        child = subprocess.Popen(  # noqa: S603 - the arguments are a list, not shell text
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        lines: queue.Queue[bytes | None] = queue.Queue()
        stderr: list[bytes] = []
        readers = [
            threading.Thread(target=_read_lines, args=(child.stdout, lines), daemon=True),
            threading.Thread(target=_read_all, args=(child.stderr, stderr), daemon=True),
        ]
        for reader in readers:
            reader.start()
        interruption.started(child)
        try:
            for line in _arriving(lines, interruption, timeout):
                stdout.append(line)
                if on_line is not None:
                    on_line(line.rstrip("\n"))
        except BaseException:
            # A failing callback must not leave a Terraform behind that nobody reads or waits for.
            if not interruption.requests:
                interruption.request("error")
            raise
        finally:
            for reader in readers:
                reader.join()
            returncode = child.wait()
        interruption.tell()
    return Completed(
        args=command,
        returncode=returncode,
        stdout="".join(stdout),
        stderr=b"".join(stderr).decode(errors="replace"),
        seconds=time.monotonic() - started,
        interrupted=interruption.requests > 0,
        timed_out=interruption.timed_out,
    )


def start_detached(
    args: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one, its output appended to a file.

    Args:
        args: The program and its arguments.
        env: The whole environment of the child.
        cwd: Its working directory.
        log: The file that receives standard output and standard error.
    """
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the arguments are a list, not shell text
            [str(arg) for arg in args],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run_in_foreground(args: Sequence[str | Path], *, env: Mapping[str, str]) -> int:
    """Run a program on the terminal of this one, to its end, and return its exit status.

    A Ctrl-C reaches the program from the terminal itself; a SIGTERM is passed on.

    Args:
        args: The program and its arguments.
        env: The whole environment of the child.

    Returns:
        The exit status; 128 and the number of the signal if one ended it, as a shell says it.

    Raises:
        FileNotFoundError: There is no such program.
        PermissionError: It may not be executed.
    """
    child = subprocess.Popen([str(arg) for arg in args], env=dict(env))  # noqa: S603 - a list

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:
            child.send_signal(number)

    previous = {number: signal.signal(number, pass_on) for number in _FORWARDED}
    try:
        status = child.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


class Group:
    """Helper programs that never outlive this one, and a folder that goes with them.

    A small shell waits for the end of a pipe. The pipe ends when the group is closed, and also
    when this process is killed with SIGKILL; then the shell removes the folder and kills its
    process group, which all helpers belong to.

    Attributes:
        folder: A new folder that only this user can enter (mode 0700).
    """

    _GUARD = 'read -r _; rm -rf -- "$1"; kill -KILL 0'

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard = subprocess.Popen(  # noqa: S603 - the folder is an argument, not shell text
            ["/bin/sh", "-c", self._GUARD, "tap-guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def start(
        self, args: Sequence[str | Path], *, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a helper whose standard output is read and whose errors are dropped.

        Raises:
            OSError: It cannot be started, or the group has ended.
        """
        return subprocess.Popen(  # noqa: S603 - the arguments are a list, not shell text
            [str(arg) for arg in args],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=self._guard.pid,
        )

    def close(self) -> None:
        """End all helpers and remove the folder."""
        if self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()


def _arriving(
    lines: queue.Queue[bytes | None], interruption: _Interruption, timeout: float | None
) -> Iterator[str]:
    """Yield lines until the end of the output, and see to interruptions while waiting."""
    started = time.monotonic()
    while True:
        interruption.tell()
        late = timeout is not None and time.monotonic() - started > timeout
        if late and not interruption.timed_out:
            interruption.timed_out = True
            interruption.request(f"time limit of {timeout:g} s reached")
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line.decode(errors="replace")


def _read_lines(stream: IO[bytes] | None, lines: queue.Queue[bytes | None]) -> None:
    if stream is not None:
        for line in stream:
            lines.put(line)
        stream.close()
    lines.put(None)


def _read_all(stream: IO[bytes] | None, chunks: list[bytes]) -> None:
    if stream is not None:
        chunks.append(stream.read())
        stream.close()


@contextmanager
def _forwarded_signals(interruption: _Interruption) -> Iterator[None]:
    """Turn signals that ask for an end into requests while a child runs; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        interruption.request("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    # Under nohup SIGHUP stays ignored.
    previous = {
        number: signal.signal(number, handle)
        for number in _FORWARDED
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
