"""A database made from a snapshot of another one, by the rds module on the emulator."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import tftest

from tap.aws import Target
from tap.emulator.control import Emulator
from tap.terraform.installation import terraform_environ
from tap.testing.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION = "eu-west-1"
SNAPSHOT = "payments-dev-before-the-migration"
USER = "dbmaster"

PROVIDER = {
    "region": REGION,
    "access_key": "emulator",
    "secret_key": "emulator",
    "s3_use_path_style": True,
    "max_retries": 2,
}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """Return an emulator of one's own: most of the test is waiting, beside the others."""
    emulator = Emulator(tmp_path / "emulator")
    try:
        yield Target(name="local", endpoint=emulator.start().endpoint, region=REGION)
    finally:
        emulator.stop()


def store_snapshot(target: Target) -> dict[str, Any]:
    """Make a database with a snapshot, and return what the module takes of what is around it."""
    ec2, kms, rds = map(target.client, ("ec2", "kms", "rds"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="database", Description="-", VpcId=vpc)["GroupId"]
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    rds.create_db_subnet_group(
        DBSubnetGroupName="database", DBSubnetGroupDescription="-", SubnetIds=subnets
    )
    rds.create_db_instance(
        DBInstanceIdentifier="payments-dev-database",
        DBInstanceClass="db.t3.micro",
        DBName="payments",
        DBSubnetGroupName="database",
        AllocatedStorage=20,
        Engine="mysql",
        EngineVersion="8.0",
        KmsKeyId=keys[0],
        ManageMasterUserPassword=True,
        MasterUsername=USER,
        StorageEncrypted=True,
        VpcSecurityGroupIds=[group],
    )
    rds.create_db_snapshot(
        DBInstanceIdentifier="payments-dev-database", DBSnapshotIdentifier=SNAPSHOT
    )
    return {
        "kms_key_arn": keys[0],
        "logs_kms_key_arn": keys[1],
        "security_group_ids": [group],
        "subnet_group_name": "database",
    }


@pytest.mark.requirement("RDS-3")
def test_a_database_comes_back_from_a_snapshot_and_the_next_plan_is_empty(
    target: Target,
    warm_variables: Callable[..., dict[str, str]],
    repository: Path,
    tmp_path: Path,
) -> None:
    call: dict[str, Any] = {
        "source": str(repository / "modules" / "rds"),
        "account_id": "123456789012",
        "backup": {"deletion_protection": False, "final_snapshot": False, "retention_in_days": 1},
        # Naming an authority makes the provider wait another 80 s on an emulator.
        "ca_cert_identifier": None,
        "instance": {"instance_class": "db.t3.micro", "multi_az": False},
        "prefix": "payments-restored",
        "region": REGION,
        "restore": {"snapshot_identifier": SNAPSHOT},
        "tags": dict.fromkeys(
            ("CostCenter", "Environment", "ManagedBy", "Owner", "Project"), "restored"
        ),
        **store_snapshot(target),
    }
    root = {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}
        },
        "provider": {"aws": PROVIDER},
        "module": {"database": call},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(root))
    shutil.copy(repository / "environments" / "dev" / ".terraform.lock.hcl", tmp_path)
    environ = terraform_environ(
        {
            "AWS_ENDPOINT_URL": str(target.endpoint),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": "",
        },
        folder=tmp_path / "cli",
    )
    terraform = tftest.TerraformTest(str(tmp_path), env=environ)
    terraform.init(input=False)
    Run.current().progress("restoring a database from a snapshot")
    terraform.apply()
    cold = dict(terraform.env)
    terraform.env.update(warm_variables(tmp_path, environ))
    again = terraform.plan(output=True)
    changed = [
        change["address"]
        for change in again["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    ]
    instances = target.client("rds").describe_db_instances(
        DBInstanceIdentifier="payments-restored-database"
    )["DBInstances"]
    # What writes starts the provider by itself.
    terraform.env = cold
    terraform.destroy()
    assert changed == []
    assert instances[0]["StorageEncrypted"] is True
    assert instances[0]["MasterUsername"] == USER
    assert instances[0]["DBName"] == "payments"
