"""Real children: what they print, how they end, and which signals reach them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tap.process import Completed, OutputFile, is_held, run, start_detached

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.timeout(60)

# Prints a line per SIGINT and goes on for a while after the first, as Terraform does. It writes
# past the buffer of print, which refuses a handler that interrupts it.
COUNTS_INTERRUPTS = """
import os, signal, sys, time
seen = 0
def say(text):
    os.write(1, (text + "\\n").encode())
def count(number, frame):
    global seen
    seen += 1
    say(f"SIGINT {seen}")
signal.signal(signal.SIGINT, count)
say("ready")
until = time.monotonic() + 20
while time.monotonic() < until and not seen:
    time.sleep(0.02)
time.sleep(LINGER)
say(f"ended after {seen}")
sys.exit(3)
"""

# A test run in the background may have been started with these signals ignored.
HEARS_SIGNALS = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""

PARENT = """
import os, sys
from tap.process import run
done = run(
    [sys.executable, "-c", sys.argv[1]],
    env=os.environ,
    on_line=lambda line: print("child:", line, flush=True),
    on_notice=lambda text: print("notice:", text, flush=True),
)
print("parent:", done.returncode, done.interrupted, done.timed_out, flush=True)
"""


def _python(script: str, **options: object) -> Completed:
    return run([sys.executable, "-c", script], env=os.environ, **options)  # type: ignore[arg-type]


def _counting(linger: float) -> str:
    return COUNTS_INTERRUPTS.replace("LINGER", str(linger))


def _interrupted(script: str, signals: Sequence[signal.Signals]) -> list[str]:
    """Run a parent in a session of its own, signal it when its child is ready, and read it."""
    with subprocess.Popen(
        [sys.executable, "-c", HEARS_SIGNALS + PARENT, script],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        lines = [parent.stdout.readline().strip()]
        assert lines == ["child: ready"]
        for number in signals:
            # To the whole foreground group, as a terminal does.
            os.killpg(parent.pid, number)
            time.sleep(0.25)
        lines += [line.strip() for line in parent.stdout]
    assert parent.returncode == 0, lines
    return lines


def test_output_and_exit_status_come_back() -> None:
    script = "import sys; print('one'); print('two'); print('why', file=sys.stderr); sys.exit(7)"

    done = _python(script)

    assert (done.returncode, done.stdout, done.stderr) == (7, "one\ntwo\n", "why\n")
    assert done.args == (sys.executable, "-c", script)
    assert not done.interrupted
    assert not done.timed_out
    assert 0 < done.seconds < 30


def test_lines_arrive_in_order_while_the_child_still_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    script = (
        "import os, sys, time\n"
        "print('first', flush=True)\n"
        "while not os.path.exists(sys.argv[1]): time.sleep(0.01)\n"
        "print('second')\nprint('third', end='')\n"
    )
    seen: list[str] = []

    def listen(line: str) -> None:
        seen.append(line)
        go_on.touch()

    done = run([sys.executable, "-c", script, go_on], env=os.environ, on_line=listen, timeout=20)

    assert not done.timed_out
    assert seen == ["first", "second", "third"]
    assert done.stdout == "first\nsecond\nthird"


def test_much_output_on_both_pipes_does_not_block() -> None:
    script = (
        "import sys\n"
        "for _ in range(200):\n"
        "    sys.stderr.write('e' * 20_000 + '\\n')\n"
        "    sys.stdout.write('o' * 20_000 + '\\n')\n"
    )

    done = _python(script, timeout=30)

    assert not done.timed_out
    assert done.stdout == ("o" * 20_000 + "\n") * 200
    assert done.stderr == ("e" * 20_000 + "\n") * 200


def test_bytes_that_are_no_text_are_replaced() -> None:
    seen: list[str] = []

    done = _python(
        "import sys; sys.stdout.buffer.write(b'a\\xffb\\n'); sys.stderr.buffer.write(b'\\xc3')",
        on_line=seen.append,
    )

    assert seen == ["a\ufffdb"]
    assert (done.stdout, done.stderr) == ("a\ufffdb\n", "\ufffd")


def test_standard_input_is_empty() -> None:
    assert _python("import sys; print(repr(sys.stdin.read()))", timeout=20).stdout == "''\n"


def test_the_child_gets_the_given_environment_and_nothing_else(tmp_path: Path) -> None:
    script = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'), os.getcwd())"

    done = run([sys.executable, "-c", script], env={"ONLY": "this"}, cwd=tmp_path)

    assert done.stdout == f"['ONLY'] {tmp_path}\n"


def test_the_child_leads_a_process_group_of_its_own() -> None:
    done = _python("import os; print(os.getpid() == os.getpgrp(), os.getpgrp())")

    leads, group = done.stdout.split()
    assert leads == "True"
    assert int(group) != os.getpgrp()


def test_a_missing_program_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        run(["no-such-program"], env=os.environ)


def test_a_file_that_may_not_be_executed_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_text("#!/bin/sh\n")

    with pytest.raises(PermissionError):
        run([file], env=os.environ)


def test_a_program_ended_by_a_signal_has_a_negative_status() -> None:
    done = _python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    assert done.returncode == -signal.SIGKILL
    assert not done.interrupted


@pytest.mark.requirement("TAP-6")
def test_one_interrupt_reaches_the_child_however_often_ctrl_c_is_typed() -> None:
    lines = _interrupted(_counting(linger=1.2), [signal.SIGINT] * 3)

    assert [line for line in lines if line.startswith("child:")] == [
        "child: ready",
        "child: SIGINT 1",
        "child: ended after 1",
    ]
    name = os.path.basename(sys.executable)  # noqa: PTH119 - a name, not a path
    assert [line for line in lines if line.startswith("notice:")] == [
        f"notice: Ctrl-C: asked {name} to stop, waiting until it has",
        *[f"notice: Ctrl-C: {name} is still stopping; stopping it harder could lose state"] * 2,
    ]
    assert lines[-1] == "parent: 3 True False"


@pytest.mark.requirement("TAP-6")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_reaches_the_child_as_one_interrupt(number: signal.Signals) -> None:
    lines = _interrupted(_counting(linger=0.5), [number, number])

    assert lines.count("child: SIGINT 1") == 1
    assert "child: ended after 1" in lines
    assert any(line.startswith(f"notice: {number.name}: asked ") for line in lines)
    assert lines[-1] == "parent: 3 True False"


@pytest.mark.requirement("TAP-6")
def test_signals_of_different_kinds_count_as_one_request() -> None:
    lines = _interrupted(_counting(linger=1.0), [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])

    assert "child: ended after 1" in lines


@pytest.mark.requirement("TAP-6")
def test_a_parent_under_nohup_does_not_pass_on_the_end_of_the_terminal() -> None:
    script = "import time; print('ready', flush=True); time.sleep(0.6); print('done')"
    nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with subprocess.Popen(
        [sys.executable, "-c", nohup + PARENT, script], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "child: ready\n"
        parent.send_signal(signal.SIGHUP)

        assert parent.stdout.read() == "child: done\nparent: 0 False False\n"


@pytest.mark.requirement("TAP-6")
def test_a_time_limit_interrupts_once_and_waits_for_the_end() -> None:
    notices: list[str] = []

    done = _python(_counting(linger=0.5), timeout=0.6, on_notice=notices.append)

    assert done.timed_out
    assert done.interrupted
    assert (done.returncode, done.stdout) == (3, "ready\nSIGINT 1\nended after 1\n")
    assert len(notices) == 1
    assert notices[0].startswith("time limit of 0.6 s reached: asked ")


@pytest.mark.requirement("TAP-6")
def test_a_failing_callback_ends_the_child_before_the_error_goes_on(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = _counting(linger=0.3).replace(
        "sys.exit(3)", f"open({str(trace)!r}, 'w').write(str(seen))"
    )

    def reader_is_gone(line: str) -> None:
        raise BrokenPipeError(line)

    with pytest.raises(BrokenPipeError, match="ready"):
        _python(script, on_line=reader_is_gone)

    # The child was interrupted once, came to its own end, and was waited for.
    assert trace.read_text() == "1"


def test_handlers_are_as_before_after_a_run() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]

    _python("pass")
    with pytest.raises(FileNotFoundError):
        run(["no-such-program"], env=os.environ)

    assert [signal.getsignal(number) for number in numbers] == before


def test_a_run_outside_the_main_thread_works() -> None:
    found: list[Completed] = []
    thread = threading.Thread(target=lambda: found.append(_python("print('hello')")))
    thread.start()
    thread.join(timeout=30)

    assert [done.stdout for done in found] == ["hello\n"]


def test_a_detached_program_outlives_its_parent_and_writes_to_the_log(tmp_path: Path) -> None:
    log, trace = tmp_path / "log", tmp_path / "trace"
    log.write_text("earlier\n")
    child = (
        "import os, sys, time\n"
        "time.sleep(0.3)\n"
        "print('out', os.getsid(0) == os.getpid(), repr(sys.stdin.read()), flush=True)\n"
        "print('err', file=sys.stderr)\n"
        f"open({str(trace)!r}, 'w').close()\n"
    )
    parent = (
        "import os, sys\nfrom pathlib import Path\nfrom tap.process import start_detached\n"
        f"child = start_detached([sys.executable, '-c', {child!r}], env=os.environ,"
        f" cwd=Path.cwd(), log=Path({str(log)!r}))\n"
        "print(child.pid)\nos._exit(0)\n"
    )

    subprocess.run([sys.executable, "-c", parent], check=True, timeout=30, capture_output=True)

    assert not trace.exists()
    until = time.monotonic() + 20
    while not trace.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert log.read_text() == "earlier\nout True ''\nerr\n"


def test_a_detached_program_can_be_waited_for(tmp_path: Path) -> None:
    child = start_detached(
        [sys.executable, "-c", "raise SystemExit(4)"],
        env=os.environ,
        cwd=tmp_path,
        log=tmp_path / "log",
    )

    assert child.wait(timeout=20) == 4


def test_nobody_is_warned_of_a_detached_program_that_goes_on(tmp_path: Path) -> None:
    parent = (
        "import os\nfrom pathlib import Path\nfrom tap.process import start_detached\n"
        "child = start_detached(['sleep', '2'], env=os.environ, cwd=Path.cwd(), log=Path('log'))\n"
        "del child\n"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", parent],
        cwd=tmp_path,
        check=True,
        timeout=30,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""


def _files(folder: Path) -> OutputFile:
    return OutputFile(stdout=folder / "output", stderr=folder / "errors")


@pytest.mark.requirement("TAP-6")
def test_output_that_goes_to_files_arrives_as_from_pipes(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "print('one', flush=True); time.sleep(0.2)\n"
        "sys.stdout.write('two\\nthr'); sys.stdout.flush(); time.sleep(0.2); print('ee')\n"
        "print('why', file=sys.stderr); sys.stdout.write('rest'); sys.exit(5)\n"
    )
    seen: list[str] = []
    pids: list[int] = []

    done = _python(script, output=_files(tmp_path), on_line=seen.append, on_start=pids.append)

    assert seen == ["one", "two", "three", "rest"]
    assert (done.returncode, done.stdout, done.stderr) == (5, "one\ntwo\nthree\nrest", "why\n")
    assert (tmp_path / "output").read_text() == done.stdout
    assert (tmp_path / "output").stat().st_mode & 0o777 == 0o600
    assert len(pids) == 1
    assert not is_held(tmp_path / "output")


@pytest.mark.requirement("TAP-6")
def test_a_child_whose_output_goes_to_files_outlives_a_killed_parent(tmp_path: Path) -> None:
    child = (
        "import os, sys, time\n"
        "for number in range(100):\n"
        "    print(number, flush=True)\n"
        f"    if os.path.exists({str(tmp_path / 'go-on')!r}): break\n"
        "    time.sleep(0.05)\n"
        "print('done', flush=True)\n"
    )
    parent = (
        "import os, sys\nfrom pathlib import Path\nfrom tap.process import OutputFile, run\n"
        f"files = OutputFile(stdout=Path({str(tmp_path / 'output')!r}),"
        f" stderr=Path({str(tmp_path / 'errors')!r}))\n"
        "run([sys.executable, '-c', sys.argv[1]], env=os.environ, output=files,"
        " on_line=lambda line: print(line, flush=True))\n"
    )
    output = tmp_path / "output"
    with subprocess.Popen(
        [sys.executable, "-c", parent, child], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        process.kill()

    assert is_held(output)
    (tmp_path / "go-on").touch()
    until = time.monotonic() + 20
    while is_held(output) and time.monotonic() < until:
        time.sleep(0.02)
    assert output.read_text().endswith("\ndone\n")


@pytest.mark.requirement("TAP-6")
def test_a_file_that_is_not_there_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "nothing")


@pytest.mark.requirement("TAP-6")
def test_output_files_are_never_those_of_another_run(tmp_path: Path) -> None:
    (tmp_path / "output").touch()

    with pytest.raises(FileExistsError):
        _python("pass", output=_files(tmp_path))


# Ends like tap: one way out, whatever comes while it cleans up.
ENDING = """
import os, signal, sys, time
from tap.process import end_calmly, ignore_signals, run
end_calmly()
def send(number):
    os.kill(os.getpid(), number)
    time.sleep(0.05)
