"""``tap output``: print the outputs of an applied environment."""

from __future__ import annotations

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, output_option, target_options
from tap.cli.session import open_environment


@click.command()
@environment_argument
@target_options
@output_option
def output(environment: str, target: str, suffix: str, output_format: str) -> None:
    """Print the outputs of ENV as a tree, or as JSON."""
    from tap.reports.outputs import outputs_json, outputs_text

    workspace, _ = open_environment(environment, target, suffix=suffix)
    outputs = workspace.root.output()
    if not outputs:
        notice(f"nothing is applied; run: tap apply {environment}")
    print_data(outputs_json(outputs) if output_format == "json" else outputs_text(outputs))
