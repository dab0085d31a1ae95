"""``tap state``: back up, list and compare states, go back to one, recover a lost one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tap.cli.console import notice, print_data
from tap.cli.options import (
    confirmation_options,
    environment_argument,
    lock_option,
    output_option,
    target_options,
)
from tap.cli.protection import Consent, confirm
from tap.cli.session import open_environment

if TYPE_CHECKING:
    from tap.cli.console import Progress
    from tap.terraform.backups import Stored
    from tap.terraform.states import Difference, State
    from tap.workspace import Workspace


@click.group()
def state() -> None:
    """Look at states, back them up, and go back to one. No value of a state is ever printed."""


@state.command()
@environment_argument
@target_options
def backup(environment: str, target: str, suffix: str) -> None:
    """Copy the state of ENV to this machine; apply and destroy do it by themselves."""
    workspace, _ = open_environment(environment, target, suffix=suffix, initialize=False)
    file = workspace.states.back_up()
    if file is None:
        notice(f"{workspace.request.label} has no state yet; nothing to back up")
        return
    print_data(str(file))


@state.command(name="list")
@environment_argument
@target_options
@output_option
def list_states(environment: str, target: str, suffix: str, output_format: str) -> None:
    """List the states that ENV has or could go back to.

    They are the current one, backups on this machine, earlier versions in the bucket, and states
    that Terraform could not save.
    """
    from tap.terraform.recovery import digest_fits

    workspace, _ = open_environment(environment, target, suffix=suffix, initialize=False)
    found = workspace.states.everything()
    if not digest_fits(workspace.states):
        notice(
            "the lock table has the digest of another state, so Terraform refuses this one: "
            f"tap state recover {workspace.request.words}"
        )
    if output_format == "json":
        import msgspec

        print_data(msgspec.json.encode([_as_json(each) for each in found]).decode())
        return
    if not found:
        notice(f"{workspace.request.label} has no state yet")
        return
    print_data(_table(found))


@state.command()
@environment_argument
@click.argument("first", metavar="NAME")
@click.argument("second", metavar="[NAME]", default="now")
@target_options
@output_option
def diff(
    environment: str, first: str, second: str, *, target: str, suffix: str, output_format: str
) -> None:
    """Compare two states of ENV, or one with the current state.

    NAME is a name that state list prints, or the beginning of one. Only addresses and names of
    attributes are shown.
    """
    from tap.terraform.states import compare

    workspace, _ = open_environment(environment, target, suffix=suffix, initialize=False)
    before, after = (_parsed(workspace.states.find(name)) for name in (first, second))
    found = compare(before, after)
    if output_format == "json":
        import msgspec

        print_data(msgspec.json.encode(found).decode())
    else:
        print_data(_difference(found))


@state.command()
@environment_argument
@click.argument("name", metavar="NAME")
@target_options
@lock_option
@click.option("--dry-run", is_flag=True, help="Show the plan that would result, change nothing.")
@confirmation_options
def restore(
    environment: str,
    name: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    *,
    dry_run: bool,
    yes: bool,
    protect: bool,
) -> None:
    """Make an earlier state of ENV the current one. No resource changes by that.

    NAME is a name that state list prints, or the beginning of one. The current state is backed up
    first. What the next plan would do with it is shown by --dry-run.
    """
    from tap.terraform.recovery import check_restorable
    from tap.terraform.recovery import restore as restore_state
    from tap.terraform.states import compare

    workspace, progress = open_environment(
        environment, target, suffix=suffix, lock_timeout=lock_timeout
    )
    states = workspace.states
    chosen = states.find(name)
    earlier = check_restorable(states, chosen)
    current = states.current()
    if current is not None and current.state is not None:
        print_data(_difference(compare(current.state, earlier)))
    if dry_run:
        _show_plan(workspace, progress, chosen)
        return
    _refuse_locked(workspace)
    confirm(workspace, "restore", Consent(yes=yes, protect=protect))
    serial = restore_state(states, workspace.root, chosen)
    notice(f"restored {chosen.name} as serial {serial}")
    notice(f"see what differs from it: tap plan {workspace.request.words}")


@state.command()
@environment_argument
@target_options
@lock_option
def recover(environment: str, target: str, suffix: str, lock_timeout: str) -> None:
    """Push the state of ENV that Terraform could not save, and correct a wrong digest.

    Lineage and serial are compared first. The file is put away only after it has been pushed.
    """
    from tap.terraform.recovery import recover as recover_state

    workspace, _ = open_environment(environment, target, suffix=suffix, lock_timeout=lock_timeout)
    _refuse_locked(workspace)
    done = recover_state(workspace.states, workspace.root)
    if done.digest_corrected:
        notice("corrected the digest of the state in the lock table")
    for name in done.pushed:
        notice(f"pushed {name}")
    if not (done.digest_corrected or done.pushed):
        notice("there is nothing to recover")
    notice(f"see what is there: tap plan {workspace.request.words}")


def _refuse_locked(workspace: Workspace) -> None:
    from datetime import UTC, datetime

    from tap.errors import LockedError

    for explanation in workspace.explain_locks():
        lines = [f"  {line}" for line in explanation.lines(datetime.now(UTC))]
        headline = f"the state of {workspace.request.label} is locked"
        raise LockedError("\n".join([headline, *lines]), explanation.advice)


def _show_plan(workspace: Workspace, progress: Progress, chosen: Stored) -> None:
    from tap.plan import summarize
    from tap.reports.summary import summary_text
    from tap.terraform.recovery import preview

    project = workspace.request.settings.root
    with preview(workspace.states, workspace.root, chosen, project) as root:
        file = root.data_directory / "preview.tfplan"
        try:
            root.plan(file)
        finally:
            progress.clear()
        print_data(summary_text(summarize(root.show(file).plan)))
    notice("this would be the plan after the restore; nothing was changed")


def _parsed(stored: Stored) -> State:
    from tap.errors import TapError

    if stored.state is None:
        raise TapError(f"{stored.name} is no Terraform state", "take another: tap state list")
    return stored.state


def _table(found: list[Stored]) -> str:
    rows = [("NAME", "FROM", "SERIAL", "OBJECTS", "WRITTEN (UTC)", "LINEAGE")]
    for each in found:
        serial, size, lineage = (
            (str(each.state.serial), str(each.state.size), each.state.lineage)
            if each.state is not None
            else ("-", "-", "no state")
        )
        rows.append(
            (each.name, each.origin, serial, size, f"{each.written:%Y-%m-%d %H:%M:%S}", lineage)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _as_json(stored: Stored) -> dict[str, Any]:
    found = stored.state
    return {
        "name": stored.name,
        "from": stored.origin,
        "written": stored.written,
        "serial": found.serial if found is not None else None,
        "lineage": found.lineage if found is not None else None,
        "objects": found.size if found is not None else None,
        "terraform_version": found.terraform_version if found is not None else None,
    }


def _difference(found: Difference) -> str:
    if found.empty:
        return "no difference"
    lines = [f"+ {address}" for address in found.added]
    lines += [f"- {address}" for address in found.removed]
    lines += [f"~ {address}  ({', '.join(names)})" for address, names in found.changed.items()]
    lines += [f"~ output {name}" for name in found.outputs]
    return "\n".join(lines)
