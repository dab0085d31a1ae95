"""What a person sees: notices, errors, progress (standard error) and data (standard output).

Everything that ``tap`` prints goes through here, and so do all secrets that it must not print.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from tap.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import Progress as Display

    from tap.cli.progress import Timings, Work
    from tap.plan import Plan
    from tap.terraform.events import Diagnostic, Event
    from tap.terraform.root import Reporter

_HEARTBEAT_SECONDS = 30.0
_TICK_SECONDS = 0.5

# https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


@dataclass
class _Voice:
    """How this process speaks.

    Attributes:
        redact: Takes out what must not be printed.
        prefix: What every notice begins with; if there is one, others speak at the same time.
    """

    redact: Redactor
    prefix: str = ""


_voice = _Voice(Redactor(filter(None, map(os.environ.get, _SECRET_VARIABLES))))


def keep_secret(values: Iterable[str]) -> None:
    """Never print these values from now on, whatever they stand in."""
    _voice.redact = _voice.redact.knowing(values)


def speak_for(name: str) -> None:
    """Begin every notice with a name, because other processes print to the same place."""
    _voice.prefix = f"{name}: "


def redacted(text: str) -> str:
    """Return a text as it may be printed, or written to a file; JSON stays JSON."""
    return _voice.redact.document(text)


def print_data(text: str) -> None:
    """Print data to standard output."""
    click.echo(redacted(text))


def notice(text: str) -> None:
    """Say something to standard error."""
    click.echo(f"{_voice.prefix}{redacted(text)}", err=True)


def fail(message: str, hint: str) -> None:
    """Say what failed and what to do next."""
    click.echo(click.style("Error: ", fg="red", bold=True) + redacted(message), err=True)
    if hint:
        click.echo(click.style("Next: ", bold=True) + redacted(hint), err=True)


def interactive() -> bool:
    """Tell whether standard error is a terminal that may be redrawn."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or _voice.prefix
    return sys.stderr.isatty() and not plain


@dataclass
class Progress:
    """Shows what Terraform does: a live line on a terminal, plain lines elsewhere.

    Attributes:
        total: Number of objects an apply will change; None while nothing is applied.
        timings: How long changes took before; None to estimate nothing.
        heartbeat: Seconds of silence after which a plain line says that work goes on.
    """

    total: int | None = None
    timings: Timings | None = None
    heartbeat: float = _HEARTBEAT_SECONDS
    _done: int = 0
    _waiting: list[Work] = field(default_factory=list)
    _running: dict[str, tuple[Work, float]] = field(default_factory=dict)
    _display: Display | None = None
    _spoke: float = field(default_factory=time.monotonic)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _end: threading.Event | None = None

    def __post_init__(self) -> None:
        if interactive():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeElapsedColumn as Elapsed

            self._display = Progress(
                Elapsed(),
                MofNCompleteColumn(),
                BarColumn(bar_width=20),
                TextColumn("{task.description}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._display.add_task("", total=None)

    @property
    def reporter(self) -> Reporter:
        """The callbacks to give to Terraform."""
        from tap.terraform.root import Reporter

        return Reporter(event=self.event, notice=self.notice, plan=self.plan)

    def expect(self, total: int) -> None:
        """Count from now on towards a number of objects that an apply will change."""
        with self._lock:
            self.total, self._done = total, 0

    def notice(self, text: str) -> None:
        """Print a sentence above the live line."""
        with self._lock:
            if self._display is not None:
                line = redacted(text)
                self._display.console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                notice(text)
            self._spoke = time.monotonic()

    def plan(self, plan: Plan) -> None:
        """Take a plan that was read: what it hides, and what an apply of it would do."""
        from tap.cli.progress import work_of
        from tap.plan import secret_values

        keep_secret(secret_values(plan))
        with self._lock:
            self._waiting = work_of(plan)

    def event(self, event: Event) -> None:
        """Take one event of Terraform."""
        problem = event.diagnostic
        if problem is not None and problem.severity == "warning":
            self._warn(problem)
        with self._lock:
            if self._end is None:
                self._start_ticking()
            if event.hook is not None:
                self._follow(event)
            self._draw()

    def clear(self) -> None:
        """Remove the live line, and keep what was measured."""
        with self._lock:
            if self._end is not None:
                self._end.set()
                self._end = None
            if self._display is not None:
                self._display.stop()
            self._running.clear()
        if self.timings is not None:
            self.timings.save()

    def _follow(self, event: Event) -> None:
        if event.hook is None:
            return
        resource = event.hook.resource
        if event.type in {"apply_start", "refresh_start"}:
            work = (resource.resource_type, event.hook.action)
            self._running[resource.addr] = (work, time.monotonic())
            if work in self._waiting:
                self._waiting.remove(work)
        elif event.type in {"apply_complete", "refresh_complete", "apply_errored"}:
            started = self._running.pop(resource.addr, None)
            if event.type == "apply_complete" and event.hook.action != "read":
                if started is not None and self.timings is not None:
                    self.timings.add(started[0], time.monotonic() - started[1])
                self._count(event.message)

    def _warn(self, problem: Diagnostic) -> None:
        # Both ways of locking are kept on purpose: docs/adr/0002-state-and-locking.md
        if problem.summary != "Deprecated Parameter":
            self.notice(f"Warning: {problem.text()}")

    def _count(self, message: str) -> None:
        self._done += 1
        if self._display is None and self.total is not None:
            notice(f"[{self._done}/{self.total}] {message}")
            self._spoke = time.monotonic()

    def _draw(self) -> None:
        now = time.monotonic()
        if self._display is not None:
            self._display.start()
            task = self._display.task_ids[0]
            text = redacted(", ".join(filter(None, [self._oldest(now), self._rest(now)])))
            self._display.update(task, completed=self._done, total=self.total, description=text)
        elif now - self._spoke > self.heartbeat:
            self._spoke = now
            number = len(self._running)
            what = f"{number} object{'s' * (number != 1)}, longest {self._oldest(now)}"
            parts = [what if number else "reading", self._rest(now)]
            notice(f"still working: {', '.join(filter(None, parts))}")

    def _oldest(self, now: float) -> str:
        """Return what has been worked on longest."""
        if not self._running:
            return ""
        address, (_, started) = min(self._running.items(), key=lambda item: item[1][1])
        return f"{address} ({now - started:.0f} s)"

    def _rest(self, now: float) -> str:
        """Return how long the rest of an apply takes at least."""
        from tap.cli.progress import duration_text, remaining_seconds

        if self.total is None or self.timings is None:
            return ""
        running = {key: (work, now - start) for key, (work, start) in self._running.items()}
        seconds = remaining_seconds(self._waiting, running, self.timings)
        return "" if not seconds else f"at least {duration_text(seconds)} left"

    def _start_ticking(self) -> None:
        """Redraw, or give a sign of life, while Terraform itself is silent."""
        self._end = end = threading.Event()

        def tick() -> None:
            while not end.wait(_TICK_SECONDS):
                with self._lock:
                    if not end.is_set():
                        self._draw()

        threading.Thread(target=tick, daemon=True).start()
