"""Who may do what in the applied environments, asked of their live policies."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tap.proofs.access.from_live import read_facts
from tap.proofs.access.from_plan import read_plan
from tap.proofs.access.intents import judge, parse_intent
from tap.proofs.access.scopes import Sources
from tap.proofs.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.proofs.access.facts import Facts, Resource
    from tap.proofs.access.model import Policy, Statement
    from tests.conftest import Deployment

pytestmark = [pytest.mark.requirement("TST-2", "SEC-3"), pytest.mark.timeout(1200)]

ACCOUNT = "123456789012"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
INSTANCE = f"ec2:SourceInstanceARN=arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0abc"
LOGS = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/payments-ENV/*"
USER = f"arn:aws:rds-db:eu-west-1:{ACCOUNT}:dbuser"
NAMES = {"app": "application"}

VIA = "kms:ViaService"
SERVICE = "eu-west-1.amazonaws.com"
RULE = f"aws:SourceArn=arn:aws:events:eu-west-1:{ACCOUNT}:rule/payments-ENV-probe"
ABROAD = INSTANCE.replace("eu-west-1", "us-east-1")
OWN = f"aws:SourceAccount={ACCOUNT}"
INVOKE = "lambda:InvokeFunction"

# Everything that the application may do, as SEC-3 has it, and nothing else.
APPLICATION = f"""
allow app can s3:GetObject, s3:PutObject, s3:DeleteObject on app bucket/application/*
allow app can s3:ListBucket on app bucket with s3:prefix=application/orders
allow app can secretsmanager:GetSecretValue, secretsmanager:DescribeSecret on database secret
allow app can kms:Decrypt, kms:GenerateDataKey on data key with {VIA}=s3.{SERVICE}
allow app can rds-db:connect on {USER}:DATABASE/application
allow app can logs:CreateLogStream, logs:DescribeLogStreams, logs:PutLogEvents on {LOGS}
allow app can cloudwatch:PutMetricData on * with cloudwatch:namespace=payments-ENV
allow app can xray:PutTraceSegments, xray:PutTelemetryRecords on * with {INSTANCE}
allow app can ssmmessages:CreateControlChannel, ssmmessages:CreateDataChannel on * with {INSTANCE}
allow app can ssmmessages:OpenControlChannel, ssmmessages:OpenDataChannel on * with {INSTANCE}
allow app can ec2messages:AcknowledgeMessage, ec2messages:DeleteMessage on * with {INSTANCE}
allow app can ec2messages:FailMessage, ec2messages:GetEndpoint on * with {INSTANCE}
allow app can ec2messages:GetMessages, ec2messages:SendReply on * with {INSTANCE}
allow app can ssm:UpdateInstanceInformation on * with {INSTANCE}
allow ec2.amazonaws.com can sts:AssumeRole on app role
deny app can anything else
deny app can iam:*
deny app can sts:*
deny app can s3:PutObject on other buckets
deny app can s3:* on app bucket/application/* with aws:SecureTransport=false
deny app can s3:ListBucket on app bucket with s3:prefix=secret/
deny app can secretsmanager:GetSecretValue on other secrets
deny app can secretsmanager:PutSecretValue on any secret
deny app can kms:* on other keys
deny app can kms:Decrypt on data key with {VIA}=ec2.{SERVICE}
deny app can kms:ScheduleKeyDeletion on any key
deny app can cloudwatch:PutMetricData with cloudwatch:namespace=payments-other
deny app can xray:PutTraceSegments with {ABROAD}
deny app can rds-db:connect on {USER}:DATABASE/root
deny app can sns:* on any topic
deny app can sqs:* on any queue
deny app can lambda:* on any function
deny lambda.amazonaws.com can sts:AssumeRole on app role
""".strip().splitlines()
PROBE = f"""
allow lambda.amazonaws.com can sts:AssumeRole on probe role
allow events.amazonaws.com can {INVOKE} on probe function with {RULE} and {OWN}
deny events.amazonaws.com can {INVOKE} on probe function with aws:SourceAccount=999999999999
deny s3.amazonaws.com can lambda:* on probe function
deny probe can s3:* on any bucket
deny probe can secretsmanager:*
deny probe can iam:*
""".strip().splitlines()


def read(deployment: Deployment) -> Facts:
    """Return what an applied environment says of itself now."""
    prefix = f"payments-{deployment.name}"
    return read_facts(deployment.client, account=ACCOUNT, prefix=prefix, regions=REGIONS)


@pytest.fixture(scope="module")
def live() -> Callable[[Deployment], Facts]:
    """Return a function that reads each environment once."""
    found: dict[str, Facts] = {}

    def kept(deployment: Deployment) -> Facts:
        if deployment.name not in found:
            found[deployment.name] = read(deployment)
        return found[deployment.name]

    return kept


def unmet(deployment: Deployment, lines: list[str], facts: Facts, database: str = "") -> list[str]:
    """Return the intents that do not hold, with the reasons."""
    identifier = database or deployment.outputs["database"]["resource_id"]
    words = {"ENV": deployment.name, "DATABASE": identifier}
    for old, new in words.items():
        lines = [line.replace(old, new) for line in lines]
    found = judge([parse_intent(line) for line in lines], facts, NAMES)
    return [
        "\n  ".join([f"{each.answer}: {each.intent.text}", *each.lines()])
        for each in found
        if each.answer is not Answer.PROVED
    ]


def test_the_application_may_do_exactly_what_it_needs(
    deployment: Deployment, live: Callable[[Deployment], Facts]
) -> None:
    assert unmet(deployment, APPLICATION, live(deployment)) == []


def test_the_probe_is_called_by_its_schedule_and_reaches_no_data(
    deployment: Deployment, live: Callable[[Deployment], Facts]
) -> None:
    assert unmet(deployment, PROBE, live(deployment)) == []


def test_a_right_that_is_added_by_hand_is_found_and_named(deployment: Deployment) -> None:
    role = f"payments-{deployment.name}-application"
    iam = deployment.client("iam")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Sid": "ByHand", "Effect": "Allow", '
        '"Action": "secretsmanager:Get*", "Resource": "arn:aws:secretsmanager:*:*:secret:rds*"}]}'
    )
    iam.put_role_policy(RoleName=role, PolicyName="by-hand", PolicyDocument=policy)
    try:
        found = unmet(deployment, APPLICATION, read(deployment))
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


def test_a_plan_from_nothing_shows_already_what_the_application_may_do(
    deployment: Deployment, planned: Facts
) -> None:
    database = "{module.stack.module.database.aws_db_instance.this.resource_id}"

    assert unmet(deployment, APPLICATION, planned, database) == []
    assert unmet(deployment, PROBE, planned, database) == []


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
