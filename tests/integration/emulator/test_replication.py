"""Objects reach the replica where rule, role and buckets let them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.requirement("S3R-2", "TST-2"), pytest.mark.timeout(120)]

KEY = "arn:aws:kms:eu-west-1:123456789012:key/source"
REPLICA_KEY = "arn:aws:kms:eu-central-1:123456789012:key/replica"
ROLE = "arn:aws:iam::123456789012:role/replication"

PERMISSIONS: list[dict[str, Any]] = [
    {
        "Effect": "Allow",
        "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
        "Resource": "arn:aws:s3:::source",
    },
    {
        "Effect": "Allow",
        "Action": [
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging",
        ],
        "Resource": "arn:aws:s3:::source/*",
    },
    {
        "Effect": "Allow",
        "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
        "Resource": "arn:aws:s3:::replica/*",
    },
    {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    },
    {
        "Effect": "Allow",
        "Action": "kms:Encrypt",
        "Resource": REPLICA_KEY,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
    },
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Clients of one server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("replication"))
    endpoint = emulator.start().endpoint
    session: Any = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")

    def make(service: str, region: str = "eu-west-1") -> Any:
        return session.client(service, region_name=region, endpoint_url=endpoint)

    make("iam").create_role(
        RoleName="replication", AssumeRolePolicyDocument=json.dumps(document(TRUST))
    )
    for bucket, region in (("source", "eu-west-1"), ("replica", "eu-central-1")):
        s3 = make("s3", region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    configure(make("s3"))
    yield make
    emulator.stop()


TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def configure(s3: Any) -> None:
    rule = {
        "ID": "all",
        "Priority": 0,
        "Status": "Enabled",
        "Filter": {},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {
            "Bucket": "arn:aws:s3:::replica",
            "StorageClass": "STANDARD_IA",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": REPLICA_KEY},
        },
    }
    s3.put_bucket_replication(
        Bucket="source", ReplicationConfiguration={"Role": ROLE, "Rules": [rule]}
    )


@pytest.fixture
def s3(client: Any) -> Any:
    """S3, with a role that may replicate."""
    permit(client, *PERMISSIONS)
    return client("s3")


def permit(client: Any, *statements: dict[str, Any]) -> None:
    client("iam").put_role_policy(
        RoleName="replication",
        PolicyName="replication",
        PolicyDocument=json.dumps(document(*statements)),
    )


def put(s3: Any, key: str) -> str:
    answer = s3.put_object(
        Bucket="source",
        Key=key,
        Body=b"content",
        Metadata={"a": "b"},
        Tagging="c=d",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=KEY,
    )
    return str(answer["VersionId"])


def settled(s3: Any, key: str) -> str | None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = s3.head_object(Bucket="source", Key=key).get("ReplicationStatus")
        if status != "PENDING":
            return str(status)
        time.sleep(0.1)
    return "PENDING"


def test_an_object_reaches_the_replica_with_all_that_belongs_to_it(s3: Any) -> None:
    version = put(s3, "whole")
    assert s3.head_object(Bucket="source", Key="whole")["ReplicationStatus"] == "PENDING"

    assert settled(s3, "whole") == "COMPLETED"

    found = s3.get_object(Bucket="replica", Key="whole")
    assert found["Body"].read() == b"content"
    assert found["VersionId"] == version
    assert found["ReplicationStatus"] == "REPLICA"
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == REPLICA_KEY
    assert found["StorageClass"] == "STANDARD_IA"
    assert found["Metadata"] == {"a": "b"}
    tags = s3.get_object_tagging(Bucket="replica", Key="whole")["TagSet"]
    assert tags == [{"Key": "c", "Value": "d"}]


def test_a_delete_marker_reaches_the_replica_and_a_deleted_version_does_not(s3: Any) -> None:
    version = put(s3, "deleted")
    assert settled(s3, "deleted") == "COMPLETED"

    marker = s3.delete_object(Bucket="source", Key="deleted")["VersionId"]
    s3.delete_object(Bucket="source", Key="deleted", VersionId=version)

    deadline = time.monotonic() + 10
    found: dict[str, Any] = {}
    while not found.get("DeleteMarkers") and time.monotonic() < deadline:
        found = s3.list_object_versions(Bucket="replica", Prefix="deleted")
    assert [each["VersionId"] for each in found["DeleteMarkers"]] == [marker]
    assert [each["VersionId"] for each in found["Versions"]] == [version]


@pytest.mark.parametrize("lacking", range(len(PERMISSIONS)))
def test_a_role_that_lacks_a_permission_replicates_nothing(
    client: Any, s3: Any, lacking: int
) -> None:
    permit(client, *(each for at, each in enumerate(PERMISSIONS) if at != lacking))

    put(s3, f"lacking-{lacking}")

    assert settled(s3, f"lacking-{lacking}") == "FAILED"


def test_the_replica_bucket_must_be_versioned(client: Any, s3: Any) -> None:
    client("s3", "eu-central-1").put_bucket_versioning(
        Bucket="replica", VersioningConfiguration={"Status": "Suspended"}
    )
    try:
        with pytest.raises(s3.exceptions.ClientError, match="must have versioning enabled"):
            configure(s3)
        put(s3, "unversioned")
        assert settled(s3, "unversioned") == "FAILED"
    finally:
        client("s3", "eu-central-1").put_bucket_versioning(
            Bucket="replica", VersioningConfiguration={"Status": "Enabled"}
        )
