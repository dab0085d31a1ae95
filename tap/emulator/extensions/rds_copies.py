"""RDS: read replicas, and instances restored from a snapshot or a point in time.

AWS gives them the data and a few settings of their source; all else is asked for or a default.

Sources:
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.extensions.rds import create_instance

_OF_THE_DATA = (
    "engine",
    "engine_version",
    "allocated_storage",
    "character_set_name",
    "db_name",
    "license_model",
    "master_username",
    "port",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "storage_encrypted",
    "storage_type",
    "iops",
    "auto_minor_version_upgrade",
)
"""What both kinds of copy take over unless something else is asked for."""


def _make_real_replicas() -> None:
    @wrap(RDSBackend, "create_db_instance_read_replica")
    def _(_original: Any, self: Any, asked: Any) -> Any:
        name = asked["db_instance_identifier"]
        if name in self.databases:
            raise DBInstanceAlreadyExists
        source: Any = self.find_db_from_id(asked["source_db_instance_identifier"])
        near = source.region == self.region_name
        settings = _taken_over(source)
        if near:
            settings |= {
                "kms_key_id": source.kms_key_id,
                "db_parameter_group_name": source.db_parameter_group_name,
                "option_group_name": _own_option_group(source),
                # moto has no other way to the name.
                "db_subnet_group_name": source._db_subnet_group_name,  # noqa: SLF001
            }
        settings |= {"backup_retention_period": 0} | _given(asked)
        settings["source_db_instance_identifier"] = (
            source.db_instance_identifier if near else source.arn
        )
        replica = DBInstance(self, **settings)  # type: ignore[abstract] # moto makes them so
        replica.set_as_replica()
        self.databases[name] = replica
        source.add_replica(replica)
        return replica

    @wrap(DBInstance, "remove_replica")
    def _(_original: Any, self: Any, replica: Any) -> None:
        names = {replica.db_instance_identifier, replica.db_instance_arn}
        self.replicas = [name for name in self.replicas if name not in names]

    @wrap(RDSBackend, "promote_read_replica")
    def _(original: Any, self: Any, asked: Any) -> Any:
        name = asked["db_instance_identifier"]
        if name not in self.databases:
            raise DBInstanceNotFoundError(name)
        replica = self.databases[name]
        if not replica.is_replica:
            raise RDSClientError("InvalidDBInstanceState", f"{name} is not a read replica.")
        self.find_db_from_id(replica.source_db_instance_identifier).remove_replica(replica)
        promoted = original(self, asked)
        promoted.source_db_instance_identifier = None
        return promoted

    @wrap(RDSBackend, "delete_db_instance")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        deleted = original(self, *args, **kwargs)
        for name in deleted.replicas:
            replica = self.find_db_from_id(name)
            replica.is_replica = False
            replica.source_db_instance_identifier = None
        return deleted


def _copies_everything_to_replica(client: Client) -> bool:
    rds = client("rds")
    source = create_instance(
        rds,
        "tap-probe-source",
        DeletionProtection=True,
        MultiAZ=True,
        Tags=[{"Key": "of", "Value": "source"}],
    )
    replica = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="tap-probe-replica", SourceDBInstanceIdentifier="tap-probe-source"
    )["DBInstance"]
    return bool(
        replica["DeletionProtection"]
        or replica["MultiAZ"]
        or replica["TagList"]
        or replica["DbiResourceId"] == source["DbiResourceId"]
    )


def _restore_what_was_asked_for() -> None:
    @wrap(RDSBackend, "restore_db_instance_from_db_snapshot")
    def _(_original: Any, self: Any, from_snapshot_id: str, asked: Any) -> Any:
        name = from_snapshot_id.rpartition(":snapshot:")[2]
        snapshot = self.describe_db_snapshots(
            db_instance_identifier=None, db_snapshot_identifier=name
        )[0]
        settings = _restored(snapshot.database) | {
            "kms_key_id": snapshot.kms_key_id,
            "storage_encrypted": snapshot.encrypted,
            "tags": [tag for tag in snapshot.tags if not tag["Key"].startswith("aws:")],
        }
        return self.create_db_instance(settings | _given(asked))

    @wrap(RDSBackend, "restore_db_instance_to_point_in_time")
    def _(_original: Any, self: Any, source: str, target: str, asked: Any) -> Any:
        instance = self.describe_db_instances(db_instance_identifier=source)[0]
        settings = _restored(instance) | {"kms_key_id": instance.kms_key_id}
        return self.create_db_instance(
            settings | _given(asked) | {"db_instance_identifier": target}
        )


def _restored(source: Any) -> dict[str, Any]:
    return _taken_over(source) | {
        "backup_retention_period": source.backup_retention_period,
        "db_instance_class": source.db_instance_class,
        "option_group_name": _own_option_group(source),
    }


def _taken_over(source: Any) -> dict[str, Any]:
    settings = {name: getattr(source, name) for name in _OF_THE_DATA}
    return settings | {"db_instance_class": source.db_instance_class}


def _own_option_group(source: Any) -> str | None:
    return source.option_group_name if source.option_group_supplied else None


def _given(asked: Any) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}


def _copies_everything_when_restored(client: Client) -> bool:
    rds = client("rds")
    create_instance(
        rds,
        "tap-probe-saved",
        DeletionProtection=True,
        MultiAZ=True,
        EnableIAMDatabaseAuthentication=True,
    )
    rds.create_db_snapshot(
        DBInstanceIdentifier="tap-probe-saved", DBSnapshotIdentifier="tap-probe-snapshot"
    )
    restored = rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="tap-probe-restored", DBSnapshotIdentifier="tap-probe-snapshot"
    )["DBInstance"]
    return bool(
        restored["DeletionProtection"]
        or restored["MultiAZ"]
        or restored["IAMDatabaseAuthenticationEnabled"]
    )


EXTENSION = Extension(
    patches=(
        Patch(
            id="rds-replicas",
            symptom="a read replica has all settings and tags of its source, and its id: "
            "couldn't find resource, or changes in every plan",
            apply=_make_real_replicas,
            probe=_copies_everything_to_replica,
        ),
        Patch(
            id="rds-restored-settings",
            symptom="a database restored from a snapshot has settings that nobody asked for",
            apply=_restore_what_was_asked_for,
            probe=_copies_everything_when_restored,
        ),
    ),
)
