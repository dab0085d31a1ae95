"""``tap plan``: plan an environment into a file and say what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap.cli.console import Progress, notice, print_data
from tap.cli.options import (
    environment_argument,
    lock_option,
    output_option,
    target_options,
    warm_option,
)
from tap.cli.session import open_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tap.plan import Summary
    from tap.workspace import Workspace


@click.command()
@environment_argument
@target_options
@lock_option
@warm_option
@output_option
@click.option("--destroy", is_flag=True, help="Plan to destroy everything.")
def plan(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    output_format: str,
    *,
    warm: bool,
    destroy: bool,
) -> None:
    """Plan ENV and save the plan for tap apply."""
    workspace, progress = open_environment(
        environment, target, suffix=suffix, lock_timeout=lock_timeout, warm=warm
    )
    saved = workspace.request.plan_file
    summary = make_plan(workspace, progress, saved, destroy=destroy)
    print_summary(summary, workspace, output_format)
    if summary.empty:
        saved.unlink(missing_ok=True)
        return
    command = " ".join(["tap", "apply", *command_words(workspace)])
    name = saved.relative_to(workspace.request.settings.root)
    notice(f"Saved to {name}; apply it with: {command}")


def make_plan(
    workspace: Workspace, progress: Progress, file: Path, *, destroy: bool = False
) -> Summary:
    """Plan into a file and return what the plan does."""
    from tap.plan import Plan, summarize

    try:
        workspace.root.plan(file, destroy=destroy)
        return summarize(Plan.decode(workspace.root.show(file)))
    finally:
        progress.clear()


def print_summary(summary: Summary, workspace: Workspace, output_format: str) -> None:
    """Print what a plan does, to standard output."""
    from tap.reports.summary import summary_json, summary_text

    if output_format == "json":
        print_data(summary_json(summary, target=workspace.description))
    else:
        print_data(summary_text(summary))


def command_words(workspace: Workspace) -> list[str]:
    """Return what follows the verb of another command on the same copy of an environment."""
    request = workspace.request
    words = [request.environment.name]
    if request.target != "local":
        words += ["--target", request.target]
    if request.suffix:
        words += ["--suffix", request.suffix]
    return words
