"""One program, run to its end.

A child runs in a process group of its own, so that a Ctrl-C typed at the terminal reaches
``tap`` alone, which passes one SIGINT on and waits: Terraform then stops gracefully and releases
its lock. SIGTERM and SIGHUP (the terminal was closed) are treated likewise.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tap.process.output import follow
from tap.process.signals import Interruption, forwarded_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tap.process.output import OutputFile

_POLL_SECONDS = 0.1


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


def run(
    args: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    output: OutputFile | None = None,
    on_start: Callable[[int], None] = lambda _: None,
    on_line: Callable[[str], None] | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        args: The program and its arguments; never a shell command.
        env: The whole environment of the child.
        cwd: Its working directory; the current one by default.
        timeout: Seconds until it is interrupted once and waited for; None for no limit.
        output: Files that it writes to, so that it goes on if this process is killed; without
            them it writes to pipes, and would die at its next line.
        on_start: Called with its process id when it has started.
        on_line: Called with every line of standard output as it arrives.
        on_notice: Called with one sentence for each interruption or timeout.

    Raises:
        FileNotFoundError: There is no such program.
        PermissionError: It may not be executed.
        OSError: The files for its output cannot be made.
    """
    started = time.monotonic()
    command = tuple(str(arg) for arg in args)
    interruption = Interruption(os.path.basename(command[0]), on_notice)  # noqa: PTH119
    stdout: list[str] = []
    with forwarded_signals(interruption):
        with _outlets(output) as (out, err):
            child = subprocess.Popen(  # noqa: S603 - the arguments are a list, not shell text
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0,
            )
        lines: queue.Queue[bytes | None] = queue.Queue()
        stderr: list[bytes] = []
        readers = _readers(child, output, lines, stderr)
        for reader in readers:
            reader.start()
        interruption.started(child)
        try:
            on_start(child.pid)
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
        if output is not None:
            # Whoever deletes the folder of a running program loses its words, not its result.
            with suppress(FileNotFoundError):
                stderr.append(output.stderr.read_bytes())
    return Completed(
        args=command,
        returncode=returncode,
        stdout="".join(stdout),
        stderr=b"".join(stderr).decode(errors="replace"),
        seconds=time.monotonic() - started,
        interrupted=interruption.requests > 0,
        timed_out=interruption.timed_out,
    )


class _Detached(subprocess.Popen[bytes]):
    """A process that is meant to outlive this one, of which Popen would warn."""

    def __del__(self) -> None:
        """Leave it to itself."""


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
        return _Detached(
            [str(arg) for arg in args],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@contextmanager
def _outlets(output: OutputFile | None) -> Iterator[tuple[int | IO[bytes], int | IO[bytes]]]:
    """Yield where a child writes to; a file stays open in the child alone."""
    if output is None:
        yield subprocess.PIPE, subprocess.PIPE
        return
    stdout, stderr = output.create()
    with stdout, stderr:
        yield stdout, stderr


def _readers(
    child: subprocess.Popen[bytes],
    output: OutputFile | None,
    lines: queue.Queue[bytes | None],
    stderr: list[bytes],
) -> list[threading.Thread]:
    if output is not None:
        arguments = (output.stdout, child, lines)
        return [threading.Thread(target=follow, args=arguments, daemon=True)]
    return [
        threading.Thread(target=_read_lines, args=(child.stdout, lines), daemon=True),
        threading.Thread(target=_read_all, args=(child.stderr, stderr), daemon=True),
    ]


def _arriving(
    lines: queue.Queue[bytes | None], interruption: Interruption, timeout: float | None
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
