"""``tap apply``: apply a saved plan, or plan, show and apply."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice
from tap.cli.options import environment_argument, lock_option, target_options
from tap.cli.plan import command_words, make_plan, print_summary
from tap.cli.session import open_environment
from tap.errors import LockedError, SettingsError, StalePlanError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.cli.console import Progress
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
        with taken_plan(workspace) as file:
            show_and_apply(workspace, progress, file, read_plan(workspace, file), yes=yes)
    else:
        with private_plan(workspace) as file:
            summary = make_plan(workspace, progress, file)
            show_and_apply(workspace, progress, file, summary, yes=yes)


@contextmanager
def private_plan(workspace: Workspace) -> Iterator[Path]:
    """Yield a file for a plan that no other command finds; it is gone afterwards."""
    public = workspace.request.plan_file
    file = public.with_name(f"{public.name}.{os.getpid()}")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def taken_plan(workspace: Workspace) -> Iterator[Path]:
    """Take the saved plan, so that what is shown is what is applied, once.

    It is put back when nothing was applied: the state was locked, or nobody confirmed.

    Raises:
        StalePlanError: Another command has just taken it.
    """
    public = workspace.request.plan_file
    with private_plan(workspace) as file:
        try:
            public.rename(file)
        except FileNotFoundError:
            raise StalePlanError(
                f"{public.name} was taken by another tap apply", "plan again when that has ended"
            ) from None
        try:
            yield file
        except (LockedError, SettingsError):
            if not public.exists():
                file.rename(public)
            raise


def read_plan(workspace: Workspace, file: Path) -> Summary:
    """Return what a saved plan does."""
    from tap.plan import Plan, summarize

    return summarize(Plan.decode(workspace.root.show(file)))


def show_and_apply(
    workspace: Workspace,
    progress: Progress,
    file: Path,
    summary: Summary,
    *,
    yes: bool,
    verb: str = "apply",
) -> None:
    """Print what a plan does, ask where that is due, and apply it."""
    print_summary(summary, workspace, "text")
    if summary.empty:
        return
    refuse_protected(summary, workspace)
    confirm(workspace, verb, yes=yes)
    counts = summary.total
    progress.total = counts.add + counts.change + counts.destroy
    workspace.states.back_up()
    try:
        workspace.root.apply(file)
    finally:
        progress.clear()


def refuse_protected(summary: Summary, workspace: Workspace) -> None:
    """Refuse, before anything is touched, what AWS would refuse half way through.

    Raises:
        SettingsError: Something would be destroyed that is protected against deletion.
    """
    protected = [change.address for change in summary.changes if change.protected]
    if protected:
        command = " ".join(["tap", "apply", *command_words(workspace)])
        raise SettingsError(
            f"{workspace.request.label} is protected against deletion: {', '.join(protected)}",
            f"lift it first: TF_VAR_deletion_protection=false {command}",
        )


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
