"""What Ctrl-C, SIGTERM and SIGHUP do: to a running program, and to ``tap`` itself.

While a program runs, the first signal reaches it as one SIGINT and every further one is
explained. Terraform answers a second SIGINT by stopping at once and may lose state, so it never
gets one. While no program runs, the first signal ends ``tap`` as Ctrl-C ends any Python program,
so that everything it opened is closed; whatever comes after the first one is only answered,
because ``tap`` is ending already.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from types import FrameType

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDING = b"tap is ending already; it cleans up first\n"


@dataclass
class Interruption:
    """What has been asked of the running child so far.

    Attributes:
        name: The program, for the notices.
        on_notice: Called with one sentence for each request.
        requests: How often it was asked to stop.
        timed_out: Whether the first request came because its time was up.
    """

    name: str
    on_notice: Callable[[str], None]
    requests: int = 0
    timed_out: bool = False
    _child: subprocess.Popen[bytes] | None = None
    _notices: deque[str] = field(default_factory=deque)

    def started(self, child: subprocess.Popen[bytes]) -> None:
        """Take the child; a request that came before it was there reaches it now."""
        self._child = child
        if self.requests:
            self._send()

    def request(self, reason: str) -> None:
        """Count one request; only the first one reaches the child."""
        self.requests += 1
        if self.requests == 1:
            self._notices.append(f"{reason}: asked {self.name} to stop, waiting until it has")
            self._send()
        else:
            self._notices.append(
                f"{reason}: {self.name} is still stopping; stopping it harder could lose state"
            )

    def _send(self) -> None:
        if self._child is not None and self._child.poll() is None:
            # It may have ended since.
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGINT)

    def tell(self) -> None:
        """Print the notices outside of the signal handler."""
        while self._notices:
            self.on_notice(self._notices.popleft())


@dataclass
class _Guard:
    """The handler of ``tap`` itself, in force while no program runs."""

    ending: bool = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.ending:
            # Not through sys.stderr, which may be in the middle of a write.
            with suppress(OSError):
                os.write(2, _ENDING)
            return
        self.ending = True
        raise KeyboardInterrupt


def end_calmly() -> None:
    """Let every signal that asks for an end be what Ctrl-C is, once, for the rest of ``tap``.

    SIGTERM would otherwise end Python at once, with plans and notes left behind, and a second
    Ctrl-C would cut off the message of the first.
    """
    guard = _Guard()
    for number in FORWARDED:
        # A program started by nohup, or in the background by a shell, is told to ignore some.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, guard)


def ignore_signals() -> None:
    """Ignore what would end ``tap``, which has nothing left to do but to exit.

    Python gives up its handlers shortly before it exits; from then on a signal would replace the
    exit code.
    """
    for number in FORWARDED:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def forwarded_signals(interruption: Interruption) -> Iterator[None]:
    """Turn signals that ask for an end into requests while a child runs; main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        interruption.request("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    # Under nohup SIGHUP stays ignored.
    previous = {
        number: signal.signal(number, handle)
        for number in FORWARDED
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            # Whoever asked for the end of the child has asked for that of tap.
            if isinstance(handler, _Guard) and interruption.requests:
                handler.ending = True
            signal.signal(number, handler)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Let what must not be cut in two come to its end, then let the first signal have its way."""
    caught: list[int] = []
    previous = {
        number: signal.signal(number, lambda each, _frame: caught.append(each))
        for number in FORWARDED
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    if caught:
        signal.raise_signal(caught[0])
