"""The policies for readers and writers of each environment's state, as the storage has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator

if TYPE_CHECKING:
    from tap.testing.project import Project

pytestmark = [pytest.mark.requirement("STA-3"), pytest.mark.timeout(300)]

ACCOUNT = "123456789012"
BUCKET = f"payments-terraform-state-{ACCOUNT}"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/payments-terraform-locks"
STATE = f"arn:aws:s3:::{BUCKET}/prod/terraform.tfstate"
ENTRY = f"{BUCKET}/prod/terraform.tfstate"
SERVICES = ["dynamodb.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"]

LIST = {
    "Sid": "ListState",
    "Effect": "Allow",
    "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
    "Resource": f"arn:aws:s3:::{BUCKET}",
    "Condition": {
        "StringLike": {
            "s3:prefix": ["prod/terraform.tfstate", "backend/terraform.tfstate", "env:/"]
        }
    },
}
OWN_ENTRIES = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [ENTRY, f"{ENTRY}-md5"]},
    "Null": {"dynamodb:LeadingKeys": "false"},
}

# Action, resource, context; what a reader and a writer of prod may do.
READS = [
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": "prod/terraform.tfstate"}),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": "env:/"}),
    ("s3:ListBucketVersions", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": "prod/terraform.tfstate"}),
    ("s3:GetObject", STATE, {}),
    ("s3:GetObjectVersion", STATE, {}),
    ("s3:GetObject", f"{STATE}.tflock", {}),
    ("dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": ENTRY}),
    ("dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": f"{ENTRY}-md5"}),
    ("kms:Decrypt", "KEY", {"kms:ViaService": SERVICES[1]}),
]
WRITES = [
    ("s3:PutObject", STATE, {}),
    ("s3:PutObject", f"{STATE}.tflock", {}),
    ("s3:DeleteObject", f"{STATE}.tflock", {}),
    ("dynamodb:PutItem", TABLE, {"dynamodb:LeadingKeys": ENTRY}),
    ("dynamodb:PutItem", TABLE, {"dynamodb:LeadingKeys": f"{ENTRY}-md5"}),
    ("dynamodb:DeleteItem", TABLE, {"dynamodb:LeadingKeys": ENTRY}),
    ("kms:GenerateDataKey", "KEY", {"kms:ViaService": SERVICES[1]}),
]
NEVER = [
    ("s3:DeleteObject", STATE, {}),
    ("s3:DeleteObjectVersion", STATE, {}),
    ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/backend/terraform.tfstate", {}),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {}),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": ""}),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": "dev/terraform.tfstate"}),
    ("dynamodb:GetItem", TABLE, {}),
    ("dynamodb:Scan", TABLE, {}),
    ("dynamodb:DeleteTable", TABLE, {}),
    ("kms:Decrypt", "KEY", {}),
    ("kms:Decrypt", "KEY", {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}),
    (
        "kms:Decrypt",
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/another",
        {"kms:ViaService": SERVICES[1]},
    ),
]
# The same words about other environments, and about a copy of this one.
FOREIGN = [
    (
        action,
        resource.replace("/prod/", f"/{other}/"),
        {key: value.replace("/prod/", f"/{other}/") for key, value in context.items()},
    )
    for other in ("dev", "staging", "prod-pr42", "nonprod")
    for action, resource, context in READS + WRITES
    if "/prod/" in resource + "".join(context.values())
]


class _Policies:
    def __init__(self, target: Target) -> None:
        self.iam = target.client("iam")
        alias = "alias/payments-terraform-state"
        self.key = target.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]

    def document(self, name: str) -> str:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/payments-state-{name}"
        version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = self.iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return json.dumps(answer["PolicyVersion"]["Document"])

    def allowed(self, document: str, call: tuple[str, str, dict[str, str]]) -> bool:
        action, resource, context = call
        answer = self.iam.simulate_custom_policy(
            PolicyInputList=[document],
            ActionNames=[action],
            ResourceArns=[self.key if resource == "KEY" else resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                for key, value in context.items()
            ],
        )
        return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")


@pytest.fixture(scope="module")
def policies(project: Project) -> _Policies:
    """Return the policies that the storage of this run was made with."""
    project.run("init", "dev")
    endpoint = Emulator(project.directory / ".tap" / "emulator").status().endpoint
    return _Policies(Target(name="local", endpoint=endpoint, region="eu-west-1"))


def test_every_environment_has_both_policies(policies: _Policies) -> None:
    found = policies.iam.list_policies(Scope="Local")["Policies"]

    assert {each["PolicyName"] for each in found if "-state-" in each["PolicyName"]} == {
        f"payments-state-{role}-{name}"
        for role in ("reader", "writer")
        for name in ("dev", "staging", "prod")
    }


def test_a_reader_has_these_rights_and_no_others(policies: _Policies) -> None:
    via = {"StringEquals": {"kms:ViaService": SERVICES}}

    assert json.loads(policies.document("reader-prod")) == {
        "Version": "2012-10-17",
        "Statement": [
            LIST,
            {
                "Sid": "ReadState",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": [STATE, f"{STATE}.tflock"],
            },
            {
                "Sid": "ReadLock",
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem"],
                "Resource": TABLE,
                "Condition": OWN_ENTRIES,
            },
            {
                "Sid": "Decrypt",
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": policies.key,
                "Condition": via,
            },
        ],
    }


def test_a_writer_has_these_rights_and_no_others(policies: _Policies) -> None:
    via = {"StringEquals": {"kms:ViaService": SERVICES}}

    assert json.loads(policies.document("writer-prod")) == {
        "Version": "2012-10-17",
        "Statement": [
            LIST,
            {
                "Sid": "ReadAndWriteState",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
                "Resource": [STATE, f"{STATE}.tflock"],
            },
            {
                "Sid": "ReleaseLockFile",
                "Effect": "Allow",
                "Action": ["s3:DeleteObject"],
                "Resource": [f"{STATE}.tflock"],
            },
            {
                "Sid": "TakeAndReleaseLock",
                "Effect": "Allow",
                "Action": ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"],
                "Resource": TABLE,
                "Condition": OWN_ENTRIES,
            },
            {
                "Sid": "EncryptAndDecrypt",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": policies.key,
                "Condition": via,
            },
        ],
    }


def _refused(policies: _Policies, name: str, calls: list[Any]) -> list[Any]:
    document = policies.document(name)
    return [call for call in calls if not policies.allowed(document, call)]


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("reader-prod", READS, WRITES + NEVER + FOREIGN),
        ("writer-prod", READS + WRITES, NEVER + FOREIGN),
    ],
)
def test_only_the_own_environment_can_be_reached(
    policies: _Policies, name: str, allowed: list[Any], refused: list[Any]
) -> None:
    assert _refused(policies, name, allowed) == []
    assert _refused(policies, name, refused) == refused
