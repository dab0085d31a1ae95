"""What a person sees: notices, errors, progress (standard error) and data (standard output)."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from tap.terraform.root import Reporter

if TYPE_CHECKING:
    from tap.terraform.events import Diagnostic, Event

_HEARTBEAT_SECONDS = 30.0
_CLEAR_LINE = "\r\x1b[2K"


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


def live() -> bool:
    """Tell whether standard error is a terminal that can redraw a line."""
    return (
        sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


@dataclass
class Progress:
    """Shows what Terraform does: one live line on a terminal, plain lines elsewhere.

    Attributes:
        total: Number of objects that will change; None while it is not known.
    """

    total: int | None = None
    _done: int = 0
    _running: dict[str, float] = field(default_factory=dict)
    _live: bool = field(default_factory=live)
    _drawn: bool = False
    _last: float = field(default_factory=time.monotonic)

    @property
    def reporter(self) -> Reporter:
        """The callbacks to give to Terraform."""
        return Reporter(event=self.event, notice=self.notice)

    def notice(self, text: str) -> None:
        """Print a sentence above the live line."""
        self.clear()
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

    def _warn(self, problem: Diagnostic) -> None:
        # Both ways of locking are kept on purpose: docs/adr/0002-state-and-locking.md
        if problem.summary != "Deprecated Parameter":
            self.notice(f"Warning: {problem.text()}")

    def _count(self, message: str) -> None:
        self._done += 1
        if not self._live and self.total is not None:
            notice(f"[{self._done}/{self.total}] {message}")
            self._last = time.monotonic()

    def clear(self) -> None:
        """Remove the live line."""
        if self._drawn:
            click.echo(_CLEAR_LINE, nl=False, err=True)
            self._drawn = False

    def _draw(self) -> None:
        now = time.monotonic()
        if not self._live:
            if now - self._last > _HEARTBEAT_SECONDS:
                self._last = now
                notice(f"still working on {len(self._running)} objects")
            return
        oldest = min(self._running.items(), key=lambda item: item[1], default=None)
        doing = f" {oldest[0]} ({now - oldest[1]:.0f} s)" if oldest else ""
        done = f"{self._done}/{self.total}" if self.total else "refreshing"
        width = max(20, _columns() - 1)
        click.echo(f"{_CLEAR_LINE}{f'{done}{doing}'[:width]}", nl=False, err=True)
        self._drawn = True


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80
