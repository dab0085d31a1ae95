"""The command as a whole: help, versions, exit codes, messages, and how fast it can start."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from tap import __version__
from tap.cli.main import tap as root_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TAP-7"), pytest.mark.timeout(120)]

HEAVY = {"boto3", "botocore", "hcl2", "moto", "msgspec", "rich"}

# A command of the test's own, run by the real entry point.
EXTENDED = """
import sys
from tap.cli.main import main, tap

@tap.command()
def test():
    {body}

sys.argv = ["tap", "test"]
sys.exit(main())
"""


def _commands(
    command: click.Command = root_command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _commands(child, (*path, name))


COMMANDS = dict(_commands())


def _extended(tap: Tap, body: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", EXTENDED.format(body=body)],
        cwd=tap.project,
        env=tap.environ(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_commands_are_known() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "",
        "apply",
        "destroy",
        "doctor",
        "emulator",
        "emulator reset",
        "emulator start",
        "emulator status",
        "emulator stop",
        "init",
        "lock",
        "lock release",
        "lock show",
        "output",
        "plan",
        "state",
        "state backup",
        "state diff",
        "state list",
        "state recover",
        "state restore",
        "validate",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.requirement("DOC-1")
def test_every_command_and_option_has_help(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.help.split("\n\n")[0].endswith(".")

    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            for variable in [parameter.envvar] if isinstance(parameter.envvar, str) else []:
                assert variable.startswith("TAP_")
                assert f"[env: {variable}]" in parameter.help


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.requirement("DOC-1")
def test_help_names_every_command_and_exit_code(tap: Tap, flag: str) -> None:
    done = tap(flag)

    assert (done.returncode, done.stderr) == (0, "")
    for path in COMMANDS:
        assert len(path) != 1 or f"  {path[0]} " in done.stdout
    words = " ".join(done.stdout.split())
    for code in (
        "0 done",
        "1 failed",
        "2 unusable arguments or settings",
        "5 stale plan",
        "6 state locked",
        "70 a bug in tap",
        "130 interrupted",
    ):
        assert code in words


def test_help_of_a_command_works_outside_of_a_project(tap: Tap, tmp_path: Path) -> None:
    done = tap("plan", "--help", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: tap plan [OPTIONS] ENV\n")


def test_the_version_is_that_of_the_package(tap: Tap) -> None:
    done = tap("--version")

    assert (done.returncode, done.stdout) == (0, f"tap, version {__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("emulator",)])
def test_without_a_command_the_help_is_shown_as_an_error(
    tap: Tap, arguments: tuple[str, ...]
) -> None:
    done = tap(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: tap ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("paln",), "No such command 'paln'"),
        (("plan",), "Missing argument 'ENV'"),
        (("plan", "dev", "--force"), "--force"),
        (("plan", "dev", "--output", "yaml"), "'yaml' is not one of 'text', 'json'"),
        (("emulator", "start", "--port", "0"), "0 is not in the range 1<=x<=65535"),
    ],
)
def test_wrong_arguments_are_named_with_the_command_that_helps(
    tap: Tap, arguments: tuple[str, ...], complaint: str
) -> None:
    done = tap(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert " --help' for help." in done.stderr or " -h' for help." in done.stderr


@pytest.mark.requirement("TAP-1")
@pytest.mark.parametrize(
    ("command", "loaded"),
    [
        ("--help", {"doctor", "plan"}),
        ("plan --help", {"plan"}),
        ("doctor --help", {"doctor"}),
        ("--version", set()),
    ],
)
def test_help_loads_nothing_heavy_and_only_its_own_command(
    tap: Tap, command: str, loaded: set[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-v", tap.program, *command.split()],
        cwd=tap.project,
        env=tap.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    imported = set(re.findall(r"^import '([\w.]+)' #", done.stderr, re.MULTILINE))
    assert {"click", "tap.cli.main"} <= imported
    assert {name for name in ("doctor", "plan") if f"tap.cli.{name}" in imported} == loaded
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()


def test_an_error_is_one_message_and_one_hint(tap: Tap) -> None:
    done = _extended(tap, "from tap.errors import LockedError; raise LockedError('No', 'Wait')")

    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == "Error: No\nNext: Wait\n"


def test_a_bug_is_called_a_bug_and_says_how_to_report_it(tap: Tap) -> None:
    done = _extended(tap, "{}['gone']")

    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr == (
        "Error: a bug in tap: KeyError: 'gone'\n"
        "Next: run it again with TAP_DEBUG=1 and report what it prints\n"
    )


def test_a_bug_shows_its_traceback_when_asked_to(tap: Tap) -> None:
    done = _extended(tap, "{}['gone']", TAP_DEBUG="1")

    assert done.returncode == 70
    assert done.stderr.startswith("Traceback (most recent call last):\n")


def test_a_folder_that_cannot_be_written_is_no_bug(tap: Tap) -> None:
    (tap.project / ".tap").touch()

    done = tap("emulator", "start")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: [Errno ")
    assert str(tap.project / ".tap") in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[1].startswith("Next: check permissions and free space")


@pytest.mark.requirement("TAP-6")
def test_ctrl_c_ends_with_130(tap: Tap) -> None:
    body = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(10)"
    # A test run in the background may have been started with the signal ignored.
    hears = f"import signal; signal.signal({signal.SIGINT:d}, signal.default_int_handler); {body}"

    done = _extended(tap, hears)

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "Error: interrupted"
    assert "Traceback" not in done.stderr


@pytest.mark.requirement("TAP-6")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_what_ctrl_c_is(tap: Tap, number: signal.Signals) -> None:
    body = f"import os, time; os.kill(os.getpid(), {number:d}); time.sleep(10)"

    done = _extended(tap, body)

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "Error: interrupted"


def test_a_reader_that_has_gone_ends_the_command_without_a_word(tap: Tap) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [tap.program, "doctor"],
            cwd=tap.project,
            env=tap.environ(),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)

    # Not 0: what comes after the output, such as an apply, has not been done.
    assert (done.returncode, done.stderr) == (1, "")


def test_a_reader_that_stops_early_gets_its_lines(tap: Tap) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {tap.program} --help | head -1"],
        cwd=tap.project,
        env=tap.environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("Usage: tap [OPTIONS] COMMAND [ARGS]...\n", "")
