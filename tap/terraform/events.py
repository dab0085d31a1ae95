"""What Terraform prints with ``-json``, one event a line.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import msgspec

from tap.errors import InterruptedRunError, LockedError, StalePlanError, TerraformError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Position(msgspec.Struct, frozen=True):
    """A place in a file; line and column count from 1."""

    line: int = 0
    column: int = 0


class Range(msgspec.Struct, frozen=True):
    """Where in the configuration a diagnostic points."""

    filename: str = ""
    start: Position = Position()


class Snippet(msgspec.Struct, frozen=True):
    """The source a diagnostic points at; its code and values are left alone, as they may be secret.

    Attributes:
        context: The head of the block around it, such as ``resource "aws_vpc" "this"``.
    """

    context: str | None = None


class Diagnostic(msgspec.Struct, frozen=True):
    """An error or a warning.

    Attributes:
        address: The resource instance; missing where Terraform has not got that far.
    """

    severity: str
    summary: str
    detail: str = ""
    address: str | None = None
    range: Range | None = None
    snippet: Snippet | None = None

    def text(self) -> str:
        """Return summary, place, resource and detail, one below the other."""
        lines = [self.summary]
        if self.range is not None and self.range.filename:
            lines.append(f"  at {self.range.filename}:{self.range.start.line}")
        if where := self.address or self._block():
            lines.append(f"  in {where}")
        lines += [f"  {line}" if line else "" for line in self.detail.strip().splitlines()]
        return "\n".join(lines)

    def _block(self) -> str:
        """Return the block as its address in its own module, such as ``aws_vpc.this``."""
        context = self.snippet.context if self.snippet else None
        kind, *labels = re.findall(r'[^\s"]+', context or "") or [""]
        prefix = {"resource": [], "variable": ["var"]}.get(kind, [kind])
        return ".".join([*prefix, *labels])


class Resource(msgspec.Struct, frozen=True):
    """The resource an event is about."""

    addr: str
    resource_type: str = ""


class Hook(msgspec.Struct, frozen=True):
    """What happens to one resource."""

    resource: Resource
    action: str = ""
    elapsed_seconds: float = 0


class Changes(msgspec.Struct, frozen=True):
    """Terraform's own counts."""

    add: int = 0
    change: int = 0
    remove: int = 0
    operation: str = ""


class TestSummary(msgspec.Struct, frozen=True):
    """How the runs of ``terraform test`` ended."""

    passed: int = 0


class Event(msgspec.Struct, frozen=True):
    """One line of machine-readable output."""

    type: str = ""
    message: str = msgspec.field(name="@message", default="")
    level: str = msgspec.field(name="@level", default="")
    diagnostic: Diagnostic | None = None
    hook: Hook | None = None
    changes: Changes | None = None
    test_summary: TestSummary | None = None


class LockHolder(msgspec.Struct, frozen=True):
    """Who holds a state lock, as Terraform tells it.

    Attributes:
        id: What ``terraform force-unlock`` takes.
        path: The locked state.
        operation: What it is held for, such as ``apply``.
        who: User and machine.
        created: Since when.
    """

    id: str = ""
    path: str = ""
    operation: str = ""
    who: str = ""
    created: str = ""


ACQUIRING = "Error acquiring the state lock"
_HELD = ("PreconditionFailed", "ConditionalCheckFailedException")
_GONE = ("NoSuchKey", "StatusCode: 404", "unexpected end of JSON input")

_decode = msgspec.json.Decoder(Event).decode


def parse_event(line: str) -> Event | None:
    """Return the event of a line, or None when the line is none (providers print, too)."""
    if not line.startswith("{"):
        return None
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeError):
        return None


def lock_holder(diagnostics: Sequence[Diagnostic]) -> LockHolder | None:
    """Return who holds the lock if that is what the diagnostics are about.

    A lock also fails without any holder: the state cannot be read, or there is no lock table.
    """
    for diagnostic in diagnostics:
        if diagnostic.summary == ACQUIRING:
            found = dict(
                re.findall(r"^[ \t]*(\w+):[ \t]+(.*?)[ \t]*$", diagnostic.detail, re.MULTILINE)
            )
            if "ID" not in found:
                continue
            return LockHolder(
                id=found["ID"],
                path=found.get("Path", ""),
                operation=found.get("Operation", "").removeprefix("OperationType").lower(),
                who=found.get("Who", ""),
                created=found.get("Created", ""),
            )
    return None


