"""Rules of buckets that are copied to another region."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.buckets import (
    BUCKET,
    REPLICATION,
    encryption,
    holds_logs,
    is_replica,
    is_versioned,
    only_bucket,
)
from tap.policy.documents import statements_of
from tap.policy.roles import allows
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_CALLED_REPLICA = re.compile(r"(?:^|[^a-z])replica(?:tion|s)?(?:[^a-z]|$)")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
_NEEDED = (
    "s3:GetObjectVersionForReplication",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ReplicateObject",
)
_REPLICATION = """\
resource "aws_s3_bucket_replication_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  role   = aws_iam_role.replication.arn

  rule {
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket = aws_s3_bucket.replica.arn

      encryption_configuration {
        replica_kms_key_id = aws_kms_key.replica.arn
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_versioning.replica]
}
"""


@resource_rule(
    "S3-12",
    Severity.HIGH,
    "A bucket for replicas gets none",
    BUCKET,
    rationale="It is empty on the day that it is needed.",
    remediation=_REPLICATION,
)
def empty_replica(bucket: Resource) -> Iterator[Fault]:
    """What is called a replica is the destination of a replication."""
    name = None if bucket.is_unknown("bucket") else bucket.text("bucket")
    called = _CALLED_REPLICA.search(f"{bucket.name} {name or ''}".lower())
    if called and not is_replica(bucket) and not holds_logs(bucket):
        yield bucket.fault(f"no {REPLICATION} has it as its destination")


@resource_rule(
    "S3-13",
    Severity.HIGH,
    "A replication is switched off",
    REPLICATION,
    rationale="It looks like a copy of everything and copies nothing.",
    remediation=_REPLICATION,
)
def switched_off(replication: Resource) -> Iterator[Fault]:
    """Every rule of a replication is enabled."""
    for rule in replication.blocks("rule"):
        if rule.text("status") != "Enabled":
            yield rule.fault(rule.quote("status"), at="status")


@resource_rule(
    "S3-14",
    Severity.HIGH,
    "A bucket is replicated without versions",
    REPLICATION,
    rationale="S3 replicates between versioned buckets only, and refuses the configuration.",
    remediation=_REPLICATION,
    references=("CKV_AWS_21", "FSBP S3.7"),
)
def unversioned_replication(replication: Resource) -> Iterator[Fault]:
    """Source and destination have versioning."""
    source = only_bucket(replication, replication, "bucket")
    if not is_versioned(source):
        yield replication.fault(f"the source {source.address} has no versioning", at="bucket")
    for destination in _destinations(replication):
        replica = only_bucket(replication, destination, "bucket")
        if not is_versioned(replica):
            yield replication.fault(f"the destination {replica.address} has no versioning")


@resource_rule(
    "S3-15",
    Severity.HIGH,
    "A role cannot replicate",
    REPLICATION,
    rationale="S3 takes the configuration and then fails for every object, which only a metric "
    "tells.",
    remediation=_REPLICATION,
    reads_sources=True,
)
def powerless_role(replication: Resource) -> Iterator[Fault]:
    """The role trusts S3, may read versions and may write replicas."""
    if not replication.is_set("role"):
        yield replication.fault("role is not set")
        return
    role = replication.target("role", "aws_iam_role")
    if role is None:
        return
    trusted = {
        service
        for statement in statements_of(role, "assume_role_policy")
        if statement.allows
        for service in statement.principals.get("Service", ())
    }
    if "s3.amazonaws.com" not in trusted:
        told = ", ".join(sorted(trusted)) or "no service"
        yield replication.fault(f"{role.address} trusts {told}, not s3.amazonaws.com", at="role")
    missing = [action for action in _NEEDED if not allows(role, action)]
    if missing:
        yield replication.fault(f"{role.address} may not {', '.join(missing)}", at="role")


@resource_rule(
    "S3-16",
    Severity.HIGH,
    "Encrypted objects are not replicated, or not encrypted there",
    REPLICATION,
    rationale="S3 leaves objects with a KMS key out unless it is told to copy them, and the key "
    "of one region does not encrypt in another.",
    remediation=_REPLICATION,
    references=("CKV_AWS_145", "PCI 3.5.1"),
)
def keyless_replication(replication: Resource) -> Iterator[Fault]:
    """Where the source has a KMS key, encrypted objects are selected and get a key there."""
    default = encryption(only_bucket(replication, replication, "bucket"))
    if default is None or default.text("sse_algorithm") not in {"aws:kms", "aws:kms:dsse"}:
        return
    for rule in replication.blocks("rule"):
        criteria = rule.block("source_selection_criteria")
        selected = criteria.block("sse_kms_encrypted_objects") if criteria else None
        if selected is None or selected.text("status") != "Enabled":
            yield rule.fault("sse_kms_encrypted_objects is not enabled")
        destination = rule.block("destination")
        key = destination.block("encryption_configuration") if destination else None
        if key is None or not key.is_set("replica_kms_key_id"):
            yield rule.fault("replica_kms_key_id is not set")


def _destinations(replication: Resource) -> Iterator[Values]:
    for rule in replication.blocks("rule"):
        yield from rule.blocks("destination")
