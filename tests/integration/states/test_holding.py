"""The lock that tap holds itself: Terraform keeps out, and is told by whom and what for."""

from __future__ import annotations

import getpass
import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tap import __version__
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.holding import _give_back, _took, lock_content
from tap.terraform.locks import read_locks, refusal
from tests.integration.states.conftest import ACCOUNT_ID, BUCKET, ended, kill, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.states.conftest import Road, Vault

pytestmark = [pytest.mark.requirement("TRF-4", "STA-2"), pytest.mark.timeout(120)]

# Holds the lock of an environment until the file "open" is there.
HOLDER = """
import os, sys, time
from pathlib import Path
from tap.errors import TapError
from tap.process import end_calmly
from tap.settings import load_settings
from tap.terraform.holding import hold
from tap.terraform.root import Reporter
from tap.workspace import Request, open_workspace

name, timeout, end = sys.argv[1:]
end_calmly()
settings = load_settings(Path.cwd(), os.environ)
workspace = open_workspace(
    Request(
        settings=settings,
        environment=settings.environment(name),
        target=os.environ.get("TAP_TARGET", "local"),
        environ=os.environ,
        reporter=Reporter(notice=lambda text: print(text, file=sys.stderr, flush=True)),
    ),
    initialize=False,
)
folder = workspace.root.directory
try:
    with hold(
        workspace.root,
        workspace.backend,
        workspace.request.state_key,
        "shift",
        info="green 10 % to 50 %",
        timeout=float(timeout),
    ) as lock_id:
        print(lock_id, flush=True)
        (folder / "reached").touch()
        while not (folder / "open").exists():
            time.sleep(0.02)
        if end == "fail":
            raise RuntimeError("in the middle")
except TapError as error:
    print(error.message, "Next: " + error.hint, sep="\\n", file=sys.stderr)
    sys.exit(error.exit_code)
"""


def start(
    vault: Vault, name: str, timeout: float = 0, end: str = "well", **extra: str
) -> subprocess.Popen[str]:
    """Start a process that wants the lock."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, name, str(timeout), end],
        cwd=vault.project.directory,
        env=vault.project.environ(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def held_by(vault: Vault, name: str, process: subprocess.Popen[str]) -> None:
    """Return when a process holds the lock."""
    reached = vault.project.directory / "environments" / name / "reached"
    wait_until(lambda: reached.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()


@contextmanager
def holding(vault: Vault, name: str, **extra: Any) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that holds the lock; it is let go afterwards."""
    with start(vault, name, **extra) as process:
        try:
            held_by(vault, name, process)
            yield process
        finally:
            vault.open_gate(name)


def test_terraform_keeps_out_while_a_shift_holds_the_lock(vault: Vault, name: str) -> None:
    vault.environment(name)
    with holding(vault, name) as process:
        contents = vault.lock_contents(name)
        applied = vault.project.run("apply", name, expected=6)
        document = json.loads(vault.project.run("lock", "show", name, "--output", "json").stdout)
        lock_id = vault.lock_id(name)
        refused = vault.project.run("lock", "release", name, "--id", lock_id, expected=6)
        vault.open_gate(name)
        done = ended(process)

    who = f"{getpass.getuser()}@{socket.gethostname()}"
    alive = f"alive: tap (process {process.pid}) runs it here, started 20"
    assert (done.returncode, done.stdout) == (0, f"{lock_id}\n")
    # Terraform's own words for what stands in both places.
    assert set(contents) == {"s3", "dynamodb"}
    assert contents["s3"] == contents["dynamodb"]
    inside = json.loads(contents["s3"])
    created = inside.pop("Created")
    assert created.endswith("Z")
    assert inside == {
        "ID": lock_id,
        "Operation": "shift",
        "Info": "green 10 % to 50 %",
        "Who": who,
        "Version": f"tap {__version__}",
        "Path": f"{BUCKET}/{name}/terraform.tfstate",
    }
    assert f"the state is locked: shift by {who} since 20" in applied.stderr
    assert alive in applied.stderr
    assert "\n  for         green 10 % to 50 %\n" in applied.stderr
    assert f" by {who} with tap {__version__}\n" in applied.stderr
    for lock in document["locks"]:
        assert (lock["operation"], lock["info"]) == ("shift", "green 10 % to 50 %")
        assert (lock["tap_version"], lock["terraform_version"]) == (__version__, "")
        assert (lock["process"]["life"], lock["process"]["pid"]) == ("alive", process.pid)
    assert f"is in use: tap (process {process.pid}) runs it here" in refused.stderr
    assert vault.lock_contents(name) == {}
    assert not [each for each in vault.operations(name) if each.name.endswith(f"-{process.pid}")]


