"""What counts as lacking on a target, and what is a failure there as anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.testing.partial import PartialDeployment, known
from tap.testing.project import Ended, Project
from tap.testing.run import Run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-3")

LACKING = """creating WAFv2 WebACL (shop): operation error WAFV2: CreateWebACL, StatusCode: 501, \
api error InternalFailure: The API for service wafv2 is either not included in your current \
license plan or has not yet been emulated by LocalStack.
  at waf.tf:19"""
GAP = "creating Query Logging Config: NoSuchGroup: there is no group\n  at query-log.tf:38"
BROKEN = "creating S3 Bucket (shop): BucketAlreadyExists: the name is taken\n  at main.tf:1"


def ended(*errors: str) -> Ended:
    text = "Error: " + "\n\n".join(errors) + "\nNext: correct the above and run it again\n"
    return Ended(("make apply",), 1, "", text)


@pytest.fixture
def deployment(tmp_path: Path) -> PartialDeployment:
    return PartialDeployment(
        name="dev",
        project=Project(tmp_path),
        shared=Run(tmp_path),
        gaps={"NoSuchGroup": "takes no log group by its ARN"},
    )


@pytest.mark.parametrize(
    ("errors", "accepted"),
    [((LACKING,), True), ((LACKING, GAP), True), ((BROKEN,), False), ((LACKING, BROKEN), False)],
    ids=["lacking", "lacking and a gap", "broken", "lacking and broken"],
)
def test_an_apply_is_accepted_if_it_failed_of_nothing_but_what_is_not_there(
    deployment: PartialDeployment, errors: tuple[str, ...], *, accepted: bool
) -> None:
    assert deployment.accepted(ended(*errors)) is accepted


def test_an_apply_that_failed_without_a_word_is_not_accepted(deployment: PartialDeployment) -> None:
    assert not deployment.accepted(Ended(("make apply",), 137, "", "Killed\n"))


def test_whoever_asks_for_what_is_not_known_is_skipped_with_its_name_and_the_reason() -> None:
    outputs = known(
        {"load_balancer": {"name": "shop", "arn": None}}, "", ["has no elbv2", "has no rds"]
    )
    assert outputs["load_balancer"]["name"] == "shop"
    with pytest.raises(pytest.skip.Exception) as skipped:
        outputs["load_balancer"]["arn"]
    assert str(skipped.value) == (
        "LocalStack has no elbv2; has no rds: not known: load_balancer.arn"
    )
