"""``tap emulator traffic``: metrics as if requests came, for trying out shifts."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, output_option
from tap.cli.session import open_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.traffic.emulation import Emulation
    from tap.traffic.gate import Gate
    from tap.traffic.phases import Color

_EVERY_SECONDS = 1.0


class _ByColor(click.ParamType[tuple[str, float]]):
    """A number for one color, such as ``green=0.3``."""

    name = "color"

    def __init__(self, *, most: float | None = None, whole: bool = False) -> None:
        self._most = most
        self._whole = whole

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        color, _, text = str(value).partition("=")
        try:
            number = int(text) if self._whole else float(text)
        except ValueError:
            number = -1
        if color not in {"blue", "green"} or not 0 <= number <= (self._most or float("inf")):
            kind = "a whole number" if self._whole else "a number"
            limit = f" up to {self._most:g}" if self._most else ""
            self.fail(f"{value!r} is not blue or green, '=' and {kind}{limit}", param, ctx)
        return color, number


@click.command()
@environment_argument
@click.option(
    "--requests",
    type=click.FloatRange(0, 100_000),
    default=600,
    show_default=False,
    help="How many come in a minute.",
)
@click.option(
    "--errors",
    type=_ByColor(most=1),
    multiple=True,
    metavar="COLOR=SHARE",
    help="Share of a color's requests that fail with a 5xx, such as green=0.3; may be given again.",
)
@click.option(
    "--latency",
    type=_ByColor(),
    multiple=True,
    metavar="COLOR=SECONDS",
    help="99th percentile of a color's response times, 0.25 if not given; may be given again.",
)
@click.option(
    "--unhealthy",
    type=_ByColor(whole=True),
    multiple=True,
    metavar="COLOR=COUNT",
    help="How many targets of a color fail their health check, 0 if not given; may be given again.",
)
@click.option(
    "--probe",
    type=click.FloatRange(0, 100),
    default=100,
    show_default=False,
    help="Percent of the probes that succeed.",
)
@click.option(
    "--minutes",
    type=click.IntRange(1, 180),
    default=15,
    show_default=False,
    help="How many past minutes are rewritten.",
)
@click.option(
    "--follow", is_flag=True, help="Go on, second by second with the live weights, until Ctrl-C."
)
@click.option("--seed", type=int, default=1, help="Of the chance by which requests are shared out.")
@click.option(
    "--suffix",
    default="",
    envvar="TAP_SUFFIX",
    metavar="TEXT",
    help="Work on a second copy of the environment, such as pr42. [env: TAP_SUFFIX]",
)
@output_option
def traffic(
    *,
    environment: str,
    requests: float,
    errors: Sequence[tuple[Color, float]],
    latency: Sequence[tuple[Color, float]],
    unhealthy: Sequence[tuple[Color, int]],
    probe: float,
    minutes: int,
    follow: bool,
    seed: int,
    suffix: str,
    output_format: str,
) -> None:
    """Make up the metrics that load balancer and probe of ENV would report.

    What is known of the last minutes is replaced by what would have come with the weights of now.
    Alarms follow, the one that gates shifts included. Works on the embedded emulator only.
    """
    from tap.emulator.control import Emulator
    from tap.traffic.emulation import Emulation
    from tap.traffic.gate import read_gate
    from tap.traffic.places import find_places
    from tap.traffic.rehearsal import Scenario

    workspace, _ = open_environment(environment, "local", suffix=suffix)
    places = find_places(workspace.root.output(), workspace.request.words)
    emulation = Emulation(
        emulator=Emulator(workspace.request.settings.work_directory / "emulator"),
        target=workspace.target,
        places=places,
        scenario=Scenario(
            requests=requests,
            errors=dict(errors),
            p99_seconds=dict(latency),
            probe_percent=probe,
            seed=seed,
        ),
    )
    emulation.choose_health(dict(unhealthy))
    now = datetime.now(UTC)
    emulation.rewrite(now, minutes)
    _show(emulation, minutes, read_gate(workspace.target, places), output_format)
    if follow:
        _follow(emulation, now)


def _follow(emulation: Emulation, since: datetime) -> None:
    notice("going on with the live weights; Ctrl-C ends it")
    try:
        while True:
            time.sleep(_EVERY_SECONDS)
            now = datetime.now(UTC)
            emulation.go_on(since, now)
            since = now
    except KeyboardInterrupt:
        notice("no more requests come")


def _show(emulation: Emulation, minutes: int, gate: Gate, output_format: str) -> None:
    import msgspec

    received = cast("dict[str, Any]", emulation.received)
    if output_format == "json":
        document = {
            "minutes": minutes,
            "colors": {
                color: {"requests": each.requests, "errors": each.errors}
                for color, each in received.items()
            },
            "gate": {"name": emulation.places.gate, "state": gate.state, "reason": gate.text},
        }
        print_data(msgspec.json.encode(document).decode())
        return
    for color, each in received.items():
        print_data(
            f"{color:<5}  {each.requests} requests in the last {minutes} minutes, "
            f"{each.errors} of them with 5xx"
        )
    reason = f": {gate.text}" if gate.state == "ALARM" else ""
    print_data(f"gate   {emulation.places.gate} is {gate.state}{reason}")
