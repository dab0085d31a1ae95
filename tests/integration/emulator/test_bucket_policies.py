"""Bucket policies decide by caller, action and conditions, as they do on AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tap.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.requirement("TST-2", "S3R-1"), pytest.mark.timeout(120)]

REGION = "eu-west-1"
BUCKET = "arn:aws:s3:::policies"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("policies"))
    yield str(emulator.start().endpoint)
    emulator.stop()


def client(endpoint: str, service: str, **credentials: str) -> Any:
    session: Any = boto3.Session(
        region_name=REGION,
        **(credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}),  # type: ignore[arg-type] # all of them are strings
    )
    return session.client(service, endpoint_url=endpoint)


@pytest.fixture
def s3(endpoint: str) -> Iterator[Any]:
    """S3 for the account's root user, with one empty bucket."""
    s3 = client(endpoint, "s3")
    s3.create_bucket(Bucket="policies", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield s3
    s3.delete_bucket_policy(Bucket="policies")
    for each in s3.list_objects_v2(Bucket="policies").get("Contents", []):
        s3.delete_object(Bucket="policies", Key=each["Key"])
    s3.delete_bucket(Bucket="policies")


def deny(s3: Any, action: str, condition: dict[str, Any], *, principal: Any = "*") -> None:
    statement = {
        "Effect": "Deny",
        "Principal": principal,
        "Action": action,
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": condition,
    }
    s3.put_bucket_policy(
        Bucket="policies",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def refused(call: Any, **arguments: Any) -> bool:
    try:
        call(Bucket="policies", Key="a/b", **arguments)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 403:
            raise
        return True
    return False


def test_the_endpoint_stands_for_one_with_tls(s3: Any) -> None:
    deny(s3, "s3:*", {"Bool": {"aws:SecureTransport": "false"}})
    assert not refused(s3.put_object, Body=b"x")
    deny(s3, "s3:*", {"NumericLessThan": {"s3:TlsVersion": "1.2"}})
    assert not refused(s3.get_object)

    deny(s3, "s3:*", {"Bool": {"aws:SecureTransport": "true"}})
    assert refused(s3.get_object)


def test_a_put_must_carry_the_encryption_that_the_policy_asks_for(s3: Any) -> None:
    deny(s3, "s3:PutObject", {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})

    assert refused(s3.put_object, Body=b"x")
    assert refused(s3.put_object, Body=b"x", ServerSideEncryption="AES256")
    assert not refused(s3.put_object, Body=b"x", ServerSideEncryption="aws:kms")
    assert not refused(s3.put_object_tagging, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})


def test_the_parts_of_an_upload_are_encrypted_as_the_upload(s3: Any) -> None:
    deny(s3, "s3:PutObject", {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}})
    upload = s3.create_multipart_upload(
        Bucket="policies", Key="a/b", ServerSideEncryption="aws:kms"
    )["UploadId"]

    assert not refused(s3.upload_part, UploadId=upload, PartNumber=1, Body=b"x")
    assert refused(s3.create_multipart_upload)
    s3.abort_multipart_upload(Bucket="policies", Key="a/b", UploadId=upload)


def test_a_role_is_told_from_the_account(s3: Any, endpoint: str) -> None:
    role = "arn:aws:iam::123456789012:role/app"
    client(endpoint, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    answer = client(endpoint, "sts").assume_role(RoleArn=role, RoleSessionName="one")
    as_role = client(
        endpoint,
        "s3",
        aws_access_key_id=answer["Credentials"]["AccessKeyId"],
        aws_secret_access_key=answer["Credentials"]["SecretAccessKey"],
        aws_session_token=answer["Credentials"]["SessionToken"],
    )

    deny(s3, "s3:PutObject", {"ArnNotEquals": {"aws:PrincipalArn": role}})
    assert refused(s3.put_object, Body=b"x")
    assert not refused(as_role.put_object, Body=b"x")

    deny(s3, "s3:PutObject", {}, principal={"AWS": role})
    assert not refused(s3.put_object, Body=b"x")
    assert refused(as_role.put_object, Body=b"x")


def test_reading_the_head_of_an_object_is_reading_it(s3: Any) -> None:
    s3.put_object(Bucket="policies", Key="a/b", Body=b"x")
    deny(s3, "s3:GetObject", {"Bool": {"aws:SecureTransport": "true"}})

    assert refused(s3.head_object)
