"""``tap test``: run the tests of modules (``tests/*.tftest.hcl``)."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tap.cli.console import notice
from tap.cli.options import warm_option
from tap.cli.session import warm_providers
from tap.errors import SettingsError


@click.command()
@click.argument("module", nargs=-1)
@warm_option
def test(module: tuple[str, ...]) -> None:
    """Run terraform test in each MODULE, such as vpc; in every module with tests by default."""
    from tap.settings import load_settings
    from tap.terraform.root import Reporter
    from tap.terraform.validation import module_tests, run_module_tests

    settings = load_settings(Path.cwd(), os.environ)
    tested = {folder.name: folder for folder in module_tests(settings)}
    for name in module:
        if name not in tested:
            raise SettingsError(
                f"no module {name!r} with tests; there are: {', '.join(tested) or 'none'}",
                "give one of these names, or none for all of them",
            )
    providers = warm_providers(os.environ)
    for name in module or tested:
        passed = run_module_tests(
            tested[name], settings, os.environ, Reporter(notice=notice), providers
        )
        notice(f"modules/{name}: {passed} passed")
