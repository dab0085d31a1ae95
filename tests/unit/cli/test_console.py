"""What is shown while Terraform works: on a terminal, and elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(60)]

RECORDED = Path(__file__).parents[1] / "data" / "events"

# Replays what Terraform printed once, slowly enough to be drawn where it is drawn.
REPLAY = """
import sys, time
from pathlib import Path
from tap.cli.console import Progress, interactive, print_data
from tap.terraform.events import parse_event

progress = Progress(total=int(sys.argv[2]) if sys.argv[2] else None)
for line in Path(sys.argv[1]).read_text().splitlines():
    progress.reporter.event(parse_event(line))
    time.sleep(0.2 * interactive())
progress.reporter.notice("a notice [bold]")
progress.clear()
print_data("data")
"""


def _command(name: str, total: str) -> list[str | Path]:
    return [sys.executable, "-c", REPLAY, RECORDED / f"{name}.jsonl", total]


def _plain(name: str, total: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(name, total), capture_output=True, text=True, check=True, timeout=60
    )


def _terminal(name: str, total: str, **variables: str) -> str:
    return _on_terminal(_command(name, total), **variables)


def _on_terminal(command: list[str | Path], **variables: str) -> str:
    """Return what a terminal gets on standard error."""
    leader, follower = pty.openpty()
    environ = {key: value for key, value in os.environ.items() if key != "CI"}
    with subprocess.Popen(
        command,
        env={**environ, "TERM": "xterm", "COLUMNS": "100", **variables},
        stdout=subprocess.DEVNULL,
        stderr=follower,
    ) as child:
        os.close(follower)
        chunks: list[bytes] = []
        try:
            while chunk := os.read(leader, 4096):
                chunks.append(chunk)
        except OSError:
            pass  # Linux answers so when the other end is closed.
        finally:
            os.close(leader)
    assert child.returncode == 0
    return b"".join(chunks).decode()


def test_without_a_terminal_each_finished_object_is_a_plain_line() -> None:
    done = _plain("applied", "1")

    assert done.stderr == (
        "[1/1] terraform_data.slow: Creation complete after 8s"
        " [id=977c0e98-86e4-f6d2-dabd-a2db35139600]\n"
        "a notice [bold]\n"
    )
    assert done.stdout == "data\n"


def test_an_object_that_failed_is_not_counted() -> None:
    assert _plain("interrupted", "2").stderr.splitlines() == [
        "[1/2] terraform_data.slow: Destruction complete after 0s",
        "a notice [bold]",
    ]


def test_while_planning_no_line_is_printed_for_what_is_read() -> None:
    assert _plain("applied").stderr == "a notice [bold]\n"


def test_a_warning_is_told_with_its_place_and_an_error_is_left_to_the_end() -> None:
    assert _plain("provider_refusal").stderr.splitlines() == [
        "Warning: Argument is deprecated",
        "  at main.tf:22",
        "  in aws_s3_bucket.this",
        (
            "  acceleration_status is deprecated."
            " Use the aws_s3_bucket_accelerate_configuration resource instead."
        ),
        "a notice [bold]",
    ]


def test_a_terminal_shows_one_line_that_moves_and_then_goes() -> None:
    shown = _terminal("applied", "1")

    assert "terraform_data.slow (0 s)" in shown
    assert "0/1" in shown
    assert "\x1b[" in shown
    assert "a notice [bold]" in shown
    assert "Creation complete" not in shown
    # The line is erased and the cursor is back.
    assert shown.rstrip().endswith(("\x1b[2K", "\x1b[?25h"))


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_without_color_gets_plain_lines(variables: dict[str, str]) -> None:
    shown = _terminal("applied", "1", **variables)

    assert "\x1b" not in shown
    assert shown.startswith("[1/1] terraform_data.slow: Creation complete after 8s")


# Replays an apply whose objects took time before, and then nothing for a while.
SILENT = """
import sys, time
from pathlib import Path
from tap.cli.console import Progress, keep_secret, print_data
from tap.cli.progress import Timings
from tap.terraform.events import parse_event

timings = Timings(Path(sys.argv[2]))
timings.add(("terraform_data", "create"), 100)
timings.save()
progress = Progress(total=1, timings=timings, heartbeat=0.9)
progress._waiting = [("terraform_data", "create")]
keep_secret(["hush-hush"])
lines = Path(sys.argv[1]).read_text().splitlines()
for line in lines[:5]:
    progress.reporter.event(parse_event(line))
time.sleep(2.2)
progress.reporter.notice("a hush-hush notice")
for line in lines[5:]:
    progress.reporter.event(parse_event(line))
progress.clear()
print_data('{"word": "hush-hush"}')
"""


def _silent(tmp_path: Path) -> list[str | Path]:
    return [sys.executable, "-c", SILENT, RECORDED / "applied.jsonl", tmp_path / "timings.json"]


def test_while_terraform_is_silent_plain_lines_say_what_runs_and_what_is_left(
    tmp_path: Path,
) -> None:
    done = subprocess.run(_silent(tmp_path), capture_output=True, text=True, check=True, timeout=60)
    lines = done.stderr.splitlines()

    assert lines[0].startswith("still working: 1 object, longest terraform_data.slow (1 s), ")
    assert lines[0].endswith(", at least 1 min 39 s left")
    assert lines[1].startswith("still working: ")
    assert "\x1b" not in done.stderr
    assert lines[-1].startswith("[1/1] terraform_data.slow: Creation complete after 8s")
    # The object took 2 s this time, which counts half.
    assert '"terraform_data create":5' in (tmp_path / "timings.json").read_text()


def test_a_terminal_shows_how_long_it_takes_at_least_while_terraform_is_silent(
    tmp_path: Path,
) -> None:
    shown = _on_terminal(_silent(tmp_path))

    assert "terraform_data.slow (0 s), at least 1 min 40 s left" in shown
    assert "terraform_data.slow (2 s), at least 1 min 38 s left" in shown


@pytest.mark.requirement("TAP-6")
def test_what_is_kept_secret_is_hidden_in_notices_and_data_alike(tmp_path: Path) -> None:
    done = subprocess.run(_silent(tmp_path), capture_output=True, text=True, check=True, timeout=60)

    assert "a (redacted) notice" in done.stderr
    assert done.stdout == '{"word": "(redacted)"}\n'
    assert "a (redacted) notice" in _on_terminal(_silent(tmp_path))
