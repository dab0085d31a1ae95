"""``tap coverage``: which parts of the modules tests exercise."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tap import __version__
from tap.cli.console import notice
from tap.cli.options import warm_option
from tap.cli.session import warm_providers
from tap.errors import SettingsError


@click.command()
@click.argument("records", required=False, type=click.Path(path_type=Path))
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="FOLDER", help="Write pages of HTML there."
)
@click.option(
    "--cobertura", type=click.Path(path_type=Path), metavar="FILE", help="Write Cobertura XML."
)
@click.option(
    "--fail-under",
    multiple=True,
    metavar="KIND=PERCENT",
    help="Fail below that share, such as resource=100; of resource, output, variable, "
    "validation, condition. Can be given several times.",
)
@warm_option
def coverage(
    records: Path | None, html: Path | None, cobertura: Path | None, fail_under: tuple[str, ...]
) -> None:
    """Say which parts of the modules are exercised by a test that asserts something.

    Runs the tests of the modules (tests/*.tftest.hcl), and takes from RECORDS what pytest saw:
    pytest --terraform-coverage RECORDS -o enable_assertion_pass_hook=true.
    """
    from tap.coverage.gather import measure_project
    from tap.coverage.limits import check_limits, parse_limits
    from tap.coverage.text import coverage_text
    from tap.settings import load_settings

    limits = parse_limits(fail_under)
    settings = load_settings(Path.cwd(), os.environ)
    if records is not None and not records.is_dir():
        raise SettingsError(
            f"no folder {str(records)!r}",
            f"make it with: pytest --terraform-coverage {records} "
            "-o enable_assertion_pass_hook=true",
        )
    measured = measure_project(
        settings, records, os.environ, notice=notice, warm=warm_providers(os.environ)
    )
    if html is not None:
        from tap.coverage.page import coverage_pages

        html.mkdir(parents=True, exist_ok=True)
        for name, page in coverage_pages(measured.coverage, measured.sources).items():
            (html / name).write_text(page, encoding="utf-8")
        notice(f"pages: {html / 'index.html'}")
    if cobertura is not None:
        import time

        from tap.coverage.cobertura import coverage_cobertura

        text = coverage_cobertura(
            measured.coverage,
            source=str(settings.root),
            version=__version__,
            timestamp=time.time_ns() // 1_000_000,
        )
        cobertura.parent.mkdir(parents=True, exist_ok=True)
        cobertura.write_text(text, encoding="utf-8")
        notice(f"Cobertura: {cobertura}")
    click.echo(coverage_text(measured.coverage), nl=False)
    check_limits(measured.coverage, limits)
