"""Tell whether a replication role may do what a replication takes."""

# ruff: noqa: ANN401 - moto's objects have any type

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from tap.emulator.policies import Call, decide
from tap.emulator.service_access import allows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.s3.models import FakeBucket

_OBJECT_ACTIONS = (
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"""


@dataclass(frozen=True, kw_only=True)
class Replication:
    """One object on its way from one bucket to another.

    Attributes:
        role: ARN of the role that S3 takes for it.
        source: The bucket it is in.
        target: The bucket it goes to.
        key: Of the object.
        marker: Whether a delete marker rather than a version is replicated.
        source_key: ARN of the KMS key the object is encrypted with; empty if there is none.
        target_key: ARN of the KMS key that the replica is to be encrypted with.
    """

    role: str
    source: FakeBucket
    target: FakeBucket
    key: str
    marker: bool = False
    source_key: str = ""
    target_key: str = ""

    def is_permitted(self) -> bool:
        """Tell whether the role exists, trusts S3 and may do all that this takes."""
        account_id = self.source.account_id
        roles = iam_backends[account_id]["aws"].roles.values()
        role: Any = next((role for role in roles if role.arn == self.role), None)
        assume = Call(
            action="sts:AssumeRole",
            resource="*",
            context={"aws:sourceaccount": (account_id,), "aws:sourcearn": (self.source.arn,)},
        )
        if role is None or not allows(role.assume_role_policy_document, "s3.amazonaws.com", assume):
            return False
        statements = _statements(role)
        return all(decide(statements, call) is True for call in self._calls())

    def _calls(self) -> Iterator[Call]:
        source, target = f"{self.source.arn}/{self.key}", f"{self.target.arn}/{self.key}"
        for action in ("s3:GetReplicationConfiguration", "s3:ListBucket"):
            yield Call(action=action, resource=self.source.arn)
        if self.marker:
            yield Call(action="s3:ReplicateDelete", resource=target)
            return
        for action in _OBJECT_ACTIONS:
            yield Call(action=action, resource=source)
        for action in ("s3:ReplicateObject", "s3:ReplicateTags"):
            yield Call(action=action, resource=target)
        if self.source_key:
            yield _key_call("kms:Decrypt", self.source_key, self.source, source)
            yield _key_call("kms:Encrypt", self.target_key, self.target, target)


def _statements(role: Any) -> list[dict[str, Any]]:
    documents = [
        *role.policies.values(),
        *(each.document for each in role.managed_policies.values()),
    ]
    found = []
    for document in documents:
        parsed = json.loads(document) if isinstance(document, str) else document
        statements = parsed["Statement"]
        found += statements if isinstance(statements, list) else [statements]
    return found


def _key_call(action: str, key: str, bucket: FakeBucket, object_arn: str) -> Call:
    return Call(
        action=action,
        resource=key,
        context={
            "kms:viaservice": (f"s3.{bucket.region_name}.amazonaws.com",),
            # With a bucket key, the context is the bucket; without, it is the object.
            "kms:encryptioncontext:aws:s3:arn": (bucket.arn, object_arn),
        },
    )
