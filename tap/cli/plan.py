"""``tap plan``: plan an environment into a file and say what it would do."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.ahead import import_ahead
from tap.cli.console import Progress, notice, print_data
from tap.cli.judging import judge_plan, said_by_rules
from tap.cli.options import (
    environment_argument,
    lock_option,
    report_option,
    target_options,
    warm_option,
)
from tap.cli.protection import command_words
from tap.cli.proving import prove_plan, said_by_proofs
from tap.cli.reviewing import Reviewer
from tap.cli.session import open_environment

if TYPE_CHECKING:
    from tap.plan import Summary
    from tap.policy import Judgement
    from tap.terraform.manifest import Manifest
    from tap.terraform.root import Shown
    from tap.workspace import Workspace

# A comment on a pull request takes 65 536 characters; the rest is for what is said around it.
AUTOMATION_LIMIT = 60_000

# What judges a plan takes half a second to import, which is nothing beside Terraform's work.
_JUDGES = (
    "tap.policy",
    "tap.reports.findings",
    "tap.proofs.verdict",
    "tap.proofs.access.from_plan",
    "tap.proofs.network.from_plan",
    "tap.proofs.network.tiers",
)


@click.command()
@environment_argument
@target_options
@lock_option
@warm_option
@report_option
@click.option("--destroy", is_flag=True, help="Plan to destroy everything.")
@click.option(
    "--out",
    "out_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan there, for tap apply --plan FILE.",
)
@click.option(
    "--json-out",
    "shown_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there what terraform show -json says of the plan, for tap check --plan FILE.",
)
def plan(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    output_format: str,
    *,
    out_file: Path | None,
    shown_file: Path | None,
    destroy: bool,
) -> None:
    """Plan ENV and save the plan for tap apply.

    A manifest beside the plan notes what it was made of; tap apply refuses the plan when that
    has changed. The rules of tap check judge the plan with its files, and tap prove answers the
    intents of the environment from it; what they find is told here and counts in tap apply.

    With TF_IN_AUTOMATION set, what is printed fits into a comment on a pull request and ends with
    the summary.
    """
    from tap.plan import summarize

    workspace, progress = open_environment(
        environment, target, suffix=suffix, lock_timeout=lock_timeout
    )
    saved = out_file.resolve() if out_file else workspace.request.plan_file
    made, manifest = save_plan(workspace, progress, saved, destroy=destroy, shown=shown_file)
    summary = summarize(made.plan)
    reviewer = Reviewer.start(workspace)
    # What a destroy leaves behind breaks no rule.
    judgement = None if destroy else judge_plan(made.plan, workspace)
    automated = bool(os.environ.get("TF_IN_AUTOMATION"))
    if not automated:
        print_summary(summary, workspace, output_format, judgement)
    if judgement is not None:
        rules = said_by_rules(judgement)
        for line in rules.lines[:1] if automated else rules.lines:
            notice(line)
        request = workspace.request
        proofs = said_by_proofs(
            prove_plan(made.plan, request.settings, request.environment, request.label)
        )
        for line in proofs.lines if proofs else ():
            notice(line)
        if out_file is None and not summary.empty:
            reviewer.keep(made, manifest, judgement, proofs)
    if automated:
        print_summary(summary, workspace, output_format, judgement, limit=AUTOMATION_LIMIT)
    if summary.empty and out_file is None:
        from tap.terraform.saved import remove_plan

        remove_plan(saved)
        return
    if automated:
        return
    named = ["--plan", shlex.quote(str(out_file))] if out_file else []
    command = " ".join(["tap", "apply", *command_words(workspace), *named])
    notice(f"Saved to {display(saved, workspace)}; apply it with: {command}")


def save_plan(
    workspace: Workspace,
    progress: Progress,
    saved: Path,
    *,
    destroy: bool,
    shown: Path | None = None,
) -> tuple[Shown, Manifest]:
    """Plan, and put the plan and its manifest where ``tap apply`` finds them.

    Args:
        workspace: The environment.
        progress: What is told meanwhile.
        saved: Where the plan goes.
        destroy: Whether to plan to destroy everything.
        shown: Where the plan goes in JSON as well, readable by its owner only.

    Raises:
        TerraformError: Terraform refused, or a file changed while it was planned.
    """
    from tap.git import look_at_work_tree
    from tap.terraform.provenance import Recorder
    from tap.terraform.saved import private_plan, publish_plan

    root = workspace.root
    recorder = Recorder.start(
        workspace.circumstances, root=root.directory, folders=root.module_folders, plan=saved
    )
    with private_plan(saved) as file:
        made = make_plan(workspace, progress, file, destroy=destroy, shown=shown)
        manifest = recorder.finish(
            file,
            variables=made.plan.configuration.root_module.variables,
            destroy=destroy,
            tree=look_at_work_tree(workspace.request.settings.root, os.environ),
        )
        publish_plan(file, saved, manifest)
    return made, manifest


def make_plan(
    workspace: Workspace,
    progress: Progress,
    file: Path,
    *,
    destroy: bool = False,
    shown: Path | None = None,
) -> Shown:
    """Plan into a file, in JSON into a second one if it is wanted, and return what is in it."""
    judges = import_ahead(*(() if destroy else _JUDGES))
    try:
        workspace.root.plan(file, destroy=destroy)
        made = workspace.root.show(file)
    finally:
        progress.clear()
    judges.result()
    if shown is not None:
        shown.unlink(missing_ok=True)
        shown.touch(mode=0o600)
        shown.write_bytes(made.text)
    return made


def print_summary(
    summary: Summary,
    workspace: Workspace,
    output_format: str,
    judgement: Judgement | None = None,
    *,
    limit: int | None = None,
) -> None:
    """Print what a plan does, and what rules say of it where the form has a place for that."""
    from tap.reports.summary import summary_json, summary_markdown, summary_text

    if output_format == "json":
        print_data(summary_json(summary, target=workspace.description, judgement=judgement))
    elif output_format == "markdown":
        print_data(summary_markdown(summary, target=workspace.description, judgement=judgement))
    elif output_format == "html":
        from tap.reports.html import html_page

        whole = summary_markdown(
            summary, target=workspace.description, judgement=judgement, limit=sys.maxsize
        )
        print_data(html_page(f"Plan of {workspace.request.label}", whole))
    else:
        print_data(summary_text(summary, limit=limit))


def plan_command(workspace: Workspace, out_file: Path | None = None) -> str:
    """Return the command that plans the same copy of an environment into the same file."""
    out = ["--out", shlex.quote(str(out_file))] if out_file else []
    return " ".join(["tap", "plan", *command_words(workspace), *out])


def display(file: Path, workspace: Workspace) -> str:
    """Return a path as it is best told: from the project, where it is in there."""
    root = workspace.request.settings.root
    return str(file.relative_to(root) if file.is_relative_to(root) else file)
