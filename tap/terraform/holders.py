"""Who holds a lock, and whether that process still lives.

A lock names user, machine, operation and time. Whether its process lives is known on this machine
only, and only of what ``tap`` has started in this folder (:mod:`tap.terraform.operations`);
everything else is said to be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tap.terraform.operations import this_host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.terraform.locks import Lock
    from tap.terraform.operations import Note, Operation

Life = Literal["alive", "gone", "unknown"]

# Terraform takes the lock within moments of its start. Of two that started within this time
# either may hold it.
_ABOUT_THE_SAME_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process behind a lock.

    Attributes:
        life: Whether it lives.
        reason: A sentence that says how this is known, or why it is not.
        pid: Process id of its Terraform, or of the ``tap`` that holds it itself, if it lives.
    """

    life: Life
    reason: str
    pid: int | None = None


def find_holder(lock: Lock, operations: Sequence[Operation]) -> Holder:
    """Find the process that holds a lock.

    Args:
        lock: The lock.
        operations: The runs noted for this copy of the environment on this machine.
    """
    here = this_host()
    if lock.broken or lock.created is None:
        return Holder(life="unknown", reason="the content of the lock is broken")
    if lock.host != here:
        return Holder(
            life="unknown", reason=f"it runs on {lock.host or 'an unnamed machine'}; this is {here}"
        )
    candidates = _candidates(lock, operations)
    if not candidates:
        return Holder(life="unknown", reason="it was not started by tap from this folder")
    for operation in candidates:
        if operation.lives:
            return _living(operation)
    return Holder(life="gone", reason=_end(candidates[-1].note))


def _candidates(lock: Lock, operations: Sequence[Operation]) -> list[Operation]:
    """Return the runs that may have taken a lock, oldest first."""
    if lock.created is None:
        return []
    own = [operation for operation in operations if operation.note.lock_id == lock.id]
    if own:
        return own
    taken = lock.created.timestamp()
    fitting = [
        operation
        for operation in operations
        if not operation.note.lock_id
        and operation.note.command.replace(" ", "-") == lock.operation
        and operation.note.started <= taken
        and (operation.note.ended is None or operation.note.ended >= taken)
    ]
    if not fitting:
        return []
    latest = max(operation.note.started for operation in fitting)
    return [
        operation
        for operation in fitting
        if latest - operation.note.started <= _ABOUT_THE_SAME_SECONDS
    ]


def _end(note: Note) -> str:
    """Say how what took the lock came to its end."""
    when = datetime.fromtimestamp(note.ended or 0, UTC)
    at = f"at {when:%Y-%m-%d %H:%M:%S} UTC"
    if note.lock_id:
        whose = f"its tap (process {note.pid})"
        return f"{whose} " + (f"could not release it {at}" if note.ended else "was killed")
    if note.ended is None:
        return "its tap was killed and its Terraform has ended"
    how = "was killed" if (note.returncode or 0) < 0 else "failed"
    return f"its Terraform {how} {at}"


def _living(operation: Operation) -> Holder:
    note = operation.note
    since = datetime.fromtimestamp(note.started, UTC)
    started = f"started {since:%Y-%m-%d %H:%M:%S} UTC"
    if operation.tap_lives:
        return Holder(
            life="alive",
            reason=f"tap (process {note.pid}) runs it here, {started}",
            pid=note.pid if note.lock_id else note.terraform_pid,
        )
    return Holder(
        life="alive",
        reason=(
            f"its tap was killed, but Terraform (process {note.terraform_pid}) goes on here, "
            f"{started}"
        ),
        pid=note.terraform_pid,
    )


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that is known of the locks that carry one id.

    Attributes:
        locks: The locks, in the places where they are.
        holder: The process behind them.
        words: What names the environment in a command of ``tap``.
    """

    locks: tuple[Lock, ...]
    holder: Holder
    words: str

    def lines(self, now: datetime) -> list[str]:
        """Return what a person should know, one fact a line."""
        lock = self.locks[0]
        tool = "" if lock.own else "Terraform "
        version = f" with {tool}{lock.version}" if lock.version else ""
        held = f"held for {lock.age(now)} by {lock.who}{version}" if lock.who else "held by nobody"
        places = [f"{each.kind:<10}  {each.place}" for each in self.locks]
        purpose = [f"for         {lock.info}"] if lock.info else []
        process = f"process     {self._process()}"
        return [*places, f"lock id     {lock.id}", *purpose, held, process]

    @property
    def advice(self) -> str:
        """The safe way out."""
        lock = self.locks[0]
        release = f"tap lock release {self.words} --id {lock.id}"
        if self.holder.life == "alive":
            return "wait until it has finished, or give --lock-timeout 5m to wait for it"
        if self.holder.life == "gone":
            return release
        whom = f"ask {lock.who}" if lock.who else "find out"
        return f"{whom} whether it still runs; wait for it if it does; if it is gone: {release}"

    def _process(self) -> str:
        return f"{self.holder.life}: {self.holder.reason}"


def explain(
    locks: Sequence[Lock], operations: Sequence[Operation], words: str
) -> list[Explanation]:
    """Explain locks, those that carry the same id together.

    Args:
        locks: As they were read.
        operations: The runs noted for this copy of the environment on this machine.
        words: What names the environment in a command of ``tap``.
    """
    by_id: dict[str, list[Lock]] = {}
    for lock in locks:
        by_id.setdefault(lock.id, []).append(lock)
    return [
        Explanation(locks=tuple(same), holder=find_holder(same[0], operations), words=words)
        for same in by_id.values()
    ]
