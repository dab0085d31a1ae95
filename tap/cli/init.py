"""``tap init``: prepare an environment's root, and the state storage of its account."""

from __future__ import annotations

import click

from tap.cli.console import Progress, notice
from tap.cli.options import environment_argument, make_request, target_options
from tap.workspace import open_workspace


@click.command()
@environment_argument
@target_options
@click.option("--bootstrap", is_flag=True, help="On aws, create missing state storage, too.")
def init(environment: str, target: str, suffix: str, *, bootstrap: bool) -> None:
    """Prepare ENV: target, state storage, terraform init.

    The other commands do this themselves when it is needed. The state storage of an AWS
    account is created only here, with --bootstrap.
    """
    request = make_request(environment, target, suffix=suffix, reporter=Progress().reporter)
    workspace = open_workspace(request, bootstrap=bootstrap)
    notice(f"{workspace.description}: ready, state in s3://{workspace.backend.bucket}")
