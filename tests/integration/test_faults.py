"""Throttling, faults and lost connections between Terraform and AWS, at three levels.

One environment grows under each level in turn: what an earlier level made is read again under the
faults of the next. The state's own calls go through the proxy as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.integration.faults import FaultProxy, Faults, Kind
from tests.integration.stage import BUCKET, TABLE

if TYPE_CHECKING:
    from tap.testing.project import Ended
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(600)]

NAME = "weather"
KINDS: tuple[Kind, ...] = ("throttle", "error", "reset", "lost")
# With these seeds answers to calls that make something, or take the lock, are lost on the way.
# With half of all calls struck not one plan survives, so there it is what an apply writes.
LEVELS = {
    5: Faults(rate=0.05, kinds=KINDS, seed=1),
    20: Faults(rate=0.2, kinds=KINDS, seed=4),
    50: Faults(
        rate=0.5, kinds=KINDS, seed=1465, operations=r"^ssm:Put|^sns:Create|^s3:PUT .*tfstate$"
    ),
    0: Faults(),
}
EACH = 2

MAIN = """
locals {
  names = toset([for pair in setproduct(LEVELS, range(EACH)) : join("-", pair)])
}

resource "aws_ssm_parameter" "this" {
  for_each = local.names
  name     = "/weather/${each.key}"
  type     = "String"
  value    = "value of ${each.key}"
}

resource "aws_sns_topic" "this" {
  for_each = local.names
  name     = "weather-${each.key}"
}
"""


@dataclass(frozen=True)
class Weather:
    """What one level did.

    Attributes:
        ended: The apply under faults.
        struck: How many calls were struck, by kind.
        left_locks: Where the lock was left.
        errored_state: Whether Terraform had to leave the state beside the root.
        made: Names of the parameters and topics that are there.
        known: Names of the parameters and topics that the state knows.
    """

    ended: Ended
    struck: dict[Kind, int]
    left_locks: set[str]
    errored_state: bool
    made: set[str]
    known: set[str]


@pytest.fixture(scope="module")
def weathers(stage: Stage) -> dict[int, Weather]:
    """Apply once under each level, and at last (level 0) without any fault."""
    folder = stage.environment(NAME, "", provider=True)
    (folder / "persistent_override.tf").write_text('provider "aws" {\n  max_retries = 4\n}\n')
    proxy = FaultProxy(stage.endpoint)
    found = {}
    with proxy.serving() as endpoint:
        project = stage.through(endpoint)
        grown: list[str] = []
        for level, faults in LEVELS.items():
            grown += [str(level)] if level else []
            text = MAIN.replace("LEVELS", json.dumps(grown)).replace("EACH", str(EACH))
            (folder / "growth.tf").write_text(text)
            proxy.inject(faults)
            ended = project.run("apply", NAME, expected=None)
            struck = {
                kind: sum(n for (_, k), n in proxy.struck.items() if k == kind) for kind in KINDS
            }
            errored = folder / "errored.tfstate"
            found[level] = Weather(
                ended, struck, stage.locks(NAME), errored.exists(), made(stage), known(stage)
            )
            unlock(stage)
    return found


def made(stage: Stage) -> set[str]:
    """Return what is there."""
    parameters = stage.client("ssm").describe_parameters(MaxResults=50)["Parameters"]
    topics = stage.client("sns").list_topics()["Topics"]
    return {item["Name"] for item in parameters} | {
        item["TopicArn"].rpartition(":")[2] for item in topics
    }


def known(stage: Stage) -> set[str]:
    """Return what the state knows."""
    listed = stage.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"{NAME}/terraform.tfstate")
    if "Contents" not in listed:
        return set()
    body = stage.client("s3").get_object(Bucket=BUCKET, Key=f"{NAME}/terraform.tfstate")["Body"]
    resources = json.loads(body.read())["resources"]
    return {
        instance["attributes"]["name"]
        for resource in resources
        for instance in resource["instances"]
    }


def unlock(stage: Stage) -> None:
    """Do what the guide says about a lock that nobody holds."""
    key = f"{NAME}/terraform.tfstate"
    stage.client("s3").delete_object(Bucket=BUCKET, Key=f"{key}.tflock")
    stage.client("dynamodb").delete_item(TableName=TABLE, Key={"LockID": {"S": f"{BUCKET}/{key}"}})


def names(*levels: int) -> set[str]:
    keys = [f"{level}-{number}" for level in levels for number in range(EACH)]
    return {f"/weather/{key}" for key in keys} | {f"weather-{key}" for key in keys}


@pytest.mark.parametrize("level", [level for level in LEVELS if level])
def test_an_apply_under_faults_completes_or_fails_cleanly(
    weathers: dict[int, Weather], level: int
) -> None:
    weather = weathers[level]
    ended = weather.ended
    assert sum(weather.struck.values()) > 0
    assert ended.returncode in {0, 1, 6}, ended.text
    first_words = [line.partition(": ")[0] for line in ended.stderr.splitlines()]
    failed = int(ended.returncode != 0)
    assert (first_words.count("Error"), first_words.count("Next")) == (failed, failed)
    assert "Traceback" not in ended.text
    # A lock that could not be released is never left without a word.
    assert not weather.left_locks or "lock" in ended.stderr


@pytest.mark.parametrize("level", [level for level in LEVELS if level])
def test_whatever_was_made_under_faults_is_in_the_state(
    weathers: dict[int, Weather], level: int
) -> None:
    weather = weathers[level]
    assert weather.made == weather.known
    assert weather.made <= names(*LEVELS)
    assert not weather.errored_state


def test_all_kinds_of_faults_were_met(weathers: dict[int, Weather]) -> None:
    met = {kind for weather in weathers.values() for kind, n in weather.struck.items() if n}

    assert met == set(KINDS)
    assert weathers[5].ended.returncode == 0, weathers[5].ended.text
    assert weathers[0].struck == dict.fromkeys(KINDS, 0)


def test_the_next_apply_without_faults_completes_and_nothing_is_lost_or_doubled(
    weathers: dict[int, Weather],
) -> None:
    last = weathers[0]

    assert last.ended.returncode == 0, last.ended.text
    assert last.made == last.known == names(5, 20, 50)
    assert last.left_locks == set()
