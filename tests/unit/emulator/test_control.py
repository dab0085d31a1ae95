"""The emulator as its clients see it: one process for each folder, started and ended safely."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import msgspec
import pytest

from tap.emulator import Emulator, Status, processes
from tap.emulator import record as records
from tap.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-2"), pytest.mark.timeout(120)]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator that does not run yet; without patches it starts sooner."""
    emulator = Emulator(tmp_path / "emulator", stock=True)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that runs, shared by the tests that do not end it."""
    emulator = Emulator(tmp_path_factory.mktemp("shared") / "emulator")
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is not ours to end."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        # Start times are told apart by clock ticks of 10 ms.
        time.sleep(0.05)
        yield process
        process.kill()


def _request(
    status: Status, path: str, headers: dict[str, str], method: str = "GET"
) -> tuple[int, bytes]:
    assert status.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", status.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _create_queue(emulator: Emulator, name: str) -> None:
    client = boto3.client(
        "sqs",
        endpoint_url=emulator.status().endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_queue(QueueName=name)
    client.close()


def test_an_emulator_that_was_never_started_does_not_run(emulator: Emulator) -> None:
    assert emulator.status() == Status(running=False)
    assert not emulator.directory.exists()


def test_a_started_emulator_says_what_it_is(running: Emulator) -> None:
    status = running.status()

    assert status.running
    assert status.endpoint == f"http://127.0.0.1:{status.port}"
    assert status.moto == "5.2.5"
    assert not status.outdated
    assert status.notices == ()
    assert status.memory_bytes is not None
    assert 20_000_000 < status.memory_bytes < 1_000_000_000


def test_starting_twice_gives_the_same_emulator(running: Emulator) -> None:
    first = running.status()

    again = Emulator(running.directory).start()

    assert (again.pid, again.port) == (first.pid, first.port)


def test_only_the_owner_may_read_the_folder(running: Emulator) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (running.directory, running.directory / "emulator.json", running.log)
    }

    assert modes == {"emulator": 0o700, "emulator.json": 0o600, "emulator.log": 0o600}


def test_it_listens_on_the_loopback_interface_only(running: Emulator) -> None:
    port = running.status().port
    assert port is not None
    # Any other address of this machine that a packet could be sent to.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.2", port))


def test_a_client_of_aws_sees_what_it_made_until_a_reset(running: Emulator) -> None:
    _create_queue(running, "orders")
    assert [(r.service, r.region, r.id) for r in running.resources()] == [
        ("sqs", "eu-west-1", "orders")
    ]

    running.reset()

    assert running.resources() == ()
    assert running.status().running


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example:80"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
    ],
    ids=lambda headers: "-".join(*headers.items()),
)
def test_requests_from_web_pages_are_refused(running: Emulator, headers: dict[str, str]) -> None:
    assert _request(running.status(), "/_tap/health", headers) == (403, b"not for this host\n")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "bucket.localhost:80", "[::1]:80"])
def test_requests_for_the_loopback_interface_are_answered(running: Emulator, host: str) -> None:
    assert _request(running.status(), "/_tap/health", {"Host": host})[0] == 200


@pytest.mark.requirement("TAP-6")
def test_the_log_of_a_fault_shows_no_secret(running: Emulator) -> None:
    port = running.status().port
    secret = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    credential = "Credential=test/20260101/eu-west-1/monitoring/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=x"}
    connection = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=10)
    connection.request("POST", f"/?Action={secret}", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    # The server writes the fault down after it has answered.
    until = time.monotonic() + 10
    while "OperationNotFoundError" not in running.log.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    log = running.log.read_text()

    assert answer.status == 500
    assert secret not in log
    assert "OperationNotFoundError: (redacted)" in log


def test_an_unknown_route_names_the_known_ones(running: Emulator) -> None:
    with pytest.raises(EmulatorError) as caught:
        running.call("nothing/here")

    assert "no route nothing/here; there are: " in caught.value.message
    assert "health" in caught.value.message
    assert _request(running.status(), "/_tap/reset", {})[0] == 405


def test_a_stopped_emulator_is_gone(emulator: Emulator) -> None:
    status = emulator.start()
    assert status.pid is not None

    assert emulator.stop() is True

    assert processes.started(status.pid) is None
    assert records.read(emulator.directory) is None
    assert emulator.status() == Status(running=False)
    assert emulator.stop() is False


def test_an_emulator_that_ignores_sigterm_is_killed(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = emulator.start().pid
    assert pid is not None
    monkeypatch.setattr("tap.emulator.control._STOP_SECONDS", 0.3)
    os.kill(pid, signal.SIGSTOP)

    assert emulator.stop() is True

    assert processes.started(pid) is None


def test_an_emulator_that_does_not_answer_is_reported(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = emulator.start().pid
    assert pid is not None
    monkeypatch.setattr("tap.emulator.control._ANSWER_SECONDS", 0.3)
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(EmulatorError, match="does not answer on port") as caught:
        emulator.start()

    assert "tap emulator stop" in caught.value.hint
    assert emulator.status().notices == (f"the emulator (pid {pid}) runs but does not answer",)


def test_an_explicit_port_is_used_and_free_again_afterwards(emulator: Emulator) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    for _ in range(2):
        assert emulator.start(port).port == port
        # The side that hangs up first keeps the port busy for a while: here the server.
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /_tap/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while connection.recv(4096):
                pass
        emulator.stop()


def test_a_taken_port_is_reported_with_its_holder(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(EmulatorError) as caught:
            emulator.start(port)

    assert caught.value.message.startswith(f"port {port} is taken by ")
    assert f"(pid {os.getpid()})" in caught.value.message
    assert "TAP_EMULATOR_PORT" in caught.value.hint


def test_another_port_than_that_of_the_running_one_is_a_notice(running: Emulator) -> None:
    status = running.start(port=1)

    assert status.port == running.status().port
    assert status.notices == (
        f"the emulator already runs on port {status.port}; stop it to move it to port 1",
    )


def test_concurrent_starts_give_one_emulator(emulator: Emulator) -> None:
    starters = [Emulator(emulator.directory) for _ in range(4)]

    with ThreadPoolExecutor(len(starters)) as pool:
        statuses = list(pool.map(Emulator.start, starters))

    assert len({status.pid for status in statuses}) == 1


def test_a_record_of_a_process_that_is_gone_is_replaced(emulator: Emulator) -> None:
    pid = emulator.start().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while processes.started(pid):
        time.sleep(0.01)
    assert records.read(emulator.directory) is not None
    assert emulator.status() == Status(running=False)

    assert emulator.start().pid != pid


def test_a_process_that_took_over_the_pid_is_never_ended(
    emulator: Emulator, sleeper: subprocess.Popen[bytes]
) -> None:
    emulator.start()
    record = records.read(emulator.directory)
    assert record is not None
    emulator.stop()
    records.write(emulator.directory, msgspec.structs.replace(record, pid=sleeper.pid))

    assert emulator.stop() is False
    assert emulator.start().running

    assert sleeper.poll() is None


def test_an_unreadable_record_is_replaced(emulator: Emulator) -> None:
    emulator.directory.mkdir()
    (emulator.directory / "emulator.json").write_text('{"pid": "x"')

    assert emulator.start().running


def test_an_emulator_of_other_sources_goes_on_and_is_called_outdated(emulator: Emulator) -> None:
    pid = emulator.start().pid
    record = records.read(emulator.directory)
    assert record is not None
    records.write(emulator.directory, msgspec.structs.replace(record, digest="other"))

    status = emulator.start()

    assert status.pid == pid
    assert status.outdated
    assert "started from other sources" in status.notices[0]


def test_an_emulator_whose_folder_is_deleted_ends(emulator: Emulator) -> None:
    pid = emulator.start().pid
    assert pid is not None

    records.remove(emulator.directory)

    deadline = time.monotonic() + 20
    while processes.started(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes.started(pid) is None


def test_a_failed_start_shows_the_end_of_the_log(emulator: Emulator) -> None:
    broken = Emulator(emulator.directory, without=("no-such-patch",))

    with pytest.raises(EmulatorError) as caught:
        broken.start()

    assert "ended with exit status 1" in caught.value.message
    assert "ValueError: no such patch: no-such-patch" in caught.value.message
    assert str(broken.log) in caught.value.hint


def test_a_start_that_takes_too_long_is_ended(emulator: Emulator) -> None:
    hurried = Emulator(emulator.directory, ready_seconds=0.0)

    with pytest.raises(EmulatorError, match="not ready within 0 s; its log is empty"):
        hurried.start()

    assert emulator.status() == Status(running=False)


def test_what_needs_a_running_emulator_says_how_to_start_one(emulator: Emulator) -> None:
    for action in (emulator.reset, emulator.resources):
        with pytest.raises(EmulatorError, match="no emulator runs") as caught:
            action()
        assert "tap emulator start" in caught.value.hint


def test_a_call_to_a_hung_emulator_is_reported(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = emulator.start().pid
    assert pid is not None
    monkeypatch.setattr("tap.emulator.control._ANSWER_SECONDS", 0.3)
    os.kill(pid, signal.SIGSTOP)

    with pytest.raises(EmulatorError, match=r"does not answer POST /_tap/reset: timed out"):
        emulator.reset()


def test_the_server_gets_no_credentials_proxies_or_settings_of_the_user(tmp_path: Path) -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_CA_BUNDLE": "/etc/ca.pem",
        "AWS_PROFILE": "prod",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "MOTO_PORT": "1",
        "PATH": os.environ["PATH"],
    }
    emulator = Emulator(tmp_path / "emulator", environ=environ)
    pid = emulator.start().pid
    try:
        with open(f"/proc/{pid}/environ") as file:  # noqa: PTH123 - not a file to pathlib
            inherited = dict(item.split("=", 1) for item in file.read().split("\0") if item)
    finally:
        emulator.stop()

    assert inherited["PATH"] == environ["PATH"]
    assert inherited["AWS_ACCESS_KEY_ID"] == "emulator"
    assert not {"AWS_CA_BUNDLE", "AWS_PROFILE", "HTTPS_PROXY", "MOTO_PORT"} & set(inherited)
