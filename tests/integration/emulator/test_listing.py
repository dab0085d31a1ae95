"""The emulator's own list of what exists: nothing of AWS's, nothing that is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.emulator.extensions import Client

pytestmark = [pytest.mark.requirement("STK-8", "TAP-2"), pytest.mark.timeout(120)]

REGION = "eu-west-1"
IMAGE = "ami-12c6146b"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("listing"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    """The server, empty."""
    shared.reset()
    return shared


@pytest.fixture
def client(emulator: Emulator) -> Client:
    """Clients of the server."""
    endpoint = emulator.status().endpoint
    session: Any = boto3.Session(
        region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


def listed(emulator: Emulator) -> list[tuple[str, str, str]]:
    return [(each.service, each.type, each.id) for each in emulator.resources()]


def test_what_aws_provides_is_not_listed(emulator: Emulator, client: Client) -> None:
    ec2 = client("ec2")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1
    assert ec2.describe_images(ImageIds=[IMAGE])["Images"]
    assert client("iam").list_policies(Scope="AWS", MaxItems=1)["Policies"]
    client("kms").describe_key(KeyId="alias/aws/s3")
    client("rds").describe_db_parameter_groups()
    client("ssm").describe_parameters()
    client("wafv2").list_web_acls(Scope="REGIONAL")

    assert emulator.resources() == ()


def test_a_vpc_is_listed_with_what_comes_with_it_until_it_is_deleted(
    emulator: Emulator, client: Client
) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    assert ("ec2", "VPC", vpc) in listed(emulator)
    assert {kind for _, kind, _ in listed(emulator)} == {
        "NetworkAcl",
        "RouteTable",
        "SecurityGroup",
        "VPC",
    }
    assert {each.region for each in emulator.resources()} == {REGION}

    ec2.delete_vpc(VpcId=vpc)
    assert emulator.resources() == ()


def test_a_key_that_waits_for_its_deletion_is_gone(emulator: Emulator, client: Client) -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/probe", TargetKeyId=key)
    assert ("kms", "Key", f"arn:aws:kms:{REGION}:123456789012:key/{key}") in listed(emulator)

    kms.delete_alias(AliasName="alias/probe")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    assert emulator.resources() == ()


def test_a_terminated_instance_and_a_deleted_endpoint_are_gone(
    emulator: Emulator, client: Client
) -> None:
    ec2 = client("ec2")
    instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway"
    )["VpcEndpoint"]["VpcEndpointId"]
    assert ("ec2", "Instance", instance["InstanceId"]) in listed(emulator)
    assert ("ec2", "VPCEndPoint", endpoint) in listed(emulator)

    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])

    assert emulator.resources() == ()


def test_what_is_listed_has_its_arn_or_its_key_in_moto(emulator: Emulator, client: Client) -> None:
    client("iam").create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps({}))
    client("s3").create_bucket(
        Bucket="state", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("dynamodb").create_table(
        TableName="lock",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
    )

    assert listed(emulator) == [
        ("dynamodb", "Table", "lock"),
        ("iam", "Role", "arn:aws:iam::123456789012:role/app"),
        ("s3", "FakeBucket", "arn:aws:s3:::state"),
    ]
