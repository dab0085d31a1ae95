"""What is told, once, of what went on when ``tap`` was killed, and what is tidied up then."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.terraform.aftermath import aftermath, sweep
from tap.terraform.operations import Note, this_host
from tap.terraform.root import Root

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(60)]

STARTED = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
DONE = {"type": "apply_complete", "@message": "aws_vpc.this: Creation complete"}
# Above every process id that Linux gives.
# Source: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html (pid_max)
NOBODY = 2**22 + 1


@pytest.fixture
def root(tmp_path: Path) -> Root:
    directory = tmp_path / "root"
    directory.mkdir()
    return Root(
        directory=directory,
        data_directory=tmp_path / "data",
        terraform=Path("terraform"),
        environ={},
        unsaved=tmp_path / "unsaved",
        words="dev --target aws",
    )


def noted(root: Root, *events: dict[str, Any], command: str = "apply", **more: Any) -> Path:
    """Leave what a killed run leaves, and return its folder."""
    folder = root.operations / f"{len(list(root.operations.glob('*')))}-1"
    folder.mkdir(parents=True)
    note = Note(
        command=command,
        host=this_host(),
        pid=41,
        started=STARTED.timestamp(),
        terraform_pid=42,
        **more,
    )
    (folder / "note.json").write_bytes(msgspec.json.encode(note))
    (folder / "tap").touch()
    (folder / "output").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return folder


@contextmanager
def living(folder: Path, name: str) -> Iterator[None]:
    with (folder / name).open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (
            [
                DONE,
                {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "old"}},
                {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "no quota"}},
            ],
            "Terraform went on and failed: no quota",
        ),
        (
            [
                {"@message": "Plan: 1 to add", "changes": {"add": 1, "operation": "plan"}},
                DONE,
                {"@message": "Apply complete! 1 added", "changes": {"operation": "apply"}},
            ],
            "Terraform went on and came to its end: Apply complete! 1 added",
        ),
        (
            [DONE, {"@message": "Plan: 1 to add", "changes": {"operation": "plan"}}, DONE],
            (
                "Terraform was ended, too, after 2 changes; look at the lock (tap lock show), then "
                "plan: what it did last may be missing in the state"
            ),
        ),
    ],
    ids=["failed", "ended well", "was ended"],
)
def test_what_became_of_a_run_whose_tap_was_killed_is_told_once(
    root: Root, events: list[dict[str, Any]], outcome: str
) -> None:
    noted(root, *events)

    assert list(aftermath(root)) == [
        f"the tap of terraform apply of 2026-05-01 12:00:00 UTC was killed; {outcome}"
    ]
    assert list(aftermath(root)) == []


def test_a_terraform_that_goes_on_is_told_of_every_time(root: Root) -> None:
    folder = noted(root)
    (root.directory / "errored.tfstate").write_text("half")

    with living(folder, "output"):
        for _ in range(2):
            (told,) = aftermath(root)
            assert told == (
                "terraform apply of 2026-05-01 12:00:00 UTC goes on without its tap, which was "
                "killed (process 42)"
            )
    # It may still write there.
    assert (root.directory / "errored.tfstate").exists()


def test_where_tap_itself_held_the_lock_it_is_told_where_to_look(root: Root) -> None:
    noted(root, command="shift", lock_id="4711")

    (told,) = aftermath(root)
    assert told == (
        "the shift of 2026-05-01 12:00:00 UTC was killed (process 41) while it held the lock; is "
        "the lock still there: tap lock show dev --target aws, where does the traffic stand: tap "
        "status dev --target aws"
    )
    assert list(aftermath(root)) == []


def test_nothing_is_told_of_a_run_that_goes_on_or_has_ended(root: Root) -> None:
    noted(root, ended=STARTED.timestamp() + 9, returncode=1)
    with living(noted(root), "tap"):
        assert list(aftermath(root)) == []


def test_a_state_that_a_killed_run_could_not_save_is_kept_and_told_of(root: Root) -> None:
    noted(root)
    (root.directory / "errored.tfstate").write_text("state")

    *_, last = aftermath(root)

    assert root.unsaved
    (kept,) = root.unsaved.iterdir()
    assert kept.read_text() == "state"
    assert last == (
        f"a state that could not be saved waits in {kept}: tap state recover dev --target aws"
    )
    assert list(aftermath(root)) == [last]


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """Return a folder with what processes left: one that is there, and one that is gone."""
    folder = tmp_path / "plans"
    folder.mkdir()
    for pid in (os.getpid(), 1, NOBODY):
        (folder / f"dev.tfplan.{pid}").touch()
        (folder / f"preview.{pid}" / "inner").mkdir(parents=True)
    (folder / "dev.tfplan").touch()
    return folder


def left(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_files_and_folders_of_processes_that_are_gone_are_removed(root: Root, plans: Path) -> None:
    before = left(plans)
    noted(root)

    sweep([plans, plans / "no-such-folder"], root)

    assert before - left(plans) == {f"dev.tfplan.{NOBODY}", f"preview.{NOBODY}"}


def test_nothing_is_removed_while_a_run_may_need_its_plan(root: Root, plans: Path) -> None:
    before = left(plans)

    with living(noted(root), "output"):
        sweep([plans], root)

    assert left(plans) == before
