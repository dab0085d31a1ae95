"""Rules of where states and their locks are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.sources import SourceModule

_TABLE = "aws_dynamodb_table"
_BUCKET = "aws_s3_bucket"
_LOCK_KEY = "LockID"
_CALLED_LOCKS = re.compile(r"(?:terraform|tf|state)[-_]?(?:state)?[-_]?locks?(?![a-z])")
_CALLED_STATE = re.compile(r"(?:terraform|tf)[-_]?states?(?![a-z])(?!.*logs?(?![a-z]))")
_LOCK_TABLE = """\
resource "aws_dynamodb_table" "locks" {
  name                        = "payments-terraform-locks"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}
"""


@resource_rule(
    "STATE-01",
    Severity.HIGH,
    "A lock table cannot hold locks",
    _TABLE,
    rationale="Terraform writes locks under the key LockID, a string, and fails with any other.",
    remediation=_LOCK_TABLE,
)
def wrong_key(table: Resource) -> Iterator[Fault]:
    """What is called a lock table has LockID as its only key."""
    if not _CALLED_LOCKS.search((table.text("name") or "").lower()):
        return
    if table.text("hash_key") != _LOCK_KEY:
        yield table.fault(table.quote("hash_key"), at="hash_key")
    elif table.is_set("range_key"):
        yield table.fault(table.quote("range_key"), at="range_key")
    for attribute in table.blocks("attribute"):
        if attribute.text("name") == _LOCK_KEY and attribute.text("type") != "S":
            yield attribute.fault(attribute.quote("type"), at="type")


@resource_rule(
    "STATE-02",
    Severity.MEDIUM,
    "A table cannot be restored",
    _TABLE,
    rationale="What is deleted by mistake is gone: with lock tables, the digests of states.",
    remediation=_LOCK_TABLE,
    references=("CKV_AWS_28", "AWS-0024", "FSBP DynamoDB.2"),
)
def unrestorable_table(table: Resource) -> Iterator[Fault]:
    """Every table can be restored to a point in time."""
    name = "point_in_time_recovery"
    given = not table.is_unknown(name) or table.is_set(name)
    block = table.block(name) if given else None
    if block is None:
        yield table.fault(f"{name} is missing")
    elif not block.flag("enabled"):
        yield block.fault(block.quote("enabled"), at="enabled")


@resource_rule(
    "STATE-03",
    Severity.MEDIUM,
    "A lock table can be deleted",
    _TABLE,
    rationale="Without it two applies can run at once, and each destroys what the other did.",
    remediation=_LOCK_TABLE,
    references=("FSBP DynamoDB.6",),
)
def deletable_table(table: Resource) -> Iterator[Fault]:
    """AWS refuses to delete what holds locks."""
    if table.text("hash_key") == _LOCK_KEY and not table.flag("deletion_protection_enabled"):
        name = "deletion_protection_enabled"
        yield table.fault(table.quote(name), at=name)


@resource_rule(
    "STATE-04",
    Severity.HIGH,
    "A bucket of states is emptied when it is destroyed",
    _BUCKET,
    rationale="One destroy takes every state of every environment, with all old versions.",
    remediation="""\
resource "aws_s3_bucket" "state" {
  force_destroy = false
}
""",
)
def emptied_states(bucket: Resource) -> Iterator[Fault]:
    """A bucket of states can be destroyed only when it is empty."""
    if bucket.flag("force_destroy") and _is_for_states(bucket):
        yield bucket.fault(bucket.quote("force_destroy"), at="force_destroy")


def _is_for_states(bucket: Resource) -> bool:
    name = None if bucket.is_unknown("bucket") else bucket.text("bucket")
    prefix = None if bucket.is_unknown("bucket_prefix") else bucket.text("bucket_prefix")
    return _CALLED_STATE.search((name or prefix or "").lower()) is not None


@source_rule(
    "STATE-05",
    Severity.MEDIUM,
    "What holds states can be destroyed by a plan",
    rationale="A changed name replaces the bucket or the table, and every state or lock with it.",
    remediation="""\
resource "aws_s3_bucket" "state" {
  lifecycle {
    prevent_destroy = true
  }
}
""",
)
def destroyable(module: SourceModule) -> Iterator[Fault]:
    """Terraform refuses to destroy lock tables, and the buckets beside them."""
    declared = module.declared.resources.values()
    tables = [
        item for item in declared if item.type == _TABLE and item.body.text("hash_key") == _LOCK_KEY
    ]
    buckets = [item for item in declared if item.type == _BUCKET and item.mode == "managed"]
    named = [
        item
        for item in buckets
        if tables or _CALLED_STATE.search((item.body.text("bucket") or "").lower())
    ]
    for resource in (*tables, *named):
        kept = resource.lifecycle.attributes.get("prevent_destroy") if resource.lifecycle else None
        if kept is None or kept.value is not True:
            told = f"prevent_destroy = {kept.text}" if kept else "prevent_destroy is not set"
            yield module.fault(resource, f"{told} in the lifecycle")
