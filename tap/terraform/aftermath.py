"""What a killed ``tap`` left behind: told once to whoever comes next, and tidied up."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap.terraform.operations import operations
from tap.terraform.unsaved import claim, unsaved_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tap.terraform.operations import Operation
    from tap.terraform.root import Root


def aftermath(root: Root) -> Iterator[str]:
    """Yield sentences about what was going on when ``tap`` was killed, and states that wait.

    Args:
        root: Terraform in the root of the environment.
    """
    for operation in operations(root.operations):
        if not operation.cut_off:
            continue
        if operation.note.lock_id:
            if operation.tell_once():
                yield _own(operation, root)
            continue
        since = datetime.fromtimestamp(operation.note.started, UTC)
        what = f"terraform {operation.note.command} of {since:%Y-%m-%d %H:%M:%S} UTC"
        if operation.terraform_lives:
            process = operation.note.terraform_pid
            yield f"{what} goes on without its tap, which was killed (process {process})"
            continue
        claim(root.directory, root.unsaved, since=operation.note.started)
        if operation.tell_once():
            yield f"the tap of {what} was killed; {_outcome(operation)}"
    for file in unsaved_states(root.unsaved):
        yield f"a state that could not be saved waits in {file}: tap state recover {root.words}"


def _own(operation: Operation, root: Root) -> str:
    """Say what is to be looked at after the end of something that ``tap`` did itself."""
    note = operation.note
    since = datetime.fromtimestamp(note.started, UTC)
    return (
        f"the {note.command} of {since:%Y-%m-%d %H:%M:%S} UTC was killed (process {note.pid}) "
        f"while it held the lock; is the lock still there: tap lock show {root.words}, where does "
        f"the traffic stand: tap status {root.words}"
    )


def sweep(folders: Iterable[Path], root: Root) -> None:
    """Remove the plans and states of ended processes, which may hold secrets.

    Args:
        folders: Where files and folders with a process id as suffix are made.
        root: Terraform in the root of the environment; one that goes on may need its plan.
    """
    if any(operation.lives for operation in operations(root.operations)):
        return
    for folder in folders:
        for entry in folder.glob("*.*"):
            owner = re.search(r"\.(\d+)$", entry.name)
            if owner is None or _exists(int(owner[1])):
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _outcome(operation: Operation) -> str:
    events = operation.events()
    failed = [
        event.diagnostic.summary
        for event in events
        if event.diagnostic is not None and event.diagnostic.severity == "error"
    ]
    if failed:
        return f"Terraform went on and failed: {failed[0]}"
    wanted = operation.note.command
    done = [
        event.message
        for event in events
        if event.changes is not None and event.changes.operation == wanted
    ]
    if done:
        return f"Terraform went on and came to its end: {done[-1]}"
    count = sum(event.type == "apply_complete" for event in events)
    return (
        f"Terraform was ended, too, after {count} changes; look at the lock "
        "(tap lock show), then plan: what it did last may be missing in the state"
    )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
