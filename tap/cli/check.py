"""``tap check``: judge HCL and plans by rules."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice, print_data
from tap.cli.judging import judged
from tap.cli.options import target_options, warm_option
from tap.cli.subjects import Pointed
from tap.errors import RulesBrokenError

if TYPE_CHECKING:
    from tap.policy import Judgement


@click.command()
@click.argument(
    "path", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--plan", "plan_file", metavar="FILE", help="A plan in JSON; - is standard input.")
@click.option(
    "--env", "environment", metavar="ENV", help="Judge an environment and its saved plan."
)
@target_options
@warm_option
@click.option(
    "--rule", "identifiers", multiple=True, metavar="ID", help="Ask this rule only; repeatable."
)
@click.option("--explain", metavar="ID", help="Say everything about a rule, and judge nothing.")
@click.option(
    "--output",
    "output_format",
    type=click.Choice(["text", "json", "junit", "sarif", "markdown", "html"]),
    default="text",
    envvar="TAP_OUTPUT",
    help="Form of the report on standard output. [env: TAP_OUTPUT]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["low", "medium", "high", "critical"]),
    envvar="TAP_FAIL_ON",
    help="The lowest severity that fails; check.fail_on of tap.toml, or else medium. "
    "[env: TAP_FAIL_ON]",
)
@click.option(
    "--fail-on-unknown",
    is_flag=True,
    envvar="TAP_FAIL_ON_UNKNOWN",
    help="Fail on what is not known before apply, too. [env: TAP_FAIL_ON_UNKNOWN]",
)
def check(
    path: Path | None,
    *,
    plan_file: str | None,
    environment: str | None,
    target: str,
    suffix: str,
    identifiers: tuple[str, ...],
    explain: str | None,
    output_format: str,
    fail_on: str | None,
    fail_on_unknown: bool,
) -> None:
    """Judge the Terraform root in PATH, a plan of it, or both, by rules.

    Without arguments: the files of all environments, of the backend, and of modules that none
    of them calls. With --env: the files of one environment, and its saved plan if there is one.
    PATH can be any folder of .tf files, and --plan any output of terraform show -json; no
    tap.toml is needed.

    The exit code is 3 if something at or above --fail-on is found that no waiver covers, if a
    waiver has expired or covers nothing, or if a file cannot be read. Answers that are not known
    before apply are listed, and count with --fail-on-unknown only.
    """
    from tap.policy import Severity, all_rules, find_rule

    # All that is made stays until the end, which is near: looking for garbage in the millions of
    # objects of a large plan takes half of the time.
    gc.disable()
    if explain:
        from tap.reports.rules import rule_text, rules_json, rules_markdown

        rule = find_rule(explain)
        forms = {"json": rules_json, "markdown": rules_markdown}
        print_data(forms[output_format]([rule]) if output_format in forms else rule_text(rule))
        return
    rules = tuple(map(find_rule, identifiers)) or all_rules()
    pointed = Pointed(
        path=path, plan_file=plan_file, environment=environment, target=target, suffix=suffix
    )
    settings = pointed.settings
    limit = fail_on or (settings.check.fail_on if settings else Severity.MEDIUM)
    judgement = judged(
        pointed.subjects(),
        rules,
        settings=settings,
        fail_on=Severity(limit),
        fail_on_unknown=fail_on_unknown,
    )
    print_data(_report(judgement, output_format))
    _end(judgement, output_format)


def _report(judgement: Judgement, output_format: str) -> str:
    if output_format == "json":
        from tap.reports.findings_json import findings_json

        return findings_json(judgement)
    if output_format == "junit":
        from tap.reports.junit import findings_junit

        return findings_junit(judgement)
    if output_format == "sarif":
        from tap.reports.sarif import findings_sarif

        return findings_sarif(judgement)
    if output_format == "markdown":
        from tap.reports.findings_markdown import findings_markdown

        return findings_markdown(judgement)
    if output_format == "html":
        from tap.reports.findings import verdict_line
        from tap.reports.findings_markdown import findings_markdown
        from tap.reports.html import html_page

        return html_page(verdict_line(judgement), findings_markdown(judgement, limit=sys.maxsize))
    from tap.reports.findings import findings_text

    return findings_text(judgement)


def _end(judgement: Judgement, output_format: str) -> None:
    """Say the verdict where the report does not end with it, and fail if it is one.

    Raises:
        RulesBrokenError: The check failed.
    """
    from tap.reports.findings import verdict_line

    if not judgement.passed:
        worst = next(iter(judgement.blocking or judgement.failed), None)
        explain = f"tap check --explain {worst.rule.id} says more of a rule; " if worst else ""
        raise RulesBrokenError(
            verdict_line(judgement),
            f"{explain}correct what is found, or waive it for a while: docs/guides/check.md",
        )
    if output_format != "text":
        notice(verdict_line(judgement))
