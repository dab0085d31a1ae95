"""``tap output``: print the outputs of an applied environment."""

from __future__ import annotations

import click

from tap.cli.console import Progress, notice, print_data
from tap.cli.options import environment_argument, make_request, output_option, target_options
from tap.workspace import open_workspace


@click.command()
@environment_argument
@target_options
@output_option
def output(environment: str, target: str, suffix: str, output_format: str) -> None:
    """Print the outputs of ENV as a tree, or as JSON."""
    from tap.reports.outputs import outputs_json, outputs_text  # noqa: PLC0415

    request = make_request(environment, target, suffix=suffix, reporter=Progress().reporter)
    workspace = open_workspace(request)
    notice(workspace.description)
    outputs = workspace.root.output()
    if not outputs:
        notice(f"nothing is applied; run: tap apply {environment}")
    print_data(outputs_json(outputs) if output_format == "json" else outputs_text(outputs))
