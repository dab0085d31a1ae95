"""Saved plans as files: who can read them, who gets them, and what is left."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap.errors import LockedError, SettingsError, StalePlanError
from tap.terraform.saved import (
    manifest_file,
    private_plan,
    publish_plan,
    remove_plan,
    require_plan,
    review_file,
    taken_plan,
)
from tests.unit.terraform.test_manifest import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A saved plan with its manifest, and what was kept of it."""
    file = tmp_path / "plans" / "prod.tfplan"
    file.parent.mkdir()
    file.write_text("plan")
    manifest_file(file).write_text("manifest")
    review_file(file).write_text("review")
    return file


def contents(public: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in public.parent.iterdir()}


WHOLE = {
    "prod.tfplan": "plan",
    "prod.tfplan.manifest.json": "manifest",
    "prod.tfplan.shown": "review",
}


@pytest.mark.requirement("TAP-6")
def test_a_manifest_is_published_with_its_plan_for_its_owner_only_and_no_older_review_stays(
    public: Path,
) -> None:
    os.umask(0)
    try:
        with private_plan(public) as private:
            private.write_text("newer")
            publish_plan(private, public, MANIFEST)
    finally:
        os.umask(0o022)

    assert stat.S_IMODE(manifest_file(public).stat().st_mode) == 0o600
    assert contents(public) == {
        "prod.tfplan": "newer",
        "prod.tfplan.manifest.json": MANIFEST.encode().decode(),
    }


def test_a_taken_plan_is_out_of_reach_and_gone_when_it_was_spent(public: Path) -> None:
    with taken_plan(public) as taken:
        assert not public.exists()
        assert not manifest_file(public).exists()
        assert taken.file.read_text() == "plan"
        assert manifest_file(taken.file).read_text() == "manifest"
        assert review_file(taken.file).read_text() == "review"
        taken.spent = True

    assert contents(public) == {}


@pytest.mark.parametrize(
    "error", [LockedError("held"), SettingsError("not confirmed"), KeyboardInterrupt()], ids=repr
)
def test_a_plan_that_was_not_spent_is_put_back_whatever_happens(
    public: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)), taken_plan(public):
        raise error

    assert contents(public) == WHOLE


def test_a_newer_plan_is_not_replaced_by_one_that_is_put_back(public: Path) -> None:
    with taken_plan(public):
        public.write_text("newer")
        manifest_file(public).write_text("of the newer")
        review_file(public).write_text("shown of the newer")

    assert contents(public) == {
        "prod.tfplan": "newer",
        "prod.tfplan.manifest.json": "of the newer",
        "prod.tfplan.shown": "shown of the newer",
    }


def test_a_plan_without_a_manifest_is_put_back_without_one(public: Path) -> None:
    manifest_file(public).unlink()
    review_file(public).unlink()

    with taken_plan(public):
        pass

    assert contents(public) == {"prod.tfplan": "plan"}


@pytest.mark.requirement("TAP-7")
def test_a_plan_that_another_apply_has_taken_is_stale(public: Path) -> None:
    remove_plan(public)

    with pytest.raises(StalePlanError) as caught, taken_plan(public):
        pytest.fail("there is no plan to take")

    assert caught.value.message == "prod.tfplan was taken by another tap apply"
    assert caught.value.exit_code == 5


@pytest.mark.requirement("TAP-6")
def test_plans_that_a_killed_command_left_are_removed_and_those_of_others_stay(
    public: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    parent = os.getppid()
    for name in (
        f"prod.tfplan.{ended.pid}",
        f"prod.tfplan.{ended.pid}.{ended.pid}",
        f"prod.tfplan.{ended.pid}.manifest.json",
        f"prod.tfplan.{ended.pid}.shown",
        f"prod.tfplan.{os.getpid()}.manifest.json",
        f"prod.tfplan.{parent}",
        f"prod-pr1.tfplan.{ended.pid}",
        "prod.tfplan.1x",
        "prod.tfplan.99999999999999999999",
    ):
        (public.parent / name).write_text("secret")

    with private_plan(public):
        pass

    assert contents(public) == {
        **WHOLE,
        f"prod.tfplan.{parent}": "secret",
        f"prod-pr1.tfplan.{ended.pid}": "secret",
        "prod.tfplan.1x": "secret",
        "prod.tfplan.99999999999999999999": "secret",
    }


def test_what_was_kept_of_a_plan_that_is_gone_is_removed(public: Path) -> None:
    public.unlink()
    manifest_file(public).unlink()

    with private_plan(public):
        pass

    assert contents(public) == {}


def test_a_folder_for_plans_need_not_exist(tmp_path: Path) -> None:
    with private_plan(tmp_path / "new" / "prod.tfplan") as private:
        assert private.name == f"prod.tfplan.{os.getpid()}"


@pytest.mark.requirement("TAP-7")
def test_a_plan_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        require_plan(tmp_path / "ci.tfplan", "tap plan prod --out ci.tfplan")

    assert caught.value.message == f"there is no saved plan {tmp_path}/ci.tfplan"
    assert caught.value.hint == "make it: tap plan prod --out ci.tfplan"
    assert caught.value.exit_code == 2
