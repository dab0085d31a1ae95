"""``tap shift``, ``tap rollback`` and ``tap status``: move traffic, take it back, look at it."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice, print_data
from tap.cli.options import environment_argument, lock_option, output_option, target_options
from tap.cli.session import open_environment
from tap.errors import RecordError, SettingsError, ShiftError, TapError

if TYPE_CHECKING:
    from tap.settings import TrafficSettings
    from tap.traffic.live import LiveWorld
    from tap.traffic.record import Record
    from tap.traffic.shift import Shift
    from tap.traffic.world import World
    from tap.workspace import Workspace

_CHART_MINUTES = 60
_WINDOW_MINUTES = 5


@click.command()
@environment_argument
@target_options
@lock_option
@click.option("--to", "goal", metavar="PHASE", help="One legal move: canary, half, complete, ...")
@click.option("--auto", is_flag=True, help="Every step until green has all of the traffic.")
@click.option("--finish", is_flag=True, help="Take blue's capacity away; only at complete.")
@click.option(
    "--bake",
    metavar="TIME",
    envvar="TAP_BAKE",
    help="How long each step is watched, such as 5m. [env: TAP_BAKE]",
)
@click.option("--steps", metavar="LIST", help="Green's shares in percent, such as 5,25,50,100.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@click.option(
    "--simulate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Judge the metrics of a file; ENV is not touched.",
)
@output_option
def shift(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    output_format: str,
    *,
    goal: str | None,
    bake: str | None,
    steps: str | None,
    simulate: Path | None,
    auto: bool,
    finish: bool,
    dry_run: bool,
) -> None:
    """Move traffic of ENV from blue to green, one step or all.

    Before each step the alarm that gates shifts, the probe and the capacity of the receiving color
    are asked. Afterwards the step is watched: green fails, and is taken back at once; or it cannot
    be judged, and is held; both are exit code 4. An apply and a shift exclude each other while
    traffic is moved, not while it is watched.
    """
    from tap.traffic.phases import STEPS, parse_steps
    from tap.traffic.shift import Shift
    from tap.traffic.simulate import SimulatedWorld, read_looks

    if sum((goal is not None, auto, finish)) != 1:
        raise SettingsError(
            "one of --to PHASE, --auto and --finish has to be given",
            f"for example: tap shift {environment} --to canary",
        )
    limits = _limits(bake)
    numbers = parse_steps(steps) if steps else STEPS
    world: World
    if simulate is not None:
        world = SimulatedWorld(looks=read_looks(simulate), say=notice)
    else:
        world = _world(environment, target, suffix=suffix, lock_timeout=lock_timeout)
    moved = Shift(world=world, limits=limits, steps=numbers)
    problem = None
    try:
        _carry_out(moved, goal=goal, auto=auto, dry_run=dry_run)
    except ShiftError as error:
        problem = error.message
        raise
    finally:
        if output_format == "json" and (problem or sys.exception() is None):
            outcome = "stopped" if problem else "dry run" if dry_run else "done"
            print_data(_document(world, moved, outcome, problem))
    if output_format == "text" and not dry_run:
        print_data(_summary(world))


def _carry_out(moved: Shift, *, goal: str | None, auto: bool, dry_run: bool) -> None:
    """Do what was asked for: one move, all of them, or the end of blue."""
    share = _share(goal) if goal is not None else None
    if dry_run:
        if auto or share is not None:
            moved.preview(everything=auto, goal=share)
    elif auto:
        moved.all_the_way()
    elif share is not None:
        moved.to(share)
    else:
        moved.finish()


@click.command()
@environment_argument
@target_options
@lock_option
@click.option("--to", "goal", metavar="PHASE", help="Go back to this phase; blue 100 % otherwise.")
@click.option("--force", is_flag=True, help="Also to a blue without a healthy target.")
@click.option(
    "--release-lock",
    metavar="ID",
    help="First release the state lock with this id, if its process is not known to live.",
)
def rollback(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    *,
    goal: str | None,
    release_lock: str | None,
    force: bool,
) -> None:
    """Give blue its share of the traffic of ENV again, at once.

    It works in any phase, after a crash half way, while another shift watches a step (which then
    ends), with a record that is missing or broken, and without CloudWatch.
    """
    from tap.cli.lock import release_by_id
    from tap.traffic.rollback import roll_back

    workspace, _ = open_environment(environment, target, suffix=suffix, lock_timeout=lock_timeout)
    world = _world_of(workspace, lock_timeout)
    if release_lock is not None:
        release_by_id(workspace, release_lock)
    roll_back(world, to=_share(goal) if goal is not None else 0, force=force)
    print_data(_summary(world))


@click.command()
@environment_argument
@target_options
@output_option
def status(environment: str, target: str, suffix: str, output_format: str) -> None:
    """Say how the traffic of ENV is shared out: configured, live and realised.

    With health, alarms, who moves or watches it, and the moves of the past.
    """
    from datetime import UTC, datetime

    from tap.traffic.metrics import read_shares
    from tap.traffic.moves import read_record
    from tap.traffic.report import Status, status_json, status_text

    workspace, _ = open_environment(environment, target, suffix=suffix)
    world = _world_of(workspace, "0s")
    record: Record | None = None
    problem = ""
    try:
        record = read_record(world).record
    except RecordError as error:
        problem = f"{error.message}; {error.hint}"
    now = world.now()
    try:
        shares = read_shares(
            world.target, world.places, now - timedelta(minutes=_CHART_MINUTES), now
        )
    except TapError as error:
        notice(error.message)
        shares = []
    found = Status(
        label=workspace.request.label,
        split=world.split,
        record=record,
        problem=problem,
        live=world.read_weights(),
        evidence=world.take_evidence(now - timedelta(minutes=_WINDOW_MINUTES)),
        shares=shares,
        lock=tuple(
            line
            for explanation in workspace.explain_locks()
            for line in explanation.lines(datetime.now(UTC))
        ),
    )
    if output_format == "json":
        print_data(status_json(found))
        return
    print_data(status_text(found, chart=sys.stdout.isatty()))
    if not found.agrees:
        notice(f"go back to blue: tap rollback {world.words}")


def _limits(bake: str | None) -> TrafficSettings:
    import os
    import re

    import msgspec

    from tap.settings import load_settings

    limits = load_settings(Path.cwd(), os.environ).traffic
    if bake is None:
        return limits
    if re.fullmatch(r"(?=.)(\d+h)?(\d+m)?(\d+s)?", bake) is None:
        raise SettingsError(f"--bake {bake!r} is no duration", "for example: --bake 5m")
    return msgspec.structs.replace(limits, bake=bake)


def _share(goal: str) -> int:
    """Return green's share of a phase, or the share itself."""
    from tap.traffic.phases import SHARES, Phase

    if goal.isdecimal() and int(goal) <= SHARES[Phase.COMPLETE]:
        return int(goal)
    try:
        return SHARES[Phase(goal)]
    except ValueError:
        raise SettingsError(
            f"there is no phase {goal!r}",
            f"phases: {', '.join(Phase)}; or green's share in percent",
        ) from None


