"""The ``tap`` command and how its errors become messages and exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import traceback
from io import StringIO

import click

from tap import __version__
from tap.cli.apply import apply
from tap.cli.atlantis import atlantis
from tap.cli.check import check
from tap.cli.console import fail, notice
from tap.cli.cost import cost
from tap.cli.coverage import coverage
from tap.cli.destroy import destroy
from tap.cli.doctor import doctor
from tap.cli.drift import drift
from tap.cli.emulator import emulator
from tap.cli.init import init
from tap.cli.lock import lock
from tap.cli.output import output
from tap.cli.plan import plan
from tap.cli.prove import prove
from tap.cli.rules import rules
from tap.cli.state import state
from tap.cli.test import test
from tap.cli.traffic import rollback, shift, status
from tap.cli.validate import validate
from tap.cli.warm import warm
from tap.errors import TapError
from tap.process import end_calmly, ignore_signals

_BUG, _INTERRUPTED = 70, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tap")
def tap() -> None:
    """Plan, apply and destroy environments made of Terraform modules.

    Data goes to standard output, everything else to standard error. Exit codes: 0 done,
    1 failed, 2 unusable arguments or settings (tap drift: or drift), 3 rules or intents broken,
    5 stale plan, 6 state locked, 70 a bug in tap, 130 interrupted.
    """


_COMMANDS = (
    apply,
    atlantis,
    check,
    cost,
    coverage,
    destroy,
    doctor,
    drift,
    emulator,
    init,
    lock,
    output,
    plan,
    prove,
    rollback,
    rules,
    shift,
    state,
    status,
    test,
    validate,
    warm,
)
for _command in _COMMANDS:
    tap.add_command(_command)


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
