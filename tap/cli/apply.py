"""``tap apply``: apply a saved plan, or plan, show and apply."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tap.cli.console import Progress, notice
from tap.cli.options import environment_argument, lock_option, target_options
from tap.cli.plan import make_plan, print_summary
from tap.cli.session import open_environment
from tap.errors import LockedError, SettingsError, StalePlanError

if TYPE_CHECKING:
    from tap.plan import Summary
    from tap.workspace import Workspace


@click.command()
@environment_argument
@target_options
@lock_option
@click.option("--yes", is_flag=True, help="On aws, do not ask for the environment's name.")
def apply(environment: str, target: str, suffix: str, lock_timeout: str, *, yes: bool) -> None:
    """Apply the saved plan of ENV; without one, plan first.

    Whatever is applied was saved and shown before. On aws the name of the environment has to
    be typed, or --yes given.
    """
    workspace, progress = open_environment(
        environment, target, suffix=suffix, lock_timeout=lock_timeout
    )
    saved = workspace.request.plan_file
    if saved.is_file():
        notice(f"applying the saved plan {saved.relative_to(workspace.request.settings.root)}")
        summary = read_plan(workspace)
    else:
        summary = make_plan(workspace, progress)
    print_summary(summary, workspace, "text")
    if summary.empty:
        saved.unlink(missing_ok=True)
        return
    confirm(workspace, "apply", yes=yes)
    apply_plan(workspace, progress, total=changes(summary))


def read_plan(workspace: Workspace) -> Summary:
    """Return what the saved plan does."""
    from tap.plan import Plan, summarize

    return summarize(Plan.decode(workspace.root.show(workspace.request.plan_file)))


def changes(summary: Summary) -> int:
    """Return how many operations an apply consists of."""
    return summary.total.add + summary.total.change + summary.total.destroy


def apply_plan(workspace: Workspace, progress: Progress, *, total: int) -> None:
    """Apply the workspace's plan file; it is kept only when a lock stopped it.

    Raises:
        StalePlanError: Another command has taken the file since it was shown.
        TerraformError: The apply failed.
    """
    progress.total = total
    file = workspace.request.plan_file
    # A second apply must not find the plan that this one is applying.
    taken = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.rename(taken)
    except FileNotFoundError:
        raise StalePlanError(
            f"{file.name} was taken by another tap apply", "plan again when that has ended"
        ) from None
    try:
        workspace.root.apply(taken)
    except LockedError:
        if not file.exists():
            taken.rename(file)
        raise
    finally:
        taken.unlink(missing_ok=True)
        progress.clear()


def confirm(workspace: Workspace, verb: str, *, yes: bool) -> None:
    """Ask for the environment's name before AWS is touched.

    Raises:
        SettingsError: Another name was typed, or nobody is there to type one.
    """
    request = workspace.request
    if request.target != "aws" or yes:
        return
    prompt = f"Type {request.label} to {verb} it in account {workspace.account_id}"
    try:
        typed = click.prompt(prompt, default="", show_default=False, err=True)
    except click.Abort:
        typed = ""
    if typed != request.label:
        raise SettingsError(
            f"{verb} of {request.label} was not confirmed (got {typed!r})",
            f"run tap {verb} again, or give --yes where a reviewed plan is applied",
        )
