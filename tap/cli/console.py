"""What a person sees: notices, errors, progress (standard error) and data (standard output)."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress as Display

    from tap.terraform.events import Diagnostic, Event
    from tap.terraform.root import Reporter

_HEARTBEAT_SECONDS = 30.0


def print_data(text: str) -> None:
    """Print data to standard output."""
    click.echo(text)


def notice(text: str) -> None:
    """Say something to standard error."""
    click.echo(text, err=True)


def fail(message: str, hint: str) -> None:
    """Say what failed and what to do next."""
    click.echo(click.style("Error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style("Next: ", bold=True) + hint, err=True)


def interactive() -> bool:
    """Tell whether standard error is a terminal that may be redrawn."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not plain


@dataclass
class Progress:
    """Shows what Terraform does: a live line on a terminal, plain lines elsewhere.

    Attributes:
        total: Number of objects an apply will change; None while nothing is applied.
    """

    total: int | None = None
    _done: int = 0
    _running: dict[str, float] = field(default_factory=dict)
    _display: Display | None = None
    _spoke: float = field(default_factory=time.monotonic)

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

        return Reporter(event=self.event, notice=self.notice)

    def notice(self, text: str) -> None:
        """Print a sentence above the live line."""
        if self._display is not None:
            self._display.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            notice(text)

    def event(self, event: Event) -> None:
        """Take one event of Terraform."""
        problem = event.diagnostic
        if problem is not None and problem.severity == "warning":
            self._warn(problem)
        if event.hook is None:
            return
        address = event.hook.resource.addr
        if event.type in {"apply_start", "refresh_start"}:
            self._running[address] = time.monotonic()
        elif event.type in {"apply_complete", "refresh_complete", "apply_errored"}:
            self._running.pop(address, None)
            if event.type == "apply_complete" and event.hook.action != "read":
                self._count(event.message)
        self._draw()

    def clear(self) -> None:
        """Remove the live line."""
        if self._display is not None:
            self._display.stop()

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
        oldest = min(self._running.items(), key=lambda item: item[1], default=None)
        doing = f"{oldest[0]} ({now - oldest[1]:.0f} s)" if oldest else ""
        if self._display is not None:
            self._display.start()
            task = self._display.task_ids[0]
            self._display.update(task, completed=self._done, total=self.total, description=doing)
        elif now - self._spoke > _HEARTBEAT_SECONDS:
            self._spoke = now
            busy = f"{len(self._running)} objects, longest {doing}" if oldest else "reading"
            notice(f"still working: {busy}")
