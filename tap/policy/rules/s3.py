"""Rules of buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.buckets import BUCKET, encryption, holds_logs, is_replica, is_versioned, setting
from tap.policy.production import is_production
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_BLOCK = "aws_s3_bucket_public_access_block"
_ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
_LIFECYCLE = "aws_s3_bucket_lifecycle_configuration"
_WAYS_IN = (
    "block_public_acls",
    "block_public_policy",
    "ignore_public_acls",
    "restrict_public_buckets",
)


def _without(bucket: Resource, kind: str) -> Fault:
    what = "bucket_prefix" if bucket.is_unknown("bucket") else "bucket"
    return bucket.fault(f"no {kind} is for {bucket.quote(what)}")


@resource_rule(
    "S3-01",
    Severity.HIGH,
    "A bucket can be made public",
    BUCKET,
    rationale="One policy or one ACL, set by whoever may, opens it to everybody.",
    remediation="""\
resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
""",
    references=(
        "CKV_AWS_53",
        "CKV_AWS_54",
        "CKV_AWS_55",
        "CKV_AWS_56",
        "CKV2_AWS_6",
        "AWS-0086",
        "AWS-0087",
        "AWS-0091",
        "AWS-0093",
        "AWS-0094",
        "FSBP S3.8",
        "PCI 1.4.4",
    ),
)
def public_bucket(bucket: Resource) -> Iterator[Fault]:
    """Every bucket blocks public ACLs and policies."""
    block = setting(bucket, _BLOCK)
    if block is None:
        yield _without(bucket, _BLOCK)
        return
    for name in _WAYS_IN:
        if not block.flag(name):
            yield block.fault(block.quote(name), at=name)


@resource_rule(
    "S3-02",
    Severity.MEDIUM,
    "A bucket is not encrypted with a key of its own",
    BUCKET,
    rationale="Whoever may read objects may read them in the clear: with a key of one's own, the "
    "key has to allow it too.",
    remediation="""\
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.this.arn
      sse_algorithm     = "aws:kms"
    }
  }
}
""",
    references=("CKV_AWS_145", "AWS-0088", "AWS-0132", "FSBP S3.17", "PCI 3.5.1"),
)
def keyless_bucket(bucket: Resource) -> Iterator[Fault]:
    """Every bucket has a key that somebody has made."""
    # AWS delivers access logs to buckets with keys of S3 only, or not without more ado.
    if holds_logs(bucket):
        return
    found = encryption(bucket)
    if found is None:
        yield _without(bucket, _ENCRYPTION)
    elif found.text("sse_algorithm") not in {"aws:kms", "aws:kms:dsse"}:
        yield found.fault(found.quote("sse_algorithm"), at="sse_algorithm")
    elif not found.is_set("kms_master_key_id"):
        yield found.fault("kms_master_key_id is not set")


@resource_rule(
    "S3-03",
    Severity.MEDIUM,
    "A bucket keeps no old versions",
    BUCKET,
    rationale="What is overwritten or deleted is gone.",
    remediation="""\
resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}
""",
    references=("CKV_AWS_21", "AWS-0090", "FSBP S3.14", "PCI 10.3.3"),
)
def unversioned_bucket(bucket: Resource) -> Iterator[Fault]:
    """Every bucket has versioning."""
    if is_versioned(bucket):
        return
    versioning = setting(bucket, "aws_s3_bucket_versioning")
    block = versioning.block("versioning_configuration") if versioning else None
    if block is None:
        yield _without(bucket, "aws_s3_bucket_versioning")
    else:
        yield block.fault(block.quote("status"), at="status")


@resource_rule(
    "S3-04",
    Severity.LOW,
    "Nothing tells who reads a bucket",
    BUCKET,
    rationale="After a leak nobody can say what was taken.",
    remediation="""\
resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.this.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "this/"
}
""",
    references=("CKV_AWS_18", "AWS-0089", "FSBP S3.9", "PCI 10.2.1"),
)
def unlogged_bucket(bucket: Resource) -> Iterator[Fault]:
    """Every bucket but those of logs has access logs."""
    if not holds_logs(bucket) and setting(bucket, "aws_s3_bucket_logging") is None:
        yield _without(bucket, "aws_s3_bucket_logging")


@resource_rule(
    "S3-05",
    Severity.LOW,
    "ACLs decide who may read a bucket",
    BUCKET,
    rationale="An object's ACL is not seen in any policy, and belongs to whoever wrote the object.",
    remediation="""\
resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}
""",
    references=("CKV2_AWS_65", "FSBP S3.12", "PCI 7.2.1"),
)
def acls(bucket: Resource) -> Iterator[Fault]:
    """ACLs are off for every bucket."""
    controls = setting(bucket, "aws_s3_bucket_ownership_controls")
    rule = controls.block("rule") if controls else None
    if rule is None:
        yield _without(bucket, "aws_s3_bucket_ownership_controls")
    elif rule.text("object_ownership") != "BucketOwnerEnforced":
        yield rule.fault(rule.quote("object_ownership"), at="object_ownership")


@resource_rule(
    "S3-06",
    Severity.LOW,
    "Nothing ever leaves a bucket",
    BUCKET,
    rationale="Old versions and logs are paid for, and can leak, for ever.",
    remediation="""\
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }
}
""",
    references=("CKV2_AWS_61", "FSBP S3.10", "FSBP S3.13", "PCI 3.2.1"),
)
def everlasting(bucket: Resource) -> Iterator[Fault]:
    """Every bucket has an enabled lifecycle rule."""
    lifecycle = setting(bucket, _LIFECYCLE)
    if lifecycle is None:
        yield _without(bucket, _LIFECYCLE)
    elif not any(rule.text("status") == "Enabled" for rule in lifecycle.blocks("rule")):
        yield lifecycle.fault(f"none of its {len(lifecycle.blocks('rule'))} rules is enabled")


@resource_rule(
    "S3-07",
    Severity.LOW,
    "Parts of uploads that were given up stay",
    _LIFECYCLE,
    rationale="They are paid for and are in no listing.",
    remediation="""\
rule {
  id     = "uploads"
  status = "Enabled"

  filter {}

  abort_incomplete_multipart_upload {
    days_after_initiation = 7
  }
}
""",
    references=("CKV_AWS_300",),
)
def given_up_uploads(lifecycle: Resource) -> Iterator[Fault]:
    """A rule for all objects aborts uploads that are not completed."""
    for rule in lifecycle.blocks("rule"):
        days = rule.block("abort_incomplete_multipart_upload")
        filters = rule.blocks("filter")
        whole = not rule.text("prefix") and not any(_is_narrow(item) for item in filters)
        if days is not None and whole and rule.text("status") == "Enabled":
            return
    yield lifecycle.fault("no enabled rule for all objects has abort_incomplete_multipart_upload")


def _is_narrow(block: Values) -> bool:
    narrowing = ("prefix", "tag", "and", "object_size_greater_than", "object_size_less_than")
    return any(block.get(name) for name in narrowing if not block.is_unknown(name))


@resource_rule(
    "S3-08",
    Severity.LOW,
    "Objects of production are in one region",
    BUCKET,
    rationale="When the region fails, or somebody deletes the bucket, there is no copy.",
    remediation="""\
resource "aws_s3_bucket_replication_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  role   = aws_iam_role.replication.arn

  rule {
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    destination {
      bucket = aws_s3_bucket.replica.arn
    }
  }
}
""",
    references=("CKV_AWS_144",),
)
def unreplicated(bucket: Resource) -> Iterator[Fault]:
    """In production, every bucket but replicas and those of logs is replicated."""
    if not is_production(bucket.planned) or holds_logs(bucket) or is_replica(bucket):
        return
    if setting(bucket, "aws_s3_bucket_replication_configuration") is None:
        yield _without(bucket, "aws_s3_bucket_replication_configuration")
