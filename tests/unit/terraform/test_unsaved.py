"""States that Terraform could not save: taken at once, and in the way of what would lose them."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from tap.errors import TapError
from tap.terraform.unsaved import claim, refuse_unsaved, unsaved_states

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(60)]


@pytest.fixture
def errored(tmp_path: Path) -> Path:
    file = tmp_path / "root" / "errored.tfstate"
    file.parent.mkdir()
    file.write_text("state")
    file.chmod(0o644)
    return file


def test_a_state_is_taken_and_closed_to_others(errored: Path, tmp_path: Path) -> None:
    kept = claim(errored.parent, tmp_path / "unsaved", since=time.time() - 5)

    assert kept is not None
    assert (kept.parent, kept.read_text()) == (tmp_path / "unsaved", "state")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert not errored.exists()
    assert unsaved_states(tmp_path / "unsaved") == [kept]


def test_the_state_of_an_earlier_run_is_left_alone(errored: Path, tmp_path: Path) -> None:
    os.utime(errored, (1, 1))

    assert claim(errored.parent, tmp_path / "unsaved", since=time.time()) is None
    assert errored.exists()


def test_without_a_folder_it_stays_where_it_is(errored: Path) -> None:
    assert claim(errored.parent, None, since=0) == errored
    assert unsaved_states(None) == []


def test_on_another_file_system_the_original_goes_last(
    errored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self), str(target))

    monkeypatch.setattr(Path, "rename", refuse)

    kept = claim(errored.parent, tmp_path / "unsaved", since=0)

    assert kept is not None
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("state", 0o600)
    assert not errored.exists()
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.requirement("TAP-7")
def test_while_one_waits_nothing_goes_on(errored: Path, tmp_path: Path) -> None:
    refuse_unsaved(tmp_path / "unsaved", "dev")
    kept = claim(errored.parent, tmp_path / "unsaved", since=0)

    with pytest.raises(TapError) as caught:
        refuse_unsaved(tmp_path / "unsaved", "dev --target aws")

    assert caught.value.message == (
        f"an earlier apply could not save its state; it is kept in {kept}"
    )
    assert caught.value.hint == "tap state recover dev --target aws"
