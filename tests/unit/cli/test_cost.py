"""``tap cost`` as a real command, on small plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.policy.conftest import change

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("DOC-1", "STK-2"), pytest.mark.timeout(120)]

CHANGES = [
    change("aws_subnet.a", {"availability_zone": "eu-west-1a"}),
    change("aws_nat_gateway.a"),
    change("aws_nat_gateway.b"),
    change("aws_cloudwatch_composite_alarm.gate"),
    change("aws_s3_bucket.this"),
]


@pytest.fixture
def plan(tap: Tap) -> Path:
    """A plan with two NAT gateways, an alarm without a known price, and a bucket."""
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {"root_module": {}},
        "resource_changes": CHANGES,
    }
    file = tap.project / "plan.json"
    file.write_text(json.dumps(document))
    return file


def test_a_table_ends_with_the_sum_and_what_it_lacks(tap: Tap, plan: Path) -> None:
    done = tap("cost", "dev", "--plan", str(plan))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "2  NAT gateway      eu-west-1  0.048 per hour  $70.08",
        "1  Composite alarm  eu-west-1        no price",
        "1  Bucket           eu-west-1          by use",
        "",
        "dev: $70.08 a month before use, without 1 of which no price is known",
    ]


def test_json_holds_exact_amounts_and_the_source_of_each_price(tap: Tap, plan: Path) -> None:
    done = tap("cost", "dev", "--plan", str(plan), "--output", "json")

    document = json.loads(done.stdout)
    assert document["total"] == "70.080"
    assert document["without_price"] == ["composite-alarm"]
    gateway, alarm, bucket = document["lines"]
    assert gateway["price"]["page"] == "https://aws.amazon.com/vpc/pricing/"
    assert gateway["price"]["read"] == "2026-10-02"
    assert (alarm["price"], alarm["monthly"], alarm["by_use"]) == (None, None, False)
    assert (bucket["price"], bucket["by_use"]) == (None, True)
    assert done.stderr.splitlines() == [
        "dev: $70.08 a month before use, without 1 of which no price is known"
    ]


def test_markdown_is_a_table_under_the_sum(tap: Tap, plan: Path) -> None:
    done = tap("cost", "dev", "--plan", str(plan), "--output", "markdown")

    lines = done.stdout.splitlines()
    assert lines[0].startswith("**dev: $70.08 a month")
    assert lines[4] == "| 2 | NAT gateway | eu-west-1 | 0.048 per hour | $70.08 |  |"


def test_without_a_saved_plan_the_next_command_is_named(tap: Tap) -> None:
    done = tap("cost", "dev")

    assert done.returncode == 2
    assert "there is no saved plan of dev" in done.stderr
    assert "tap plan dev" in done.stderr
