"""``tap lock``: say who holds the lock of a state, and release one that nobody holds any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, output_option, target_options
from tap.cli.session import open_environment

if TYPE_CHECKING:
    from tap.terraform.holders import Explanation
    from tap.workspace import Workspace


@click.group()
def lock() -> None:
    """Look at the lock of a state, and release one whose process is gone."""


@lock.command()
@environment_argument
@target_options
@output_option
def show(environment: str, target: str, suffix: str, output_format: str) -> None:
    """Say who holds the lock of ENV, since when, and whether that process still lives.

    Both the lock file beside the state and the entry of the lock table are read.
    """
    workspace, _ = open_environment(environment, target, suffix=suffix, initialize=False)
    found = workspace.explain_locks()
    if output_format == "json":
        import msgspec

        now = datetime.now(UTC)
        document = {
            "locked": bool(found),
            "locks": [each for item in found for each in _as_json(item, now)],
        }
        print_data(msgspec.json.encode(document).decode())
        return
    if not found:
        print_data(f"{workspace.request.label} is not locked")
    for explanation in found:
        print_data(_as_text(explanation, workspace))


@lock.command()
@environment_argument
@target_options
@click.option("--id", "lock_id", required=True, metavar="ID", help="The id that lock show prints.")
def release(environment: str, target: str, suffix: str, lock_id: str) -> None:
    """Release the lock of ENV with this id, in each place that has it.

    Refused if the process that took it still lives on this machine.
    """
    from tap.errors import LockedError, TapError
    from tap.terraform.locks import release as release_lock

    workspace, _ = open_environment(environment, target, suffix=suffix, initialize=False)
    found = workspace.explain_locks()
    label, words = workspace.request.label, workspace.request.words
    if not found:
        raise TapError(f"nobody holds the lock of {label}; nothing to release", f"tap plan {words}")
    wanted = [item for item in found if item.locks[0].id == lock_id]
    if not wanted:
        ids = " and ".join(item.locks[0].id for item in found)
        raise LockedError(
            f"the lock of {label} has the id {ids}, not {lock_id}; nothing was released",
            f"look who holds it: tap lock show {words}",
        )
    holder = wanted[0].holder
    if holder.life == "alive":
        raise LockedError(
            f"the lock {lock_id} is in use: {holder.reason}; nothing was released",
            "wait until it has finished, or stop it with Ctrl-C where it runs",
        )
    for each in wanted[0].locks:
        release_lock(workspace.backend, workspace.request.state_key, each)
        notice(f"released the {each.kind}: {each.place}")
    notice(f"see what is there: tap plan {words}")


def _as_text(explanation: Explanation, workspace: Workspace) -> str:
    held = explanation.locks[0]
    if held.broken:
        headline = f"{workspace.request.label} is locked; the content of the lock is broken"
    else:
        since = f"{held.created:%Y-%m-%d %H:%M:%S} UTC" if held.created else "unknown"
        headline = (
            f"{workspace.request.label} is locked: {held.operation} by {held.who} since {since}"
        )
    lines = [f"  {line}" for line in explanation.lines(datetime.now(UTC))]
    return "\n".join([headline, *lines, f"  way out     {explanation.advice}"])


def _as_json(explanation: Explanation, now: datetime) -> list[dict[str, Any]]:
    holder = explanation.holder
    return [
        {
            "kind": each.kind,
            "place": each.place,
            "id": each.id,
            "broken": each.broken,
            "operation": each.operation,
            "who": each.who,
            "terraform_version": "" if each.own else each.version,
            "tap_version": each.version.removeprefix("tap ") if each.own else "",
            "info": each.info,
            "created": each.created,
            "held_seconds": (now - each.created).total_seconds() if each.created else None,
            "process": {"life": holder.life, "reason": holder.reason, "pid": holder.pid},
            "way_out": explanation.advice,
        }
        for each in explanation.locks
    ]