def released_meanwhile(diagnostics: Sequence[Diagnostic]) -> bool:
    """Tell whether the lock was held, and was gone when Terraform looked who holds it.

    Terraform then gives up at once, whatever time it was given to wait. An entry of the lock table
    without content looks the same.
    """
    return any(
        diagnostic.summary == ACQUIRING
        and any(text in diagnostic.detail for text in _HELD)
        and any(text in diagnostic.detail for text in _GONE)
        for diagnostic in diagnostics
    )


def failure(
    command: str,
    diagnostics: Sequence[Diagnostic],
    stderr: str,
    *,
    interrupted: bool = False,
    returncode: int = 1,
    words: str = "ENV",
) -> TerraformError:
    """Return the error that a failed Terraform command amounts to.

    Args:
        command: The words of the command, for the message.
        diagnostics: All diagnostics of the run; warnings are left out of the message.
        stderr: Standard error, shown when there is no diagnostic.
        interrupted: Whether it was asked to stop.
        returncode: How it ended; negative for a signal.
        words: What names the environment in a command of ``tap``, for the hint.
    """
    errors = [item for item in diagnostics if item.severity == "error"]
    plain = _plain(stderr)
    reasons = list(dict.fromkeys(item.text() for item in errors)) or plain
    if returncode < 0:
        kind = InterruptedRunError if interrupted else TerraformError
        message = "\n".join([_killed(command, -returncode), *reasons])
        return kind(message, f"look at the lock: tap lock show {words}")
    if interrupted:
        # What it says may be that the state could not be saved, so it must be seen.
        said = [reason for reason in reasons if reason != "execution halted"]
        return InterruptedRunError(
            "\n".join([f"{command} was interrupted and has stopped", *said]), "run it again"
        )
    locked = _locked(errors or _as_diagnostic(plain))
    if locked is not None:
        return locked
    if any(item.summary == "Saved plan is stale" for item in errors):
        return StalePlanError(
            "the saved plan is stale: the state changed after the plan was made",
            "plan again",
        )
    # Errors of several lines are told apart by an empty one.
    body = ("\n\n" if errors else "\n").join(reasons or ["it printed no reason"])
    if "state data in S3 does not have the expected content" in body:
        return TerraformError(
            f"{command} failed: the state and its digest in the lock table differ, as after a "
            f"Terraform that was killed while it saved\n{body}",
            f"tap state recover {words}",
        )
    return TerraformError(f"{command} failed:\n{body}", "correct the above and run it again")


def _locked(errors: Sequence[Diagnostic]) -> LockedError | None:
    holder = lock_holder(errors)
    if holder is not None:
        return LockedError(
            f"the state is locked: {holder.operation or 'an operation'} by "
            f"{holder.who or 'somebody'} since {holder.created or 'unknown'} "
            f"(lock id {holder.id})",
            "wait until it has finished, or give --lock-timeout 5m to wait for it",
        )
    if released_meanwhile(errors):
        return LockedError("the state is locked, or was until this moment", "run it again")
    return None


def _killed(command: str, number: int) -> str:
    """Say what an end by force may have left behind; nothing Terraform said tells."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    by_whom = " (kill -9, or the machine ran out of memory)" if name == "SIGKILL" else ""
    return (
        f"{command} was ended by {name}{by_whom}: its lock may have stayed, and what it did last "
        "may be missing in the state"
    )


def _as_diagnostic(lines: Sequence[str]) -> list[Diagnostic]:
    """Read plain output, of a command that knows no JSON, as one error."""
    if not lines:
        return []
    summary = lines[0].removeprefix("Error: ")
    return [Diagnostic(severity="error", summary=summary, detail="\n".join(lines[1:]))]


def _plain(stderr: str) -> list[str]:
    """Return the lines that Terraform prints inside a box."""
    lines = (line.strip("\u2502\u2577\u2575 \t") for line in stderr.splitlines())
    return [line for line in lines if line]
