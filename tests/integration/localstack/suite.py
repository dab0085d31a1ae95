"""The suite on a LocalStack: what is different there, and what is skipped for which reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tap.aws import account_id
from tap.testing.partial import PartialDeployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tap.aws import Target

# What fails on LocalStack 4.14 although the service is there.
GAPS = {
    r"CreateQueryLoggingConfig.*NoSuchCloudWatchLogsLogGroup": (
        "takes no log group by its ARN for the query log of a zone"
    ),
}

# Tests that its answers fail although the environment is right, by name without parameters.
WRONG_ANSWERS: dict[str, str] = {}


@dataclass
class LocalStackDeployment(PartialDeployment):
    """An environment on LocalStack."""

    gaps: Mapping[str, str] | None = field(default_factory=lambda: GAPS)


def locking(target: Target) -> dict[str, str]:
    """Return the setting that locks states by S3 alone where DynamoDB does not run."""
    try:
        target.client("dynamodb", attempts=1).list_tables()
    except (BotoCoreError, ClientError):
        return {"TAP_STATE_LOCKING": "s3"}
    return {}


def store_states(target: Target) -> None:
    """Make the bucket of the states, where backend/ cannot be applied for want of DynamoDB."""
    if not locking(target):
        return
    s3, bucket = target.client("s3"), f"payments-terraform-state-{account_id(target)}"
    where = {"LocationConstraint": target.region}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    s3.put_object(Bucket=bucket, Key="backend/terraform.tfstate", Body=json.dumps({}).encode())


def reason_against(item: pytest.Item, environment: str) -> str:
    """Return why a test is skipped on another target than the embedded emulator."""
    if "named_deployment" not in getattr(item, "fixturenames", ()):
        return "starts an embedded emulator of its own, or none"
    groups = {mark.args[0] for mark in item.iter_markers("xdist_group")}
    if environment not in groups:
        return f"only {environment} is applied to LocalStack"
    return WRONG_ANSWERS.get(getattr(item, "originalname", item.name), "")
