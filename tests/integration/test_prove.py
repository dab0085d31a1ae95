"""``tap prove`` on the environments: of plans, of what is live, and as plan and apply tell it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_network import open_group

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

pytestmark = [pytest.mark.requirement("TST-2", "TAP-3", "SEC-1"), pytest.mark.timeout(1200)]

HOLD = r"^intents of {} hold: (\d+) proved$"


def proved(text: str, subject: str) -> int:
    found = re.search(HOLD.format(re.escape(subject)), text, re.MULTILINE)
    assert found, text
    return int(found[1])


def test_plan_tells_that_every_intent_is_proved_before_and_after_the_apply(
    deployment: Deployment,
) -> None:
    subject = f"the plan of {deployment.name}"

    assert proved(deployment.apply.stderr, subject) >= 50
    assert proved(deployment.again.stderr, subject) >= 50
    assert "passed" in deployment.again.stderr


def test_what_is_live_is_proved_as_well(deployment: Deployment) -> None:
    assert deployment.apply.returncode == 0
    ended = deployment.project.run("prove", deployment.name, "--live", "--output", "json")
    found = json.loads(ended.stdout)

    assert found["holds"] is True
    assert {each["answer"] for each in found["intents"]} == {"proved"}
    assert {(each["from"], each["to"]): each["traffic"] for each in found["matrix"]}[
        "app", "db"
    ] == "tcp/3306"


def test_what_is_opened_by_hand_is_unexpected_and_ends_with_exit_code_3(
    deployment: Deployment,
) -> None:
    with open_group(deployment):
        ended = deployment.project.run("prove", deployment.name, "--live", expected=3)

    assert "unexpected: app -> internet: tcp/443" in ended.stdout
    assert "allows tcp/443 to 0.0.0.0/0" in ended.stdout
    assert f"Error: intents of {deployment.name} do not hold: " in ended.stderr