try:
    BODY
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    send(signal.SIGINT)
    send(signal.SIGTERM)
    print("cleaned up", flush=True)
    ignore_signals()
    send(signal.SIGINT)
sys.exit(130)
"""


@pytest.mark.requirement("TAP-6", "TAP-7")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_nothing_runs_ends_the_program_once_and_cleanly(number: str) -> None:
    script = HEARS_SIGNALS + ENDING.replace("BODY", f"send(signal.{number}); print('went on')")

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )

    assert (done.returncode, done.stdout) == (130, "interrupted\ncleaned up\n")
    assert done.stderr == "tap is ending already; it cleans up first\n" * 2


@pytest.mark.requirement("TAP-6", "TAP-7")
def test_a_second_ctrl_c_after_the_child_has_stopped_does_not_cut_off_the_message() -> None:
    body = (
        "done = run([sys.executable, '-c', 'import time; time.sleep(20)'], env=os.environ,"
        " on_start=lambda _: send(signal.SIGINT)); print(done.interrupted, flush=True)"
    )
    script = HEARS_SIGNALS + ENDING.replace("BODY", body)

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )

    assert (done.returncode, done.stdout) == (130, "True\ncleaned up\n")
    assert done.stderr.count("tap is ending already; it cleans up first\n") == 2
