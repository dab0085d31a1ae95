"""What is kept of a plan that was shown: for its owner, for this plan, and whole."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap.terraform.inputs import digest_file
from tap.terraform.review import Review, Said, find_review, keep_review
from tap.terraform.saved import TakenPlan, review_file

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A saved plan."""
    file = tmp_path / "prod.tfplan"
    file.write_text("plan")
    return file


def review_of(plan: Path) -> Review:
    return Review(
        plan=digest_file(plan),
        shown=msgspec.Raw(b'{"format_version":"1.2"}'),
        salt="salt",
        basis="basis",
        read={"package.zip": None},
        rules=Said(lines=("check passed",), against=0),
        proofs=None,
    )


def found(plan: Path) -> Review | None:
    return find_review(TakenPlan(plan, plan), digest_file(plan))


@pytest.mark.requirement("TAP-6")
def test_a_review_is_kept_for_its_owner_only_and_found_as_it_was(plan: Path) -> None:
    os.umask(0)
    try:
        keep_review(review_of(plan), plan)
    finally:
        os.umask(0o022)

    assert stat.S_IMODE(review_file(plan).stat().st_mode) == 0o600
    assert found(plan) == review_of(plan)
    assert sorted(file.name for file in plan.parent.iterdir()) == [plan.name, f"{plan.name}.shown"]


def test_a_review_of_a_plan_that_was_replaced_or_taken_is_not_kept(plan: Path) -> None:
    review = review_of(plan)
    plan.write_text("newer")
    keep_review(review, plan)
    plan.unlink()
    keep_review(review, plan)

    assert list(plan.parent.iterdir()) == []


def test_a_review_of_another_plan_is_none(plan: Path) -> None:
    keep_review(review_of(plan), plan)
    plan.write_text("newer")

    assert found(plan) is None


def test_every_damaged_byte_makes_a_review_none(plan: Path) -> None:
    keep_review(review_of(plan), plan)
    whole = review_file(plan).read_bytes()

    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        review_file(plan).write_bytes(damaged)
        assert found(plan) is None
    review_file(plan).write_bytes(whole[:-1])
    assert found(plan) is None
    review_file(plan).unlink()
    assert found(plan) is None
