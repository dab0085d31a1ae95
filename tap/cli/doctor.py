"""``tap doctor``: say what was found on this machine and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tap.cli.console import fail, print_data
from tap.cli.options import output_option


@click.command()
@output_option
def doctor(output_format: str) -> int:
    """Say which Python, Terraform, provider and emulator are used, and what is wrong.

    Exits 2 when something is missing.
    """
    from tap.doctor import examine

    findings = examine(Path.cwd(), os.environ, home=Path.home())
    if output_format == "json":
        import msgspec

        print_data(msgspec.json.encode(findings).decode())
    else:
        for finding in findings:
            mark = click.style("ok ", fg="green") if finding.ok else click.style("bad", fg="red")
            print_data(f"{mark}  {finding.subject:<10}  {finding.text}")
    for finding in findings:
        if not finding.ok:
            fail(f"{finding.subject}: {finding.text}", finding.hint)
    return 0 if all(finding.ok for finding in findings) else 2
