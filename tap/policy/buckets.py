"""Buckets and what is set up for each by a resource of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from tap.evaluation import Step
    from tap.policy.planned import Planned, Resource
    from tap.policy.values import Values

BUCKET = "aws_s3_bucket"
REPLICATION = "aws_s3_bucket_replication_configuration"
# Where logs of AWS are told their bucket: type and path.
_LOG_TARGETS: tuple[tuple[str, ...], ...] = (
    ("aws_s3_bucket_logging", "target_bucket"),
    ("aws_lb", "access_logs", "bucket"),
    ("aws_lb", "connection_logs", "bucket"),
    ("aws_cloudfront_distribution", "logging_config", "bucket"),
    ("aws_cloudtrail", "s3_bucket_name"),
    ("aws_flow_log", "log_destination"),
)


def setting(bucket: Resource, kind: str) -> Resource | None:
    """Return the resource of a type that sets up a bucket, such as its versioning.

    Raises:
        UnknownValueError: There is none for certain, but one that may be its own.
    """
    return next(bucket.planned.users(bucket, kind, "bucket"), None)


def holds_logs(bucket: Resource) -> bool:
    """Tell whether a service of AWS writes its logs into a bucket."""
    return bucket.address in bucket.planned.once(_log_buckets)


def is_replica(bucket: Resource) -> bool:
    """Tell whether another bucket is replicated into a bucket."""
    return bucket.address in bucket.planned.once(_replicas)


def is_versioned(bucket: Resource) -> bool:
    """Tell whether old versions of a bucket's objects are kept."""
    versioning = setting(bucket, "aws_s3_bucket_versioning")
    block = versioning.block("versioning_configuration") if versioning else None
    return block is not None and block.text("status") == "Enabled"


def encryption(bucket: Resource) -> Values | None:
    """Return the block that says how objects are encrypted by default."""
    found = setting(bucket, "aws_s3_bucket_server_side_encryption_configuration")
    rules = found.blocks("rule") if found else ()
    blocks = (rule.block("apply_server_side_encryption_by_default") for rule in rules)
    return next((block for block in blocks if block), None)


def _log_buckets(planned: Planned) -> frozenset[str]:
    found: set[str] = set()
    for kind, *path in _LOG_TARGETS:
        for user in planned.resources(kind):
            steps: tuple[Step, ...] = (path[0], 0, path[1]) if len(path) > 1 else (path[0],)
            found |= _buckets(user, steps)
    return frozenset(found)


def _replicas(planned: Planned) -> frozenset[str]:
    found: set[str] = set()
    for user in planned.resources(REPLICATION):
        for index in range(len(user.known.get("rule") or ())):
            found |= _buckets(user, ("rule", index, "destination", 0, "bucket"))
    return frozenset(found)


def _buckets(user: Resource, path: tuple[Step, ...]) -> frozenset[str]:
    """Return the buckets that an attribute names, also by a resource that sets one up."""
    planned = user.planned
    named = planned.links.of(user, path).addresses
    beside = (planned.by_address[item] for item in named)
    return named.union(
        *(
            planned.links.of(item, ("bucket",)).addresses
            for item in beside
            if item.type != BUCKET and item.type.startswith(BUCKET)
        )
    )


def only_bucket(resource: Resource, values: Values, name: str) -> Resource:
    """Return the bucket that an attribute names.

    Raises:
        UnknownValueError: It is not in the plan.
    """
    found = values.target(name, BUCKET)
    if found is None:
        raise UnknownValueError(resource.address, name, "names a bucket that is not in the plan")
    return found
