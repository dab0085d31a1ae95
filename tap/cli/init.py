"""``tap init``: prepare an environment's root, and the state storage of its account."""

from __future__ import annotations

import click

from tap.cli.console import notice
from tap.cli.options import environment_argument, target_options
from tap.cli.session import open_environment


@click.command()
@environment_argument
@target_options
@click.option("--bootstrap", is_flag=True, help="On aws, create missing state storage, too.")
def init(environment: str, target: str, suffix: str, *, bootstrap: bool) -> None:
    """Prepare ENV: target, state storage, terraform init.

    The other commands do this themselves when it is needed. The state storage of an AWS
    account is created only here, with --bootstrap.
    """
    workspace, _ = open_environment(environment, target, suffix=suffix, bootstrap=bootstrap)
    notice(f"ready; the state is in s3://{workspace.backend.bucket}")
