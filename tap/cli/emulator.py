"""``tap emulator``: start, stop, look at and reset the embedded emulator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice, print_data
from tap.cli.options import output_option
from tap.cli.rehearsal import traffic

if TYPE_CHECKING:
    from tap.emulator.control import Emulator, Status
    from tap.settings import Settings


@click.group()
def emulator() -> None:
    """Start, stop, look at and reset the embedded emulator.

    The commands that need it start it by themselves. It keeps its state until it is stopped.
    """


@emulator.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Loopback port; any free one if not given."
)
def start(port: int | None) -> None:
    """Start it, or say where it already runs."""
    settings, control = _open()
    status = control.start(port or settings.emulator.port)
    for line in status.notices:
        notice(line)
    print_data(str(status.endpoint))


@emulator.command()
def stop() -> None:
    """Stop it; everything in it is lost."""
    _, control = _open()
    notice("stopped" if control.stop() else "it was not running")


@emulator.command()
@output_option
def status(output_format: str) -> None:
    """Say whether it runs, where, and since when."""
    _, control = _open()
    found = control.status()
    if output_format == "json":
        import msgspec

        print_data(msgspec.json.encode(found).decode())
        return
    print_data(describe(found))
    for line in found.notices:
        notice(line)


@emulator.command()
def reset() -> None:
    """Empty it without stopping it, states included."""
    _, control = _open()
    control.reset()
    notice("reset")


emulator.add_command(traffic)


def describe(status: Status) -> str:
    """Return one line about an emulator."""
    if not status.running:
        return "not running"
    memory = f", {status.memory_bytes // 1_000_000} MB" if status.memory_bytes else ""
    since = f"{status.started_at:%Y-%m-%d %H:%M:%S} UTC" if status.started_at else "unknown"
    return (
        f"{status.endpoint} (process {status.pid}, moto {status.moto}, "
        f"{len(status.patches)} patches{memory}, since {since})"
    )


def _open() -> tuple[Settings, Emulator]:
    from tap.emulator.control import Emulator
    from tap.settings import load_settings

    settings = load_settings(Path.cwd(), os.environ)
    return settings, Emulator(settings.work_directory / "emulator")
