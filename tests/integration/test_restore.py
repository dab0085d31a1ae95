"""A database made from a snapshot of another one, by the rds module on the emulator."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import tftest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap.testing.deployment import Deployment

SNAPSHOT = "payments-dev-before-the-migration"

TAGS = ("CostCenter", "Environment", "ManagedBy", "Owner", "Project")

PROVIDER = {
    "region": "eu-west-1",
    "access_key": "emulator",
    "secret_key": "emulator",
    "s3_use_path_style": True,
    "max_retries": 2,
}


@pytest.mark.requirement("RDS-3")
@pytest.mark.xdist_group("dev")
def test_a_database_comes_back_from_a_snapshot_and_the_next_plan_is_empty(
    named_deployment: Callable[[str], Deployment], repository: Path, tmp_path: Path
) -> None:
    dev = named_deployment("dev")
    outputs = dev.outputs
    dev.client("rds").create_db_snapshot(
        DBInstanceIdentifier=outputs["database"]["instance_id"], DBSnapshotIdentifier=SNAPSHOT
    )
    call: dict[str, Any] = {
        "source": str(repository / "modules" / "rds"),
        "account_id": outputs["stack"]["account_id"],
        "backup": {"deletion_protection": False, "final_snapshot": False, "retention_in_days": 1},
        # Naming an authority makes the provider wait another 80 s on an emulator.
        "ca_cert_identifier": None,
        "instance": {"instance_class": "db.t3.micro", "multi_az": False},
        "kms_key_arn": outputs["security"]["kms_key_arns"]["data"],
        "logs_kms_key_arn": outputs["security"]["kms_key_arns"]["logs"],
        "prefix": "payments-restored",
        "region": "eu-west-1",
        "restore": {"snapshot_identifier": SNAPSHOT},
        "security_group_ids": [outputs["security"]["security_group_ids"]["database"]],
        "subnet_group_name": outputs["vpc"]["database_subnet_group_name"],
        "tags": dict.fromkeys(
            ("CostCenter", "Environment", "ManagedBy", "Owner", "Project"), "restored"
        ),
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
    environ = {
        "AWS_ENDPOINT_URL": str(dev.emulator.status().endpoint),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": "",
        "TF_CLI_CONFIG_FILE": str(dev.project.directory / ".tap" / "terraformrc"),
    }
    terraform = tftest.TerraformTest(str(tmp_path), env=environ)
    terraform.init(input=False)
    dev.progress("dev: restoring a database from a snapshot")
    terraform.apply()
    again = terraform.plan(output=True)
    changed = [
        change["address"]
        for change in again["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    ]
    instances = dev.client("rds").describe_db_instances(
        DBInstanceIdentifier="payments-restored-database"
    )["DBInstances"]
    terraform.destroy()
    dev.client("rds").delete_db_snapshot(DBSnapshotIdentifier=SNAPSHOT)
    assert changed == []
    assert instances[0]["StorageEncrypted"] is True
    assert instances[0]["MasterUsername"] == outputs["database"].get("username", "dbmaster")
    assert instances[0]["DBName"] == "payments"
