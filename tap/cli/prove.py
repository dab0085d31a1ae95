"""``tap prove``: who can reach what, and who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, report_option, target_options, warm_option
from tap.cli.proving import (
    intents_file,
    live_outputs,
    live_tiers,
    plan_sources,
    plan_tiers,
    prove_live,
    prove_plan,
)
from tap.cli.session import open_environment
from tap.cli.subjects import environment_request, read_plan_file, saved_plan
from tap.errors import RulesBrokenError, SettingsError

if TYPE_CHECKING:
    from tap.proofs.network.tiers import Tiers
    from tap.proofs.verdict import Verdict


@click.command()
@environment_argument
@target_options
@warm_option
@click.option("--plan", "plan_file", metavar="FILE", help="A plan in JSON; - is standard input.")
@click.option("--live", is_flag=True, help="Ask what is applied, not a plan.")
@click.option("--from", "source", metavar="A", help="One question: from this tier, ...")
@click.option("--to", "destination", metavar="B", help="... to this one, ...")
@click.option("--port", "ports", metavar="PORT", help="... at these ports, such as 443 or udp/53.")
@click.option("--matrix", is_flag=True, help="Show every tier against every other.")
@report_option
def prove(
    environment: str,
    target: str,
    suffix: str,
    output_format: str,
    *,
    plan_file: str | None,
    live: bool,
    source: str | None,
    destination: str | None,
    ports: str | None,
    matrix: bool,
) -> None:
    """Prove from the saved plan of ENV who can reach what, and who may do what.

    The intents are in environments/_stack/intents.txt. Each is proved, refuted or unknown, with
    the path of a packet, or the statements of policies, that show it. Whatever else gets from one
    tier to another is unexpected. The exit code is 3 if an intent is not proved or something is
    unexpected.

    With --from, --to and --port one question is answered, whatever the intents are, and the exit
    code is 0.
    """
    if plan_file and live:
        raise SettingsError("both --plan and --live were given", "leave one of them out")
    asked = (source, destination, ports)
    if any(asked) and not all(asked):
        raise SettingsError(
            "--from, --to and --port belong together",
            f"for example: tap prove {environment} --from app --to db --port 3306",
        )
    request = environment_request(environment, target, suffix)
    if not any(asked) and not intents_file(request.environment).is_file():
        raise SettingsError(
            f"{environment} has no intents: there is no environments/_stack/intents.txt",
            "write one: docs/guides/prove.md; or ask one question with --from, --to and --port",
        )
    if live:
        workspace, progress = open_environment(environment, target, suffix=suffix)
        progress.clear()
        if source and destination and ports:
            tiers = live_tiers(workspace, live_outputs(workspace))
            print_data(_answer(tiers, source, destination, ports))
            return
        verdict: Verdict | None = prove_live(workspace)
    else:
        plan = (
            read_plan_file(plan_file)
            if plan_file
            else saved_plan(
                request,
                otherwise=f"; or ask what is applied: tap prove {request.words} --live",
            )
        )
        if source and destination and ports:
            tiers = plan_tiers(plan, plan_sources(request.settings, request.environment))
            print_data(_answer(tiers, source, destination, ports))
            return
        verdict = prove_plan(plan, request.settings, request.environment, request.label)
    if verdict is not None:
        _report(verdict, output_format, matrix=matrix)


def _answer(tiers: Tiers, source: str, destination: str, ports: str) -> str:
    """Answer one question in words.

    Raises:
        SettingsError: A name or the ports cannot be used.
    """
    from tap.proofs.answer import Answer
    from tap.proofs.intents import parse_ports
    from tap.proofs.network.reachability import Question, always, never
    from tap.proofs.network.traffic import describe_traffic

    try:
        traffic = parse_ports(ports)
    except ValueError as error:
        raise SettingsError(
            f"--port {ports!r}: {error}", "give such as 443, 1000-2000, udp/53, icmp or '*'"
        ) from None
    question = Question(source=source, destination=destination, traffic=traffic)
    some, every = never(tiers, question), always(tiers, question)
    if some.answer is Answer.PROVED:
        word, shown = "no", every
    elif every.answer is Answer.PROVED:
        word, shown = "yes", every
    elif some.answer is Answer.REFUTED:
        word, shown = "partly", some
    else:
        word, shown = "unknown", some
    lines = [f"{word}: {source} -> {destination}: {describe_traffic(traffic)}"]
    lines += [f"  {line}" for line in shown.lines()]
    if word == "partly":
        lines += ["but not:", *(f"  {line}" for line in every.lines())]
    return "\n".join(lines)


def _report(verdict: Verdict, output_format: str, *, matrix: bool) -> None:
    """Print everything, and fail if something does not hold.

    Raises:
        RulesBrokenError: An intent does not hold, or something is unexpected.
    """
    from tap.reports.proofs import proofs_json, proofs_line, proofs_markdown, proofs_text

    if output_format == "json":
        print_data(proofs_json(verdict))
    elif output_format == "markdown":
        print_data(proofs_markdown(verdict))
    elif output_format == "html":
        from tap.reports.html import html_page

        print_data(html_page(proofs_line(verdict), proofs_markdown(verdict)))
    else:
        print_data(proofs_text(verdict, matrix=matrix))
    if not verdict.holds:
        raise RulesBrokenError(
            proofs_line(verdict),
            "correct what lets it through or keeps it out, or the intents in "
            "environments/_stack/intents.txt; docs/guides/prove.md",
        )
    if output_format != "text":
        notice(proofs_line(verdict))
