"""The module ``rds``: database, its groups, logs, monitoring, restore and replica.

What a later plan keeps is asserted by ``modules/rds/tests/replacement.tftest.hcl``, which applies
with a mocked provider.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

ACCOUNT_ID = "123456789012"
DATA_KEY = "arn:aws:kms:eu-west-1:123456789012:key/data"
LOGS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/logs"
BOUNDARY_ARN = "arn:aws:iam::123456789012:policy/payments-boundary"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf"
SNAPSHOT_ARN = "arn:aws:rds:eu-west-1:123456789012:snapshot:payments-prod-final"
CLUSTER_SNAPSHOT_ARN = "arn:aws:rds:eu-west-2:123456789012:cluster-snapshot:pay_ments"
PASSWORD = "made-up-password-of-a-test"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
SMALLEST: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "instance": {"instance_class": "db.t3.micro"},
    "kms_key_arn": DATA_KEY,
    "logs_kms_key_arn": LOGS_KEY,
    "prefix": "payments-dev",
    "region": "eu-west-1",
    "security_group_ids": ["sg-0a1b2c3d"],
    "subnet_group_name": "payments-dev-database",
    "tags": TAGS,
}
PRODUCTION: dict[str, Any] = {
    **SMALLEST,
    "backup": {
        "delete_automated_backups": False,
        "maintenance_window": "tue:04:00-tue:05:00",
        "retention_in_days": 35,
        "window": "01:00-02:00",
    },
    "database_name": "ledger",
    # As in the stack: the topic is made by the same apply.
    "event_topic": {"arn": "arn:aws:sns:eu-west-1:123456789012:${uuid()}"},
    "instance": {
        "allocated_storage": 200,
        "instance_class": "db.m5.large",
        "max_allocated_storage": 1000,
        "multi_az": True,
    },
    "log_retention_in_days": 400,
    "monitoring": {"interval_in_seconds": 15, "performance_insights_retention_in_days": 731},
    "permissions_boundary_arn": BOUNDARY_ARN,
    "prefix": "payments-prod",
    "username": "ledger_owner",
}
RESTORED: dict[str, Any] = {
    **SMALLEST,
    "backup": {"deletion_protection": False, "final_snapshot": False, "retention_in_days": 1},
    "ca_cert_identifier": None,
    "instance": {
        "apply_immediately": True,
        "instance_class": "db.m5.xlarge",
        "multi_az": False,
    },
    "port": 3307,
    "prefix": "payments-staging",
    "restore": {"snapshot_identifier": SNAPSHOT_ARN},
}
REPLICATED: dict[str, Any] = {
    **SMALLEST,
    "event_topic": {"arn": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms"},
    "instance": {"instance_class": "db.m5.large"},
    "master_password": PASSWORD,
    "partition": "aws-us-gov",
    "prefix": "payments-gov",
    "read_replica": {
        "instance_class": "db.t4g.small",
        "master_secret": {"arn": SECRET_ARN, "version": 3},
    },
    "region": "us-gov-west-1",
}
WRONG: dict[str, Any] = {
    "account_id": "12345",
    "backup": {"maintenance_window": "04:00-05:00", "retention_in_days": 36, "window": "2-3"},
    "ca_cert_identifier": "rds-ca-2019",
    "database_name": "1st",
    "instance": {
        "allocated_storage": 10,
        "instance_class": "m5.large",
        "max_allocated_storage": 10,
    },
    "kms_key_arn": "alias/data",
    "log_retention_in_days": 42,
    "logs_kms_key_arn": "alias/logs",
    "monitoring": {"interval_in_seconds": 0, "performance_insights_retention_in_days": 90},
    "partition": "aws-cn",
    "permissions_boundary_arn": "boundary",
    "port": 443,
    "prefix": "Payments--dev",
    "read_replica": {
        "instance_class": "large",
        "master_secret": {"arn": SECRET_ARN, "version": 0},
    },
    "region": "nowhere",
    "security_group_ids": [],
    "subnet_group_name": "payments-dev-database",
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
    "username": "admin",
}
LOGS = ("audit", "error", "slowquery")
UNTAGGABLE = {"aws_iam_role_policy"}

Plan = Any


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("rds").plan(**SMALLEST)


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("rds").plan(**PRODUCTION)


@pytest.fixture(scope="module")
def restored(module_planner: Any) -> Plan:
    return module_planner("rds").plan(**RESTORED)


@pytest.fixture(scope="module")
def replicated(module_planner: Any) -> Plan:
    return module_planner("rds").plan(**REPLICATED)


@pytest.fixture(params=["smallest", "production", "restored", "replicated"])
def each_plan(request: pytest.FixtureRequest) -> Plan:
    return request.getfixturevalue(request.param)


def values(plan: Plan, address: str) -> dict[str, Any]:
    """Return the planned values of one resource, ``type.name`` or ``type.name[key]``."""
    found: dict[str, Any] = plan.modules["module.this"].resources[address]["values"]
    return found


def instances(plan: Plan, address: str) -> dict[str, dict[str, Any]]:
    """Return the planned values of all instances of ``type.name``, by their key."""
    return {
        resource["index"]: resource["values"]
        for name, resource in plan.modules["module.this"].resources.items()
        if name.split("[")[0] == address
    }


def database(plan: Plan) -> dict[str, Any]:
    return values(plan, "aws_db_instance.this")


def unknown(plan: Plan) -> dict[str, Any]:
    """Return which arguments of the database only apply can tell."""
    change = plan.resource_changes["module.this.aws_db_instance.this"]["change"]
    found: dict[str, Any] = change["after_unknown"]
    return found


def databases(plan: Plan) -> list[dict[str, Any]]:
    """Return the database and, where planned, its replica."""
    return [database(plan), *instances(plan, "aws_db_instance.replica").values()]


def of(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names}


def planned_output(plan: Plan, name: str) -> Any:
    return plan["output_changes"]["this"]["after"].get(name)


# The database


@pytest.mark.requirement("RDS-1")
def test_every_database_is_private_encrypted_and_known_by_iam(each_plan: Plan) -> None:
    assert {
        (
            found["publicly_accessible"],
            found["storage_encrypted"],
            found["iam_database_authentication_enabled"],
            found["copy_tags_to_snapshot"],
            found["auto_minor_version_upgrade"],
        )
        for found in databases(each_plan)
    } == {(False, True, True, True, True)}
    assert of(database(each_plan), "kms_key_id", "storage_type", "engine", "engine_version") == {
        "kms_key_id": DATA_KEY,
        "storage_type": "gp3",
        "engine": "mysql",
        "engine_version": "8.0",
    }


@pytest.mark.requirement("RDS-1")
def test_defaults_are_safe(smallest: Plan) -> None:
    assert of(
        database(smallest),
        "identifier",
        "allocated_storage",
        "backup_retention_period",
        "backup_window",
        "ca_cert_identifier",
        "db_subnet_group_name",
        "delete_automated_backups",
        "deletion_protection",
        "final_snapshot_identifier",
        "maintenance_window",
        "max_allocated_storage",
        "multi_az",
        "port",
        "skip_final_snapshot",
        "vpc_security_group_ids",
    ) == {
        "identifier": "payments-dev-database",
        "allocated_storage": 20,
        "backup_retention_period": 7,
        "backup_window": "02:00-03:00",
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "db_subnet_group_name": "payments-dev-database",
        "delete_automated_backups": True,
        "deletion_protection": True,
        "final_snapshot_identifier": "payments-dev-final",
        "maintenance_window": "sun:03:30-sun:04:30",
        "max_allocated_storage": 100,
        "multi_az": True,
        "port": 3306,
        "skip_final_snapshot": False,
        "vpc_security_group_ids": ["sg-0a1b2c3d"],
    }


@pytest.mark.requirement("RDS-1", "STK-2")
def test_production_has_what_it_asks_for(production: Plan) -> None:
    assert of(
        database(production),
        "allocated_storage",
        "apply_immediately",
        "backup_retention_period",
        "backup_window",
        "delete_automated_backups",
        "instance_class",
        "maintenance_window",
        "max_allocated_storage",
        "multi_az",
        "db_name",
        "username",
    ) == {
        "allocated_storage": 200,
        "apply_immediately": False,
        "backup_retention_period": 35,
        "backup_window": "01:00-02:00",
        "delete_automated_backups": False,
        "instance_class": "db.m5.large",
        "maintenance_window": "tue:04:00-tue:05:00",
        "max_allocated_storage": 1000,
        "multi_az": True,
        "db_name": "ledger",
        "username": "ledger_owner",
    }


@pytest.mark.requirement("RDS-1", "STK-8")
def test_protections_can_be_lifted(restored: Plan) -> None:
    assert of(
        database(restored),
        "apply_immediately",
        "deletion_protection",
        "final_snapshot_identifier",
        "multi_az",
        "port",
        "skip_final_snapshot",
    ) == {
        "apply_immediately": True,
        "deletion_protection": False,
        "final_snapshot_identifier": None,
        "multi_az": False,
        "port": 3307,
        "skip_final_snapshot": True,
    }


@pytest.mark.requirement("RDS-1")
def test_without_an_authority_the_account_decides(restored: Plan) -> None:
    assert unknown(restored)["ca_cert_identifier"] is True


@pytest.mark.requirement("RDS-1", "STK-8")
def test_the_option_group_stays_only_where_a_snapshot_holds_it(
    smallest: Plan, restored: Plan
) -> None:
    assert values(smallest, "aws_db_option_group.this")["skip_destroy"] is True
    assert values(restored, "aws_db_option_group.this")["skip_destroy"] is False


@pytest.mark.requirement("RDS-1", "RDS-4")
def test_the_parameters_enforce_tls_and_log_slow_queries_to_files(each_plan: Plan) -> None:
    group = values(each_plan, "aws_db_parameter_group.this")
    assert group["family"] == "mysql8.0"
    assert {parameter["name"]: parameter["value"] for parameter in group["parameter"]} == {
        "log_output": "FILE",
        "long_query_time": "1",
        "require_secure_transport": "1",
        "slow_query_log": "1",
    }
    assert {found["parameter_group_name"] for found in databases(each_plan)} == {group["name"]}


@pytest.mark.requirement("RDS-4")
def test_the_audit_log_tells_connections_and_changes_of_structure_and_rights(
    each_plan: Plan,
) -> None:
    group = values(each_plan, "aws_db_option_group.this")
    assert (group["engine_name"], group["major_engine_version"]) == ("mysql", "8.0")
    (option,) = group["option"]
    assert option["option_name"] == "MARIADB_AUDIT_PLUGIN"
    assert {setting["name"]: setting["value"] for setting in option["option_settings"]} == {
        "SERVER_AUDIT_EVENTS": "CONNECT,QUERY_DDL,QUERY_DCL",
        "SERVER_AUDIT_EXCL_USERS": "rdsadmin",
    }
    assert {found["option_group_name"] for found in databases(each_plan)} == {group["name"]}


# The master user


@pytest.mark.requirement("RDS-2")
@pytest.mark.parametrize("name", ["smallest", "production", "restored"])
def test_rds_manages_the_master_password_with_the_data_key(
    name: str, request: pytest.FixtureRequest
) -> None:
    found = database(request.getfixturevalue(name))
    assert of(
        found,
        "manage_master_user_password",
        "master_user_secret_kms_key_id",
        "password",
        "password_wo_version",
    ) == {
        "manage_master_user_password": True,
        "master_user_secret_kms_key_id": DATA_KEY,
        "password": None,
        "password_wo_version": None,
    }


@pytest.mark.requirement("RDS-2", "RDS-5")
def test_with_a_replica_the_password_of_the_secret_is_sent_and_not_kept(replicated: Plan) -> None:
    found = database(replicated)
    assert of(found, "manage_master_user_password", "password", "password_wo_version") == {
        "manage_master_user_password": None,
        "password": None,
        "password_wo_version": 3,
    }
    planned = {
        part: replicated[part] for part in ("planned_values", "resource_changes", "output_changes")
    }
    assert PASSWORD not in json.dumps(planned)
    assert planned_output(replicated, "secret_arn") == SECRET_ARN


@pytest.mark.requirement("RDS-2")
def test_the_default_master_user_has_no_name_that_is_guessed_first(smallest: Plan) -> None:
    assert of(database(smallest), "username", "db_name") == {
        "username": "dbmaster",
        "db_name": "application",
    }


# Restore


@pytest.mark.requirement("RDS-3")
def test_a_restored_database_names_the_snapshot_and_neither_user_nor_database(
    restored: Plan,
) -> None:
    found = database(restored)
    assert found["snapshot_identifier"] == SNAPSHOT_ARN
    # Both come from the snapshot; a name given here would replace the database at the next plan.
    assert (unknown(restored)["db_name"], unknown(restored)["username"]) == (True, True)


@pytest.mark.requirement("RDS-3")
@pytest.mark.parametrize("name", ["smallest", "production", "replicated"])
def test_without_a_snapshot_the_database_is_created_empty(
    name: str, request: pytest.FixtureRequest
) -> None:
    assert "snapshot_identifier" not in {
        key for key, value in database(request.getfixturevalue(name)).items() if value
    }


# Monitoring


@pytest.mark.requirement("RDS-4")
def test_logs_are_exported_to_groups_with_retention_and_key(production: Plan) -> None:
    groups = instances(production, "aws_cloudwatch_log_group.database")
    assert {
        log: (group["name"], group["retention_in_days"], group["kms_key_id"])
        for log, group in groups.items()
    } == {log: (f"/aws/rds/instance/payments-prod-database/{log}", 400, LOGS_KEY) for log in LOGS}
    assert sorted(database(production)["enabled_cloudwatch_logs_exports"]) == sorted(groups)
    assert planned_output(production, "log_group_names") == {
        log: group["name"] for log, group in groups.items()
    }


@pytest.mark.requirement("RDS-4")
def test_log_groups_keep_a_year_by_default(smallest: Plan) -> None:
    groups = instances(smallest, "aws_cloudwatch_log_group.database")
    assert {group["retention_in_days"] for group in groups.values()} == {365}


@pytest.mark.requirement("RDS-4")
def test_performance_insights_keeps_its_data_under_the_data_key(production: Plan) -> None:
    assert of(
        database(production),
        "performance_insights_enabled",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
        "monitoring_interval",
    ) == {
        "performance_insights_enabled": True,
        "performance_insights_kms_key_id": DATA_KEY,
        "performance_insights_retention_period": 731,
        "monitoring_interval": 15,
    }


@pytest.mark.requirement("RDS-4")
def test_performance_insights_is_off_where_the_class_has_none(
    smallest: Plan, replicated: Plan
) -> None:
    (replica,) = instances(replicated, "aws_db_instance.replica").values()
    for found in (database(smallest), replica):
        assert found["performance_insights_enabled"] is False
        assert found.get("performance_insights_retention_period") is None
    assert database(replicated)["performance_insights_enabled"] is True
    assert database(replicated)["performance_insights_retention_period"] == 7


@pytest.mark.requirement("RDS-4")
def test_only_enhanced_monitoring_of_these_databases_may_take_the_role(
    production: Plan, replicated: Plan
) -> None:
    role = values(production, "aws_iam_role.monitoring")
    assert (role["name"], role["permissions_boundary"]) == (
        "payments-prod-database-monitoring",
        BOUNDARY_ARN,
    )
    (statement,) = json.loads(role["assume_role_policy"])["Statement"]
    assert statement == {
        "Sid": "AssumeByEnhancedMonitoring",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Condition": {
            "ArnLike": {
                "aws:SourceArn": ("arn:aws:rds:eu-west-1:123456789012:db:payments-prod-database*")
            },
            "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
        },
    }
    trust = values(replicated, "aws_iam_role.monitoring")["assume_role_policy"]
    assert "arn:aws-us-gov:rds:us-gov-west-1:123456789012:db:payments-gov-database*" in trust


@pytest.mark.requirement("RDS-4")
def test_the_monitoring_role_writes_one_log_group(production: Plan) -> None:
    policy = json.loads(values(production, "aws_iam_role_policy.monitoring")["policy"])
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:RDSOSMetrics"
    assert {
        statement["Sid"]: (statement["Action"], statement["Resource"])
        for statement in policy["Statement"]
    } == {
        "KeepLogGroup": (
            ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
            [group, f"{group}:*"],
        ),
        "WriteMetrics": (
            [
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:GetLogEvents",
                "logs:PutLogEvents",
            ],
            f"{group}:log-stream:*",
        ),
    }


# Replica and events


@pytest.mark.requirement("RDS-5")
def test_without_being_asked_for_there_is_no_replica(production: Plan) -> None:
    assert instances(production, "aws_db_instance.replica") == {}
    assert instances(production, "aws_cloudwatch_log_group.replica") == {}


@pytest.mark.requirement("RDS-5")
def test_a_replica_follows_the_database_as_safely(replicated: Plan) -> None:
    (replica,) = instances(replicated, "aws_db_instance.replica").values()
    assert of(
        replica,
        "identifier",
        "backup_retention_period",
        "ca_cert_identifier",
        "deletion_protection",
        "instance_class",
        "monitoring_interval",
        "multi_az",
        "port",
        "replicate_source_db",
        "skip_final_snapshot",
        "vpc_security_group_ids",
    ) == {
        "identifier": "payments-gov-database-replica",
        "backup_retention_period": 7,
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "deletion_protection": True,
        "instance_class": "db.t4g.small",
        "monitoring_interval": 60,
        "multi_az": False,
        "port": 3306,
        "replicate_source_db": "payments-gov-database",
        "skip_final_snapshot": True,
        "vpc_security_group_ids": ["sg-0a1b2c3d"],
    }
    groups = instances(replicated, "aws_cloudwatch_log_group.replica")
    assert {log: group["name"] for log, group in groups.items()} == {
        log: f"/aws/rds/instance/payments-gov-database-replica/{log}" for log in LOGS
    }
    assert sorted(replica["enabled_cloudwatch_logs_exports"]) == sorted(groups)


@pytest.mark.requirement("RDS-5")
def test_the_topic_is_told_of_instances_parameters_and_security_groups(replicated: Plan) -> None:
    subscriptions = instances(replicated, "aws_db_event_subscription.this")
    assert {
        name: (subscription["source_type"], sorted(subscription["source_ids"] or []))
        for name, subscription in subscriptions.items()
    } == {
        "instances": (
            "db-instance",
            ["payments-gov-database", "payments-gov-database-replica"],
        ),
        "parameter-groups": ("db-parameter-group", ["payments-gov-mysql80"]),
        "security-groups": ("db-security-group", []),
    }
    assert {subscription["sns_topic"] for subscription in subscriptions.values()} == {
        "arn:aws-us-gov:sns:us-gov-west-1:123456789012:alarms"
    }
    # What Security Hub asks for in RDS.20, RDS.21 and RDS.22.
    categories = {name: set(found["event_categories"]) for name, found in subscriptions.items()}
    assert categories["instances"] >= {"maintenance", "configuration change", "failure"}
    assert categories["parameter-groups"] == {"configuration change"}
    assert categories["security-groups"] == {"configuration change", "failure"}


@pytest.mark.requirement("RDS-5")
def test_a_topic_made_by_the_same_apply_is_subscribed(smallest: Plan, production: Plan) -> None:
    assert set(instances(production, "aws_db_event_subscription.this")) == {
        "instances",
        "parameter-groups",
        "security-groups",
    }
    assert instances(smallest, "aws_db_event_subscription.this") == {}


# All of it


@pytest.mark.requirement("STK-5")
def test_everything_taggable_is_tagged_and_named(each_plan: Plan) -> None:
    for address, resource in each_plan.modules["module.this"].resources.items():
        if resource["type"] in UNTAGGABLE:
            continue
        tags = resource["values"]["tags"]
        assert {key: tags[key] for key in TAGS} == TAGS, address
        assert tags["Name"].startswith("payments-"), address


@pytest.mark.requirement("STK-7")
def test_the_outputs_tell_where_the_database_is(production: Plan) -> None:
    assert {
        name: planned_output(production, name)
        for name in (
            "database_name",
            "event_subscription_names",
            "final_snapshot_identifier",
            "instance_id",
            "kms_key_arn",
            "option_group_name",
            "parameter_group_name",
            "port",
            "replica_instance_id",
            "replica_log_group_names",
            "username",
        )
    } == {
        "database_name": "ledger",
        "event_subscription_names": {
            source: f"payments-prod-database-{source}"
            for source in ("instances", "parameter-groups", "security-groups")
        },
        "final_snapshot_identifier": "payments-prod-final",
        "instance_id": "payments-prod-database",
        "kms_key_arn": DATA_KEY,
        "option_group_name": "payments-prod-mysql80",
        "parameter_group_name": "payments-prod-mysql80",
        "port": 3306,
        "replica_instance_id": None,
        "replica_log_group_names": {},
        "username": "ledger_owner",
    }
    after_apply = production["output_changes"]["this"]["after_unknown"]
    assert {name for name, value in after_apply.items() if value is True} == {
        "address",
        "arn",
        "endpoint",
        "monitoring_role_arn",
        "resource_id",
        "secret_arn",
    }


# Refusals


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    text: str = module_planner("rds").refused(**WRONG)
    return text


@pytest.mark.requirement("STK-3")
@pytest.mark.parametrize(
    "message",
    [
        'account_id must be 12 digits; got "12345".',
        "backup.retention_in_days must be 1 to 35 whole days; got 36.",
        'backup.window must be hh:mm-hh:mm in UTC, such as 02:00-03:00; got "2-3".',
        'in UTC, such as sun:03:30-sun:04:30; got "04:00-05:00".',
        'rds-ca-rsa4096-g1 or null; got "rds-ca-2019".',
        'digits and underscores, starting with a letter; got "1st".',
        'class of RDS, such as db.t3.micro or db.m5.large; got "m5.large".',
        "instance.allocated_storage must be 20 to 65536 whole GiB, as gp3 allows; got 10.",
        "10 % more than allocated_storage (11) and at most 65536 whole GiB",
        "or RDS refuses to grow the storage; got 10.",
        (
            "kms_key_arn must be the ARN of a KMS key and no alias, such as "
            'arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got "alias/data".'
        ),
        "3288 or 3653; got 42.",
        (
            "logs_kms_key_arn must be the ARN of a KMS key and no alias, such as "
            'arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got "alias/logs".'
        ),
        "monitoring.interval_in_seconds must be 1, 5, 10, 15, 30 or 60; got 0.",
        "must be 7, 731 or a multiple of 31 from 31 to 713; got 90.",
        (
            "partition must be aws or aws-us-gov (service principals of other partitions have "
            'other names); got "aws-cn".'
        ),
        'arn:aws:iam::123456789012:policy/boundary, or null; got "boundary".',
        "port must be a whole number from 1150 to 65535; got 443.",
        'starting with a letter and not ending with a hyphen; got "Payments--dev".',
        'in a row, which RDS refuses in identifiers; got "Payments--dev".',
        'class of RDS, such as db.m5.large, or null; got "large".',
        "which goes up when the password changes; got 0.",
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        "security_group_ids must name at least one group",
        "missing: CostCenter, ManagedBy.",
        'which are guessed first or reserved; got "admin".',
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal


@pytest.mark.requirement("RDS-3")
def test_a_cluster_snapshot_is_refused_with_the_reason(module_planner: Any) -> None:
    refusal = module_planner("rds").refused(
        **SMALLEST | {"restore": {"snapshot_identifier": CLUSTER_SNAPSHOT_ARN}}
    )
    assert (
        "restore.snapshot_identifier must be a snapshot of a DB instance: a cluster snapshot "
        "holds the shared volume of an Aurora or Multi-AZ DB cluster and can only be restored to "
        f'a cluster; got "{CLUSTER_SNAPSHOT_ARN}".'
    ) in refusal
    # The name in it is malformed, too.
    assert "must be the identifier or ARN of a snapshot, such as payments-prod-final," in refusal


@pytest.fixture(scope="module")
def refusal_of_combinations(module_planner: Any) -> str:
    # Terraform compares inputs with each other only where each by itself is right.
    text: str = module_planner("rds").refused(
        **SMALLEST
        | {
            "read_replica": {"master_secret": {"arn": SECRET_ARN, "version": 1}},
            "restore": {"snapshot_identifier": SNAPSHOT_ARN.replace("eu-west-1", "eu-west-2")},
        }
    )
    return text


@pytest.mark.requirement("RDS-3", "STK-3")
def test_a_snapshot_of_another_region_is_refused(refusal_of_combinations: str) -> None:
    assert (
        "restore.snapshot_identifier must be a snapshot of region eu-west-1, because snapshots "
        "are restored in their own region (copy it first); got "
        '"arn:aws:rds:eu-west-2:123456789012:snapshot:payments-prod-final".'
    ) in refusal_of_combinations


@pytest.mark.requirement("RDS-2", "RDS-5")
def test_a_replica_without_a_password_of_its_own_is_refused(refusal_of_combinations: str) -> None:
    assert (
        "master_password must be given with read_replica and only then: without a replica RDS "
        "makes, stores and rotates the password itself."
    ) in refusal_of_combinations


@pytest.mark.requirement("STK-3")
def test_windows_that_are_too_short_and_overlap_are_refused(module_planner: Any) -> None:
    refusal = module_planner("rds").refused(
        **SMALLEST | {"backup": {"maintenance_window": "mon:02:00-mon:02:10"}}
    )
    assert (
        "must be at least 30 minutes long, and the latter less than a day; "
        "got 02:00-03:00 and mon:02:00-mon:02:10."
    ) in refusal
    assert (
        "backup.window and backup.maintenance_window must not overlap; "
        "got 02:00-03:00 (every day) and mon:02:00-mon:02:10."
    ) in refusal
