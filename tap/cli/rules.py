"""``tap rules``: list what ``tap check`` looks for."""

from __future__ import annotations

import click

from tap.cli.console import print_data
from tap.cli.options import summary_option


@click.command()
@summary_option
def rules(output_format: str) -> None:
    """List the rules of tap check with their severity and what they read.

    In Markdown it is the rule reference of the documentation.
    """
    from tap.policy import all_rules
    from tap.reports.rules import rules_json, rules_markdown, rules_text

    forms = {"text": rules_text, "json": rules_json, "markdown": rules_markdown}
    print_data(forms[output_format](all_rules()))
