"""The server's own routes and its clock, without a process."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from tap.emulator import server
from tap.emulator.extensions import Extension
from tap.emulator.record import Record

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

pytestmark = pytest.mark.requirement("TAP-2")

RECORD = Record(
    pid=1,
    process_started="1",
    port=4566,
    nonce="n",
    started_at=datetime(2030, 1, 1, tzinfo=UTC),
    tap="0.1.0",
    moto="5.2.5",
    digest="d",
    patches=("a",),
)


def double(number: int) -> dict[str, int]:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return {"doubled": 2 * number}


def application(**more: Any) -> Client:
    return Client(
        server.Application(
            record=RECORD, extensions=(Extension(routes={"math/double": double}, **more),)
        )
    )


def post(client: Client, path: str, body: dict[str, Any]) -> TestResponse:
    return client.post(f"/_tap/{path}", json=body)


def test_the_health_answer_is_the_record() -> None:
    answer = application().get("/_tap/health")

    assert answer.status_code == 200
    assert answer.get_json() == {
        "pid": 1,
        "process_started": "1",
        "port": 4566,
        "nonce": "n",
        "started_at": "2030-01-01T00:00:00Z",
        "tap": "0.1.0",
        "moto": "5.2.5",
        "digest": "d",
        "patches": ["a"],
    }


def test_an_extension_adds_a_route() -> None:
    assert post(application(), "math/double", {"number": 21}).get_json() == {"doubled": 42}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"number": -1}, "ValueError: -1 is negative"),
        ({"count": 1}, "TypeError: double() got an unexpected keyword argument 'count'"),
    ],
)
def test_a_route_says_what_is_wrong_with_its_arguments(body: dict[str, Any], message: str) -> None:
    answer = post(application(), "math/double", body)

    assert answer.status_code == 400
    assert answer.get_data(as_text=True).strip() == message


def test_a_reset_reaches_the_extensions() -> None:
    resets: list[str] = []

    answer = post(application(reset=lambda: resets.append("reset")), "reset", {})

    assert (answer.status_code, resets) == (200, ["reset"])


def test_a_fault_of_one_extension_does_not_stop_the_clock(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise RuntimeError("the clock of this one is broken")

    server._tick(Extension(tick=fail))

    assert "RuntimeError: the clock of this one is broken" in capsys.readouterr().err


def test_what_is_done_at_the_exit_is_not_cut_off_by_the_next_request_to_end() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            server._end(signal.SIGTERM, None)
        assert ended.value.code == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
