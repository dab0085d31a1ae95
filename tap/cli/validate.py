"""``tap validate``: check modules and roots without asking AWS."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tap.cli.console import notice


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
def validate(environment: str | None) -> None:
    """Run terraform validate on ENV, or on every module and root."""
    from tap.settings import load_settings
    from tap.terraform.root import Reporter
    from tap.terraform.validation import validate_folder, validated_folders

    settings = load_settings(Path.cwd(), os.environ)
    reporter = Reporter(notice=notice)
    folders = (
        [settings.environment(environment).directory]
        if environment
        else validated_folders(settings)
    )
    for folder in folders:
        validate_folder(folder, settings, os.environ, reporter)
        notice(f"{folder.relative_to(settings.root)}: valid")
