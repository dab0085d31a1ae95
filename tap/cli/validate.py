"""``tap validate``: check modules and roots without asking AWS."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tap.cli.console import notice
from tap.cli.options import warm_option
from tap.cli.session import warm_providers


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@warm_option
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
    providers = warm_providers(os.environ)
    for folder in folders:
        validate_folder(folder, settings, os.environ, reporter, providers)
        notice(f"{folder.relative_to(settings.root)}: valid")
