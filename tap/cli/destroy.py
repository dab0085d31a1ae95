"""``tap destroy``: destroy everything in an environment."""

from __future__ import annotations

import click

from tap.cli.apply import private_plan, show_and_apply
from tap.cli.options import environment_argument, lock_option, target_options, warm_option
from tap.cli.plan import make_plan
from tap.cli.session import open_environment


@click.command()
@environment_argument
@target_options
@lock_option
@warm_option
@click.option("--yes", is_flag=True, help="On aws, do not ask for the environment's name.")
def destroy(
    environment: str, target: str, suffix: str, lock_timeout: str, *, warm: bool, yes: bool
) -> None:
    """Destroy everything in ENV, after showing what that is."""
    workspace, progress = open_environment(
        environment, target, suffix=suffix, lock_timeout=lock_timeout, warm=warm
    )
    with private_plan(workspace) as file:
        summary = make_plan(workspace, progress, file, destroy=True)
        show_and_apply(workspace, progress, file, summary, yes=yes, verb="destroy")
