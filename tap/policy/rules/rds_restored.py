"""Rules of databases that are restored from snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.plan import references
from tap.policy.rule import Severity, resource_rule, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.sources import SourceModule

_SNAPSHOT = "snapshot_identifier"
_RESTORED = ("aws_db_instance", "aws_rds_cluster")
_OF_CLUSTER = "aws_db_cluster_snapshot"


@resource_rule(
    "RDS-18",
    Severity.HIGH,
    "An instance is restored from the snapshot of a cluster",
    "aws_db_instance",
    rationale="RDS refuses it, but only at apply, when what was to be replaced may be gone.",
    remediation="""\
data "aws_db_snapshot" "latest" {
  db_instance_identifier = "payments-prod-database"
  most_recent            = true
}

resource "aws_db_instance" "this" {
  snapshot_identifier = data.aws_db_snapshot.latest.id
}
""",
)
def cluster_snapshot(database: Resource) -> Iterator[Fault]:
    """The snapshot of an instance is one of an instance."""
    configuration = database.configuration
    written = references(configuration.expressions.get(_SNAPSHOT)) if configuration else ()
    for reference in written:
        if _OF_CLUSTER in reference.split("."):
            yield database.fault(f"{_SNAPSHOT} is {reference}", at=_SNAPSHOT)
            return
    if database.is_unknown(_SNAPSHOT):
        if database.is_set(_SNAPSHOT) and database.targets(_SNAPSHOT, _OF_CLUSTER):
            yield database.fault(f"{_SNAPSHOT} names the snapshot of a cluster", at=_SNAPSHOT)
    elif ":cluster-snapshot:" in (database.text(_SNAPSHOT) or ""):
        yield database.fault(database.quote(_SNAPSHOT), at=_SNAPSHOT)


@source_rule(
    "RDS-19",
    Severity.HIGH,
    "A database is replaced when its snapshot is no longer the same",
    rationale="A new id, a newer snapshot or none at all replaces the database at the next apply, "
    "with the data of the snapshot.",
    remediation="""\
resource "aws_db_instance" "this" {
  snapshot_identifier = var.snapshot_identifier

  lifecycle {
    ignore_changes = [snapshot_identifier]
  }
}
""",
)
def followed_snapshot(module: SourceModule) -> Iterator[Fault]:
    """The snapshot is read once, when the database is created."""
    for resource in module.declared.resources.values():
        given = resource.body.attributes.get(_SNAPSHOT) if resource.mode == "managed" else None
        if given is None or resource.type not in _RESTORED or given.text == "null":
            continue
        if not {_SNAPSHOT, "all"}.intersection(resource.ignore_changes):
            message = f"{_SNAPSHOT} = {given.text} is not in ignore_changes"
            yield module.fault(resource, message, at=_SNAPSHOT)