def _world(environment: str, target: str, *, suffix: str, lock_timeout: str) -> LiveWorld:
    workspace, _ = open_environment(environment, target, suffix=suffix, lock_timeout=lock_timeout)
    return _world_of(workspace, lock_timeout)


def _world_of(workspace: Workspace, lock_timeout: str) -> LiveWorld:
    from tap.settings import seconds
    from tap.traffic.live import LiveWorld
    from tap.traffic.places import find_places

    request = workspace.request
    return LiveWorld(
        target=workspace.target,
        places=find_places(workspace.root.output(), request.words),
        root=workspace.root,
        backend=workspace.backend,
        key=request.state_key,
        folder=request.directory / "traffic" / request.label,
        words=request.words,
        say=notice,
        timeout=seconds(lock_timeout),
    )


def _summary(world: World) -> str:
    from tap.traffic.moves import read_record

    record = read_record(world).record
    return f"{record.phase}: {record.weights}"


def _document(world: World, moved: Shift, outcome: str, problem: str | None) -> str:
    import msgspec

    from tap.traffic.moves import read_record

    record = read_record(world).record
    return msgspec.json.encode(
        {
            "environment": world.words,
            "outcome": outcome,
            "reason": problem,
            "phase": record.phase,
            "weights": record.weights,
            "revision": record.revision,
            "steps": moved.done,
        }
    ).decode()
