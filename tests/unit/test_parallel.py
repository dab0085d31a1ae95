"""One function in several processes: answers, deaths, and an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tap.parallel import available_bytes, processors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(60)]

# A program of its own, because the processes import the main module again.
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from tap.parallel import run_each

FOLDER = Path({folder!r})

def work(name):
    (FOLDER / f"start-{{name}}").touch()
    running = len(list(FOLDER.glob("start-*"))) - len(list(FOLDER.glob("end-*")))
    if name.startswith("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("hangs"):
        try:
            (FOLDER / f"hanging-{{name}}").touch()
            time.sleep(30)
        except KeyboardInterrupt:
            (FOLDER / f"interrupted-{{name}}").touch()
            try:
                time.sleep(0.5)
            except KeyboardInterrupt:
                (FOLDER / f"twice-{{name}}").touch()
            raise
    time.sleep(0.3)
    (FOLDER / f"end-{{name}}").touch()
    return f"{{name}} {{running}}".encode()

if __name__ == "__main__":
    try:
        print(run_each(work, sys.argv[2:], at_once=int(sys.argv[1])))
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM.format(folder=str(tmp_path)))
    return file


def _start(program: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, program, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_answers_come_in_the_order_of_the_names_and_no_more_run_than_asked(program: Path) -> None:
    with _start(program, "2", "c", "a", "b") as process:
        stdout, stderr = process.communicate()
    answers = eval(stdout)  # noqa: S307 - printed by the program above

    assert list(answers) == ["c", "a", "b"], stderr
    assert [answer[:1] for answer in answers.values()] == [b"c", b"a", b"b"]
    assert max(int(answer.split()[1]) for answer in answers.values()) <= 2


def test_a_process_that_dies_has_no_answer_and_the_others_go_on(program: Path) -> None:
    with _start(program, "1", "dies", "a") as process:
        stdout, stderr = process.communicate()

    assert stdout.startswith("{'dies': None, 'a': b'a "), stdout + stderr


@pytest.mark.requirement("TAP-6")
def test_ctrl_c_reaches_each_process_once_and_starts_no_other(program: Path) -> None:
    with _start(program, "2", "hangs-1", "hangs-2", "waits") as process:
        while len(list(program.parent.glob("hanging-*"))) < 2:
            time.sleep(0.05)
        # As a terminal does: to every process in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate()

    assert stdout == "interrupted\n", stderr
    assert stderr == ""
    assert len(list(program.parent.glob("interrupted-*"))) == 2
    assert not list(program.parent.glob("twice-*"))
    assert not (program.parent / "start-waits").exists()


def test_the_machine_has_memory_and_processors() -> None:
    memory = available_bytes()

    assert memory is None or 10_000_000 < memory < os.sysconf("SC_PHYS_PAGES") * os.sysconf(
        "SC_PAGE_SIZE"
    )
    assert 1 <= processors() <= (os.cpu_count() or 1)
