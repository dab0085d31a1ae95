"""Replicas and restored databases of the emulator: what they have of their source, and how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.rds.models import DBInstance, RDSBackend

from tap.emulator.extensions import rds_copies
from tap.emulator.extensions.rds import create_instance

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Patched

pytestmark = pytest.mark.requirement("TAP-2", "TST-2")


@pytest.fixture
def rds(patched: Patched) -> Any:
    client = patched(rds_copies.EXTENSION, RDSBackend, DBInstance)("rds")
    create_instance(client, "source", BackupRetentionPeriod=7, MultiAZ=True)
    return client


@pytest.fixture
def replica(rds: Any) -> dict[str, Any]:
    return replicate(rds)


def replicate(rds: Any) -> dict[str, Any]:
    answer: dict[str, Any] = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="source"
    )
    found: dict[str, Any] = answer["DBInstance"]
    return found


def described(rds: Any, name: str) -> dict[str, Any]:
    (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return dict(found)


def test_a_replica_has_the_data_of_its_source_and_no_backups(
    rds: Any, replica: dict[str, Any]
) -> None:
    assert (replica["Engine"], replica["AllocatedStorage"]) == ("mysql", 20)
    assert replica["ReadReplicaSourceDBInstanceIdentifier"] == "source"
    assert (replica["BackupRetentionPeriod"], replica["MultiAZ"]) == (0, False)
    assert described(rds, "source")["ReadReplicaDBInstanceIdentifiers"] == ["replica"]


@pytest.mark.usefixtures("replica")
def test_a_replica_by_the_name_of_a_database_is_refused(rds: Any) -> None:
    with pytest.raises(ClientError) as refused:
        replicate(rds)

    assert refused.value.response["Error"]["Code"] == "DBInstanceAlreadyExists"


@pytest.mark.usefixtures("replica")
def test_a_promoted_replica_is_a_database_of_its_own(rds: Any) -> None:
    promoted = rds.promote_read_replica(DBInstanceIdentifier="replica")["DBInstance"]

    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert described(rds, "source")["ReadReplicaDBInstanceIdentifiers"] == []


@pytest.mark.parametrize(
    ("name", "code"), [("source", "InvalidDBInstanceState"), ("nothing", "DBInstanceNotFound")]
)
def test_only_a_replica_can_be_promoted(rds: Any, name: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        rds.promote_read_replica(DBInstanceIdentifier=name)

    assert refused.value.response["Error"]["Code"] == code


def test_a_replica_in_another_region_has_nothing_that_is_of_the_region(
    rds: Any, session: Any
) -> None:
    arn = described(rds, "source")["DBInstanceArn"]
    far = session.client("rds", region_name="eu-central-1").create_db_instance_read_replica(
        DBInstanceIdentifier="far", SourceDBInstanceIdentifier=arn
    )["DBInstance"]

    assert far["ReadReplicaSourceDBInstanceIdentifier"] == arn
    assert far["DBInstanceArn"].split(":")[3] == "eu-central-1"


@pytest.mark.usefixtures("replica")
def test_a_deleted_replica_is_gone_from_its_source(rds: Any) -> None:
    rds.delete_db_instance(DBInstanceIdentifier="replica", SkipFinalSnapshot=True)

    assert described(rds, "source")["ReadReplicaDBInstanceIdentifiers"] == []


@pytest.mark.usefixtures("replica")
def test_the_replica_of_a_deleted_database_stands_alone(rds: Any) -> None:
    rds.delete_db_instance(DBInstanceIdentifier="source", SkipFinalSnapshot=True)

    assert "ReadReplicaSourceDBInstanceIdentifier" not in described(rds, "replica")


def test_a_database_restored_to_a_point_in_time_has_what_was_asked_for(rds: Any) -> None:
    restored = rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source",
        TargetDBInstanceIdentifier="restored",
        UseLatestRestorableTime=True,
        DeletionProtection=True,
    )["DBInstance"]

    assert (restored["DBInstanceIdentifier"], restored["Engine"]) == ("restored", "mysql")
    assert (restored["BackupRetentionPeriod"], restored["MultiAZ"]) == (7, False)
    assert restored["DeletionProtection"]
