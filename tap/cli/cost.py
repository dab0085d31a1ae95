"""``tap cost``: what an environment costs in a month before anybody uses it."""

from __future__ import annotations

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, summary_option, target_options, warm_option
from tap.cli.subjects import environment_request, read_plan_file, saved_plan


@click.command()
@environment_argument
@target_options
@warm_option
@click.option("--plan", "plan_file", metavar="FILE", help="A plan in JSON; - is standard input.")
@summary_option
def cost(
    environment: str, target: str, suffix: str, output_format: str, *, plan_file: str | None
) -> None:
    """Say what drives the monthly cost of ENV, counted from its saved plan.

    Counted is what costs something as long as it is there, at the desired number of instances and
    730 hours a month, in US dollars before tax. What is paid by use is listed and not priced. The
    prices, with where and when each was found, are in docs/reference/cost.md; a driver of which no
    price is known says so.
    """
    from tap.cli.judging import read_sources
    from tap.cost.drivers import find_drivers
    from tap.cost.estimate import estimate
    from tap.cost.prices import load_prices
    from tap.errors import HclError
    from tap.policy import Planned
    from tap.reports.cost import cost_json, cost_line, cost_markdown, cost_text

    request = environment_request(environment, target, suffix)
    plan = read_plan_file(plan_file) if plan_file else saved_plan(request)
    try:
        sources = read_sources(request.environment.directory, request.settings)
    except HclError:
        sources = None
    drivers = find_drivers(Planned(plan, sources=sources, environment=environment))
    found = estimate(request.label, drivers, load_prices())
    if output_format == "text":
        print_data(cost_text(found))
        return
    print_data(cost_json(found) if output_format == "json" else cost_markdown(found))
    notice(cost_line(found))
