"""Who may do what in the applied environments, asked of their live policies."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tap.proofs.access.from_live import read_facts
from tap.proofs.access.from_plan import read_plan
from tap.proofs.access.intents import judge
from tap.proofs.answer import Answer
from tap.proofs.sources import Sources
from tests.integration.intents import intents_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.proofs.access.facts import Facts, Resource
    from tap.proofs.access.model import Policy, Statement
    from tap.testing.deployment import Deployment

pytestmark = [pytest.mark.requirement("TST-2", "SEC-3"), pytest.mark.timeout(1200)]

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")


def read(deployment: Deployment) -> Facts:
    """Return what an applied environment says of itself now."""
    prefix = f"payments-{deployment.name}"
    return read_facts(
        deployment.client, account=deployment.account_id, prefix=prefix, regions=REGIONS
    )


@pytest.fixture(scope="module")
def live() -> Callable[[Deployment], Facts]:
    """Return a function that reads each environment once."""
    found: dict[str, Facts] = {}

    def kept(deployment: Deployment) -> Facts:
        if deployment.name not in found:
            found[deployment.name] = read(deployment)
        return found[deployment.name]

    return kept


def unmet(deployment: Deployment, facts: Facts) -> list[str]:
    """Return the intents about access that do not hold, with the reasons."""
    intents = intents_of(deployment)
    assert len(intents.access) > 30
    return [
        "\n  ".join([f"{each.answer}: {each.intent.text}", *each.lines()])
        for each in judge(intents.access, facts, intents.names)
        if each.answer is not Answer.PROVED
    ]


def test_everybody_may_do_what_is_intended_and_nothing_else(
    deployment: Deployment, live: Callable[[Deployment], Facts]
) -> None:
    assert unmet(deployment, live(deployment)) == []


def test_a_right_that_is_added_by_hand_is_found_and_named(deployment: Deployment) -> None:
    role = f"payments-{deployment.name}-application"
    iam = deployment.client("iam")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Sid": "ByHand", "Effect": "Allow", '
        '"Action": "secretsmanager:Get*", "Resource": "arn:aws:secretsmanager:*:*:secret:rds*"}]}'
    )
    iam.put_role_policy(RoleName=role, PolicyName="by-hand", PolicyDocument=policy)
    try:
        found = unmet(deployment, read(deployment))
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="by-hand")

    assert [text.partition("\n")[0] for text in found] == [
        "refuted: deny app can anything else",
        "refuted: deny app can secretsmanager:GetSecretValue on other secrets",
    ]
    assert all("statement ByHand of identity policy by-hand" in text for text in found)


@pytest.fixture
def planned(deployment: Deployment) -> Facts:
    """Return what the plan from nothing says of an environment."""
    root = deployment.project.directory / "environments" / deployment.name
    return read_plan(deployment.plan, region=REGIONS[0], sources=Sources(root=root))


def test_a_plan_from_nothing_shows_already_who_may_do_what(
    deployment: Deployment, planned: Facts
) -> None:
    assert unmet(deployment, planned) == []


def test_plan_and_live_know_the_same_of_access(
    deployment: Deployment, planned: Facts, live: Callable[[Deployment], Facts]
) -> None:
    found = live(deployment)

    assert {each.arn: _statements(each.policies, planned) for each in planned.roles} == {
        each.arn: _statements(each.policies, found) for each in found.roles
    }
    assert {(each.kind, each.names[0]): _own(each) for each in planned.resources} == {
        (each.kind, each.names[0]): _own(each) for each in found.resources
    }


def _own(resource: Resource) -> list[Statement]:
    return sorted(resource.policy.statements, key=repr) if resource.policy else []


def _statements(policies: tuple[Policy, ...], facts: Facts) -> str:
    """Write all statements of a role, with names in place of ids that AWS chooses."""
    assert not any(policy.unknown for policy in policies)
    text = json.dumps(sorted(repr(each) for policy in policies for each in policy.statements))
    for resource in facts.resources:
        text = text.replace(json.dumps(repr(resource.arn))[2:-2], resource.names[0])
    return re.sub(r"dbuser:[^/]*/", "dbuser:/", text)