def test_a_shift_keeps_out_while_terraform_holds_the_lock_and_may_wait(
    vault: Vault, name: str
) -> None:
    vault.environment(name)
    with vault.applying(name):
        (vault.project.directory / "environments" / name / "reached").unlink()
        with start(vault, name) as refused:
            told = ended(refused)
        with start(vault, name, timeout=60) as waiting:
            line = waiting.stderr.readline() if waiting.stderr else ""
            vault.open_gate(name)
            done = ended(waiting)

    assert told.returncode == 6
    assert told.stderr.startswith("the state is locked: apply by ")
    assert "process     alive: tap (process " in told.stderr
    assert "Next: wait until it has finished, or give --lock-timeout 5m" in told.stderr
    assert line.startswith("the state is locked: apply by ")
    assert line.endswith("; waiting for it\n")
    assert done.returncode == 0, done.text
    assert vault.lock_contents(name) == {}


def test_where_the_second_lock_is_taken_the_first_is_given_back(vault: Vault, name: str) -> None:
    vault.environment(name)
    content = '{"ID": "1", "Operation": "OperationTypePlan", "Who": "jane@elsewhere"}'
    vault.put_lock(name, content, "dynamodb")
    with start(vault, name) as refused:
        told = ended(refused)

    assert told.returncode == 6
    assert told.stderr.startswith("the state is locked: plan by jane@elsewhere since unknown (")
    assert vault.lock_contents(name) == {"dynamodb": content}


@pytest.mark.parametrize("number", [signal.SIGTERM, None])
def test_the_lock_is_released_whatever_happens_in_between(
    vault: Vault, name: str, number: signal.Signals | None
) -> None:
    vault.environment(name)
    with holding(vault, name, end="fail") as process:
        if number is None:
            vault.open_gate(name)
        else:
            process.send_signal(number)
        done = ended(process)

    assert ("KeyboardInterrupt" if number else "in the middle") in done.stderr
    assert vault.lock_contents(name) == {}
    assert vault.operations(name) == []


def test_the_lock_of_a_killed_shift_is_explained_and_can_be_released(
    vault: Vault, name: str
) -> None:
    vault.environment(name)
    with holding(vault, name) as process:
        lock_id = vault.lock_id(name)
        kill(process)
        shown = vault.project.run("lock", "show", name)
    released = vault.project.run("lock", "release", name, "--id", lock_id)

    told = f"was killed (process {process.pid}) while it held the lock; is the lock still there"
    assert told in shown.stderr
    assert f"where does the traffic stand: tap status {name}\n" in shown.stderr
    assert told not in released.stderr
    assert f"process     gone: its tap (process {process.pid}) was killed\n" in shown.stdout
    assert f"way out     tap lock release {name} --id {lock_id}\n" in shown.stdout
    assert vault.lock_contents(name) == {}


def test_a_lock_that_cannot_be_released_is_said_and_explained_later(
    vault: Vault, name: str, road: Road, by_road: dict[str, Any]
) -> None:
    vault.environment(name)
    with holding(vault, name, **by_road) as process:
        lock_id = vault.lock_id(name)
        road.close()
        vault.open_gate(name)
        done = ended(process)

    assert done.returncode == 1
    assert f"the lock {lock_id} could not be released (no answer about " in done.stderr
    words = f"{name} --target localstack"
    assert f"tap lock release {words} --id {lock_id}\n" in done.stderr
    road.start()
    shown = vault.project.run("lock", "show", name, **by_road).stdout
    assert f"gone: its tap (process {process.pid}) could not release it at 20" in shown


def test_a_request_that_was_sent_twice_does_not_stand_in_its_own_way(
    vault: Vault, name: str
) -> None:
    backend = Backend(
        settings=load_settings(vault.project.directory, {}),
        target=vault.target,
        account_id=ACCOUNT_ID,
    )
    key = f"{name}/terraform.tfstate"
    mine = lock_content(backend, key, "1", "shift", "")
    other = lock_content(backend, key, "2", "shift", "")

    assert [_took(backend, key, content) for content in (mine, mine, other)] == [True, True, False]

    assert vault.lock_contents(name) == {"s3": mine, "dynamodb": mine}
    assert refusal(read_locks(backend, key)).message.startswith("the state is locked: shift by ")
    _give_back(backend, key, other)
    assert set(vault.lock_contents(name)) == {"s3", "dynamodb"}
    _give_back(backend, key, mine)
    assert vault.lock_contents(name) == {}
    assert "was locked until this moment" in refusal(read_locks(backend, key)).message
    vault.put_lock(name, "{broken", "s3")
    assert refusal(read_locks(backend, key)).message == "the state is locked"
