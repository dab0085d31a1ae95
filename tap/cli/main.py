"""The ``tap`` command and how its errors become messages and exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import traceback
from importlib import import_module
from io import StringIO

import click

from tap import __version__
from tap.cli.console import fail, notice
from tap.errors import TapError
from tap.process import end_calmly, ignore_signals

_BUG, _INTERRUPTED = 70, 130

# Where each command is; a module is imported when its command is asked for.
_COMMANDS = {
    "apply": "tap.cli.apply",
    "atlantis": "tap.cli.atlantis",
    "check": "tap.cli.check",
    "cost": "tap.cli.cost",
    "coverage": "tap.cli.coverage",
    "destroy": "tap.cli.destroy",
    "doctor": "tap.cli.doctor",
    "drift": "tap.cli.drift",
    "emulator": "tap.cli.emulator",
    "init": "tap.cli.init",
    "lock": "tap.cli.lock",
    "output": "tap.cli.output",
    "plan": "tap.cli.plan",
    "prove": "tap.cli.prove",
    "rollback": "tap.cli.traffic",
    "rules": "tap.cli.rules",
    "shift": "tap.cli.traffic",
    "state": "tap.cli.state",
    "status": "tap.cli.traffic",
    "test": "tap.cli.test",
    "validate": "tap.cli.validate",
    "warm": "tap.cli.warm",
}


class Commands(click.Group):
    """A group that imports a command when it is asked for.

    Source: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*_COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is no such one."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in _COMMANDS:
            found = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        return found


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tap")
def tap() -> None:
    """Plan, apply and destroy environments made of Terraform modules.

    Data goes to standard output, everything else to standard error. Exit codes: 0 done,
    1 failed, 2 unusable arguments or settings (tap drift: or drift), 3 rules or intents broken,
    5 stale plan, 6 state locked, 70 a bug in tap, 130 interrupted.
    """


def main() -> int:
    """Run ``tap`` with the arguments of this process and return the exit code."""
    end_calmly()
    # Python looks for garbage in everything once more before it ends, which takes half a second.
    atexit.register(gc.freeze)
    try:
        return _run()
    finally:
        ignore_signals()


def _run() -> int:
    try:
        result = tap.main(prog_name="tap", standalone_mode=False)
    except click.ClickException as error:
        said = StringIO()
        error.show(said)
        notice(said.getvalue().rstrip("\n"))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        fail("interrupted", "")
        return _INTERRUPTED
    except TapError as error:
        fail(error.message, error.hint)
        return error.exit_code
    except OSError as error:
        _trace()
        fail(str(error), "check permissions and free space; TAP_DEBUG=1 shows where it happened")
        return TapError.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort; the report says it is a bug
        _trace()
        fail(
            f"a bug in tap: {type(error).__name__}: {error}",
            "run it again with TAP_DEBUG=1 and report what it prints",
        )
        return _BUG
    return result if isinstance(result, int) else 0


def _trace() -> None:
    if os.environ.get("TAP_DEBUG"):
        notice(traceback.format_exc().rstrip("\n"))
