"""``tap plan``: plan an environment into a file and say what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap.cli.console import Progress, notice, print_data
from tap.cli.options import (
    environment_argument,
    lock_option,
    make_request,
    output_option,
    target_options,
)
from tap.workspace import open_workspace

if TYPE_CHECKING:
    from tap.plan import Summary
    from tap.workspace import Workspace


@click.command()
@environment_argument
@target_options
@lock_option
@output_option
@click.option("--destroy", is_flag=True, help="Plan to destroy everything.")
def plan(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    output_format: str,
    *,
    destroy: bool,
) -> None:
    """Plan ENV and save the plan for tap apply."""
    progress = Progress()
    request = make_request(
        environment, target, suffix=suffix, lock_timeout=lock_timeout, reporter=progress.reporter
    )
    workspace = open_workspace(request)
    notice(workspace.description)
    summary = make_plan(workspace, progress, destroy=destroy)
    print_summary(summary, workspace, output_format)
    if not summary.empty:
        saved = request.plan_file.relative_to(request.settings.root)
        notice(f"Saved to {saved}; apply it with: {_apply_command(workspace)}")


def make_plan(workspace: Workspace, progress: Progress, *, destroy: bool = False) -> Summary:
    """Plan into the workspace's file and return what the plan does."""
    from tap.plan import Plan, summarize  # noqa: PLC0415 - msgspec is not needed for --help

    file = workspace.request.plan_file
    try:
        workspace.root.plan(file, destroy=destroy)
        return summarize(Plan.decode(workspace.root.show(file)))
    finally:
        progress.clear()


def print_summary(summary: Summary, workspace: Workspace, output_format: str) -> None:
    """Print what a plan does, to standard output."""
    from tap.reports.summary import summary_json, summary_text  # noqa: PLC0415

    if output_format == "json":
        print_data(summary_json(summary, target=workspace.description))
    else:
        print_data(summary_text(summary))


def _apply_command(workspace: Workspace) -> str:
    request = workspace.request
    words = ["tap", "apply", request.environment.name]
    if request.target != "local":
        words += ["--target", request.target]
    if request.suffix:
        words += ["--suffix", request.suffix]
    return " ".join(words)
