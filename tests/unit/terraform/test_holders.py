"""Which noted run may hold a lock, and what is said where nobody can know."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.terraform.holders import explain, find_holder
from tap.terraform.locks import Lock
from tap.terraform.operations import Note, Operation, operations, recorded, this_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.requirement("STA-2", "TAP-6"), pytest.mark.timeout(60)]

TAKEN = datetime(2026, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC)


def _lock(**changes: Any) -> Lock:
    fields: dict[str, Any] = {
        "kind": "lock file",
        "place": "s3://bucket/dev/terraform.tfstate.tflock",
        "id": "4711",
        "content": "",
        "operation": "apply",
        "who": f"jane@{this_host()}",
        "version": "1.11.4",
        "created": TAKEN,
    }
    return Lock(**{**fields, **changes})


def _noted(directory: Path, seconds_before: float, command: str = "apply", **changes: Any) -> Path:
    folder = directory / f"{len(list(directory.glob('*')))}-1"
    folder.mkdir(parents=True)
    note = Note(
        command=command,
        host=changes.pop("host", this_host()),
        pid=1,
        started=TAKEN.timestamp() - seconds_before,
        terraform_pid=changes.pop("terraform_pid", 2),
        **changes,
    )
    (folder / "note.json").write_bytes(msgspec.json.encode(note))
    return folder


@contextmanager
def _living(folder: Path, name: str) -> Iterator[None]:
    with (folder / name).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _found(directory: Path, lock: Lock | None = None) -> tuple[str, str]:
    holder = find_holder(lock or _lock(), operations(directory))
    return holder.life, holder.reason


def test_a_run_whose_tap_or_terraform_lives_is_alive(tmp_path: Path) -> None:
    folder = _noted(tmp_path, 1)

    with _living(folder, "tap"):
        assert _found(tmp_path) == (
            "alive",
            "tap (process 1) runs it here, started 2026-05-01 11:59:59 UTC",
        )
    with _living(folder, "output"):
        assert _found(tmp_path)[0] == "alive"
        assert "Terraform (process 2) goes on here" in _found(tmp_path)[1]
    assert _found(tmp_path) == ("gone", "its tap was killed and its Terraform has ended")


def test_how_a_run_ended_is_told(tmp_path: Path) -> None:
    ended = (TAKEN + timedelta(seconds=9)).timestamp()
    _noted(tmp_path / "killed", 1, ended=ended, returncode=-9)
    _noted(tmp_path / "failed", 1, ended=ended, returncode=1)

    assert _found(tmp_path / "killed") == (
        "gone",
        "its Terraform was killed at 2026-05-01 12:00:09 UTC",
    )
    assert _found(tmp_path / "failed")[1].startswith("its Terraform failed at ")


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds_before": -1},
        {"seconds_before": 1, "command": "plan"},
        {"seconds_before": 60, "ended": TAKEN.timestamp() - 30, "returncode": 1},
        {"seconds_before": 1, "host": "elsewhere"},
    ],
    ids=["began later", "another command", "ended before", "another machine"],
)
def test_a_run_that_cannot_have_taken_the_lock_says_nothing(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    _noted(tmp_path, **changes)

    assert _found(tmp_path) == ("unknown", "it was not started by tap from this folder")


@pytest.mark.requirement("TRF-4")
def test_what_tap_does_itself_is_known_by_the_id_of_its_lock(tmp_path: Path) -> None:
    folder = _noted(tmp_path, 1, "shift", lock_id="4711", terraform_pid=None)
    _noted(tmp_path, 1, "shift", lock_id="4712", terraform_pid=None)
    shift = _lock(operation="shift", version="tap 0.1.0")

    with _living(folder, "tap"):
        holder = find_holder(shift, operations(tmp_path))
        assert (holder.life, holder.pid) == ("alive", 1)
        assert holder.reason.startswith("tap (process 1) runs it here, started ")
    assert _found(tmp_path, shift) == ("gone", "its tap (process 1) was killed")
    other = _lock(operation="shift", id="4713")
    assert _found(tmp_path, other) == ("unknown", "it was not started by tap from this folder")


@pytest.mark.requirement("TRF-4")
def test_what_tap_could_not_release_is_told(tmp_path: Path) -> None:
    ended = (TAKEN + timedelta(seconds=9)).timestamp()
    _noted(tmp_path, 1, "shift", lock_id="4711", ended=ended, returncode=1)

    assert _found(tmp_path, _lock(operation="shift")) == (
        "gone",
        "its tap (process 1) could not release it at 2026-05-01 12:00:09 UTC",
    )


@pytest.mark.requirement("TRF-4")
def test_a_lock_of_tap_says_what_for_and_with_which_tap() -> None:
    lock = _lock(operation="shift", version="tap 0.1.0", info="green 10 % to 50 %")

    lines = explain([lock], [], "dev")[0].lines(TAKEN + timedelta(minutes=3))

    assert "for         green 10 % to 50 %" in lines
    assert f"held for 3 min by jane@{this_host()} with tap 0.1.0" in lines
    plain = explain([_lock()], [], "dev")[0].lines(TAKEN + timedelta(minutes=3))
    assert f"held for 3 min by jane@{this_host()} with Terraform 1.11.4" in plain
    assert not any(line.startswith("for ") for line in plain)


def test_of_two_that_began_at_about_the_same_time_either_may_hold_it(tmp_path: Path) -> None:
    first = _noted(tmp_path, 3)
    _noted(tmp_path, 1)

    with _living(first, "tap"):
        assert _found(tmp_path)[0] == "alive"


def test_one_that_has_waited_for_long_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    waiting = _noted(tmp_path, 300)
    _noted(tmp_path, 1)

    with _living(waiting, "tap"):
        assert _found(tmp_path)[0] == "gone"


def test_of_another_machine_and_of_a_broken_lock_nothing_is_known(tmp_path: Path) -> None:
    _noted(tmp_path, 1)

    assert _found(tmp_path, _lock(who="jane@elsewhere")) == (
        "unknown",
        f"it runs on elsewhere; this is {this_host()}",
    )
    broken = _lock(broken=True, who="", created=None)
    assert _found(tmp_path, broken) == ("unknown", "the content of the lock is broken")
    assert explain([broken], [], "dev")[0].advice.startswith("find out whether it still runs; ")


def test_locks_with_one_id_are_explained_together() -> None:
    table = _lock(kind="lock table", place="table")
    other = _lock(kind="lock table", place="table", id="4712", who="joe@elsewhere")

    assert [each.locks for each in explain([_lock(), table], [], "dev")] == [(_lock(), table)]
    assert [each.advice for each in explain([_lock(), other], [], "dev --target aws")] == [
        f"ask {who} whether it still runs; wait for it if it does; if it is gone: "
        f"tap lock release dev --target aws --id {number}"
        for who, number in ((f"jane@{this_host()}", "4711"), ("joe@elsewhere", "4712"))
    ]


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
    ],
)
def test_the_age_of_a_lock_is_told_in_words(age: timedelta, text: str) -> None:
    assert _lock().age(TAKEN + age) == text


def test_a_run_that_came_to_a_good_end_leaves_nothing(tmp_path: Path) -> None:
    with recorded(tmp_path, "apply") as recording:
        (during,) = operations(tmp_path)
        assert (during.tap_lives, during.terraform_lives, during.lives) == (True, False, True)
        recording.started(4711)
        recording.ended(0, done=True)

    assert list(tmp_path.iterdir()) == []


def test_of_failed_runs_the_newest_are_kept_without_their_output(tmp_path: Path) -> None:
    for _ in range(23):
        with recorded(tmp_path, "apply") as recording:
            recording.started(4711)
            recording.output.stdout.touch()
            recording.ended(1, done=False)

    kept = operations(tmp_path)
    assert len(kept) == 20
    assert {(each.note.returncode, each.lives, each.cut_off) for each in kept} == {
        (1, False, False)
    }
    assert not list(tmp_path.glob("*/output"))


def test_a_run_that_never_started_and_a_broken_note_count_for_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), recorded(tmp_path, "apply"):
        raise FileNotFoundError
    (tmp_path / "1-1").mkdir()
    (tmp_path / "1-1" / "note.json").write_text("{broken")

    assert operations(tmp_path) == []


def test_something_is_told_once(tmp_path: Path) -> None:
    _noted(tmp_path, 1)
    (operation,) = operations(tmp_path)
    assert isinstance(operation, Operation)

    assert [operation.tell_once(), operation.tell_once()] == [True, False]
