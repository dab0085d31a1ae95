"""The buckets of every environment as boto3 sees them, and what becomes of an object."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.deployment import Deployment

LOG_DAYS = {"dev": 7, "prod": 365}
REPLICATED = {"dev": False, "prod": True}


def buckets(deployment: Deployment) -> dict[str, tuple[str, str]]:
    """Return name and region of each bucket that holds objects of the application."""
    storage = deployment.outputs["storage"]
    found = {"application": (storage["bucket_name"], "eu-west-1")}
    if REPLICATED[deployment.name]:
        found["replica"] = (storage["replica_bucket_name"], "eu-central-1")
    return found


def log_buckets(deployment: Deployment) -> dict[str, tuple[str, str]]:
    """Return name and region of the bucket that each one's access log goes to."""
    found = {"application": (deployment.outputs["storage"]["log_bucket_name"], "eu-west-1")}
    if REPLICATED[deployment.name]:
        name = f"payments-{deployment.name}-replica-logs-{deployment.account_id}"
        found["replica"] = (name, "eu-central-1")
    return found


def assert_private(s3: Any, bucket: str, region: str) -> None:
    """Check what holds for every bucket: where it is, versions, no public, no ACL, only TLS."""
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == region
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(access) == 4
    assert set(access.values()) == {True}
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    (refusal,) = [each for each in policy["Statement"] if each["Effect"] == "Deny"]
    assert (refusal["Action"], refusal["Principal"]) == ("s3:*", "*")
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refusal["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def version(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    """Return how the newest version of an object is kept."""
    found: dict[str, Any] = s3.head_object(Bucket=bucket, Key=key)
    return found


def removed(s3: Any, bucket: str, key: str) -> bool:
    """Return whether the newest version of an object is a delete marker."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=key)
    return any(marker["IsLatest"] for marker in found.get("DeleteMarkers", []))


def wait(for_what: Callable[[], bool]) -> None:
    """Wait until something is true: replication comes after the answer to a put.

    Raises:
        AssertionError: It does not come true within 20 seconds.
    """
    deadline = time.monotonic() + 20
    while not for_what():
        assert time.monotonic() < deadline, "nothing came within 20 s"
        time.sleep(0.2)


def clean(s3: Any, bucket: str, key: str) -> None:
    """Remove every version and marker of an object."""
    found = s3.list_object_versions(Bucket=bucket, Prefix=key)
    for each in found.get("Versions", []) + found.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])


@pytest.mark.requirement("S3R-1")
def test_buckets_are_private_versioned_and_encrypted_with_the_key_of_their_region(
    deployment: Deployment,
) -> None:
    keys = deployment.outputs["security"]["kms_key_arns"]
    expected = {"application": keys["data"], "replica": keys.get("replica")}
    for kind, (bucket, region) in buckets(deployment).items():
        s3 = deployment.client("s3", region)
        assert_private(s3, bucket, region)
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        (rule,) = encryption["Rules"]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ApplyServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": expected[kind],
        }
        assert f":{region}:" in expected[kind]


@pytest.mark.requirement("S3R-1")
def test_old_versions_and_their_markers_go(deployment: Deployment) -> None:
    for bucket, region in buckets(deployment).values():
        s3 = deployment.client("s3", region)
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert rule["Status"] == "Enabled"
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
        assert rule["Expiration"] == {"ExpiredObjectDeleteMarker": True}
        assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


