"""Who may do what, read from the emulator."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.errors import AwsError
from tap.proofs.access.from_live import read_facts
from tap.proofs.access.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("SEC-1", "TST-2"), pytest.mark.timeout(120)]

ACCOUNT = "123456789012"
PREFIX = "readable"
REGION = "eu-west-1"


def document(principal: str = "", action: str = "s3:GetObject") -> str:
    """Return a policy with one statement; of a resource if it names a principal."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": "*"}
    if principal:
        statement["Principal"] = {"Service": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def make(client: Callable[[str], Any]) -> None:
    """Make one thing of each kind that has a policy, some of them without one."""
    iam = client("iam")
    managed = iam.create_policy(PolicyName=PREFIX, PolicyDocument=document())["Policy"]["Arn"]
    role = iam.create_role(
        RoleName=PREFIX, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=managed
    )["Role"]["Arn"]
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName=PREFIX, PolicyName="inline", PolicyDocument=document())
    iam.attach_role_policy(RoleName=PREFIX, PolicyArn=managed)
    for name in (f"{PREFIX}-open", f"{PREFIX}-plain", "other-bucket"):
        client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    client("s3").put_bucket_policy(
        Bucket=f"{PREFIX}-open", Policy=document("logging.s3.amazonaws.com")
    )
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName=f"alias/{PREFIX}", TargetKeyId=key)
    client("secretsmanager").create_secret(Name=f"{PREFIX}-secret", SecretString="s")
    client("sns").create_topic(Name=PREFIX)
    client("sqs").create_queue(QueueName=PREFIX)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("main.py", "def handler(event, context):\n    return event\n")
    client("lambda").create_function(
        FunctionName=PREFIX,
        Runtime="python3.13",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier=PREFIX,
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        AllocatedStorage=20,
        MasterUsername="admin",
        ManageMasterUserPassword=True,
    )


def test_roles_and_resources_are_those_of_the_prefix_with_their_policies(world: World) -> None:
    make(world.target.client)

    facts = read_facts(
        world.target.client, account=ACCOUNT, prefix=PREFIX, regions=[REGION, REGION]
    )

    (role,) = facts.roles
    assert [(each.name, each.kind) for each in role.policies] == [
        ("inline", Kind.IDENTITY),
        (f"arn:aws:iam::{ACCOUNT}:policy/{PREFIX}", Kind.IDENTITY),
    ]
    assert role.boundary is not None
    assert role.boundary.kind is Kind.BOUNDARY
    found = {(each.kind, each.names[0]): each for each in facts.resources}
    assert sorted(found) == [
        ("bucket", f"{PREFIX}-open"),
        ("bucket", f"{PREFIX}-plain"),
        ("dbuser", PREFIX),
        ("function", PREFIX),
        ("key", PREFIX),
        ("queue", PREFIX),
        ("role", PREFIX),
        ("secret", PREFIX),
        ("secret", f"{PREFIX}-secret"),
        ("topic", PREFIX),
    ]
    assert {name for name, each in found.items() if each.policy is None} == {
        ("bucket", f"{PREFIX}-plain"),
        ("dbuser", PREFIX),
        ("function", PREFIX),
        ("queue", PREFIX),
        ("secret", PREFIX),
        ("secret", f"{PREFIX}-secret"),
    }
    assert found["dbuser", PREFIX].arn.startswith(f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-")


def test_an_account_that_does_not_answer_is_one_error() -> None:
    nobody = Target(name="local", endpoint="http://127.0.0.1:1", region=REGION)

    with pytest.raises(AwsError, match=f"cannot read who may do what of {PREFIX}: "):
        read_facts(nobody.client, account=ACCOUNT, prefix=PREFIX, regions=[REGION])