@pytest.mark.requirement("S3R-1", "STK-2")
def test_every_access_is_logged_to_a_bucket_that_only_s3_writes_to(deployment: Deployment) -> None:
    logs = log_buckets(deployment)
    for kind, (bucket, region) in buckets(deployment).items():
        s3, (log, _) = deployment.client("s3", region), logs[kind]
        logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
        assert (logging["TargetBucket"], logging["TargetPrefix"]) == (log, f"{kind}/")
        assert_private(s3, log, region)
        encryption = s3.get_bucket_encryption(Bucket=log)["ServerSideEncryptionConfiguration"]
        (default,) = encryption["Rules"]
        assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=log)["Rules"]
        assert rule["Expiration"] == {"Days": LOG_DAYS[deployment.name]}
        policy = json.loads(s3.get_bucket_policy(Bucket=log)["Policy"])
        (delivery,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        assert delivery["Action"] == "s3:PutObject"
        assert delivery["Resource"] == f"arn:aws:s3:::{log}/*"
        assert delivery["Condition"] == {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": deployment.account_id},
        }


@pytest.mark.requirement("S3R-2", "STK-2")
def test_only_an_environment_with_a_second_region_replicates(deployment: Deployment) -> None:
    storage, s3 = deployment.outputs["storage"], deployment.client("s3")
    assert storage["bucket_arn"] == f"arn:aws:s3:::{storage['bucket_name']}"
    told = [name for name in storage if name.startswith(("replica_", "replication_"))]
    assert len(told) == 4
    if not REPLICATED[deployment.name]:
        assert all(storage[name] is None for name in told)
        with pytest.raises(s3.exceptions.ClientError, match="ReplicationConfigurationNotFound"):
            s3.get_bucket_replication(Bucket=storage["bucket_name"])
        return
    assert storage["replica_bucket_arn"] == f"arn:aws:s3:::{storage['replica_bucket_name']}"
    found = s3.get_bucket_replication(Bucket=storage["bucket_name"])["ReplicationConfiguration"]
    assert found["Role"] == storage["replication_role_arn"]
    (rule,) = found["Rules"]
    assert rule == {
        "ID": storage["replication_rule_id"],
        "Priority": 1,
        "Filter": {},
        "Status": "Enabled",
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {
            "Bucket": storage["replica_bucket_arn"],
            "StorageClass": "STANDARD",
            "EncryptionConfiguration": {
                "ReplicaKmsKeyID": deployment.outputs["security"]["kms_key_arns"]["replica"]
            },
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
            "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        },
    }


@pytest.mark.requirement("S3R-2")
def test_the_replication_role_reads_the_source_and_writes_the_replica(
    deployment: Deployment,
) -> None:
    storage, iam = deployment.outputs["storage"], deployment.client("iam")
    name = f"payments-{deployment.name}-replication"
    if not REPLICATED[deployment.name]:
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName=name)
        return
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Arn"] == storage["replication_role_arn"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "s3.amazonaws.com"}
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    source, replica = storage["bucket_arn"], storage["replica_bucket_arn"]
    keys = deployment.outputs["security"]["kms_key_arns"]
    allowed = {
        each["Sid"]: (each["Resource"], set(each["Action"])) for each in document["Statement"]
    }
    assert allowed == {
        "ReadConfiguration": (source, {"s3:GetReplicationConfiguration", "s3:ListBucket"}),
        "ReadVersions": (
            f"{source}/*",
            {
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            },
        ),
        "WriteReplicas": (
            f"{replica}/*",
            {"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"},
        ),
        "DecryptVersions": (keys["data"], {"kms:Decrypt"}),
        "EncryptReplicas": (keys["replica"], {"kms:Encrypt", "kms:GenerateDataKey"}),
    }
    services = {
        each["Sid"]: each["Condition"]["StringEquals"]["kms:ViaService"]
        for each in document["Statement"]
        if "Condition" in each
    }
    assert services == {
        "DecryptVersions": "s3.eu-west-1.amazonaws.com",
        "EncryptReplicas": "s3.eu-central-1.amazonaws.com",
    }


@pytest.mark.requirement("S3R-1", "S3R-2", "TST-2")
def test_an_object_is_encrypted_and_arrives_in_the_replica_and_so_does_its_removal(
    deployment: Deployment,
) -> None:
    storage, s3 = deployment.outputs["storage"], deployment.client("s3")
    keys = deployment.outputs["security"]["kms_key_arns"]
    bucket, key, body = storage["bucket_name"], "application/receipt.txt", b"paid in full"
    put = s3.put_object(Bucket=bucket, Key=key, Body=body)
    try:
        kept = version(s3, bucket, key)
        assert kept["ServerSideEncryption"] == "aws:kms"
        assert kept["SSEKMSKeyId"] == keys["data"]
        assert kept["VersionId"] == put["VersionId"]
        if not REPLICATED[deployment.name]:
            assert "ReplicationStatus" not in kept
            return
        wait(lambda: version(s3, bucket, key)["ReplicationStatus"] == "COMPLETED")
        there, replica = deployment.client("s3", "eu-central-1"), storage["replica_bucket_name"]
        carried = version(there, replica, key)
        assert carried["VersionId"] == put["VersionId"]
        assert carried["ReplicationStatus"] == "REPLICA"
        assert carried["ServerSideEncryption"] == "aws:kms"
        assert carried["SSEKMSKeyId"] == keys["replica"]
        assert there.get_object(Bucket=replica, Key=key)["Body"].read() == body
        s3.delete_object(Bucket=bucket, Key=key)
        wait(lambda: removed(there, replica, key))
        kept_on = there.get_object(Bucket=replica, Key=key, VersionId=put["VersionId"])
        assert kept_on["Body"].read() == body
    finally:
        # Where deletion is refused, Terraform removes no bucket that holds an object.
        for name, region in buckets(deployment).values():
            clean(deployment.client("s3", region), name, key)
