"""The database of every environment as boto3 sees it, and where its password is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

CLASSES = {"dev": "db.t3.micro", "prod": "db.m5.large"}
MULTI_AZ = {"dev": False, "prod": True}
PROTECTED = {"dev": False, "prod": True}
STORAGE = {"dev": (20, 50), "prod": (100, 1000)}
BACKUP_DAYS = {"dev": 1, "prod": 35}
LOG_DAYS = {"dev": 7, "prod": 365}
# Classes as small as dev's have no Performance Insights.
INSIGHTS_DAYS = {"dev": None, "prod": 731}


def database(deployment: Deployment) -> dict[str, Any]:
    """Return the database instance."""
    found: dict[str, Any] = deployment.client("rds").describe_db_instances(
        DBInstanceIdentifier=deployment.outputs["database"]["instance_id"]
    )["DBInstances"][0]
    return found


def password(deployment: Deployment) -> str:
    """Return the password of the master user."""
    secret = deployment.client("secretsmanager").get_secret_value(
        SecretId=deployment.outputs["database"]["secret_arn"]
    )
    value: str = json.loads(secret["SecretString"])["password"]
    return value


@pytest.mark.requirement("RDS-1", "STK-2", "STK-7")
def test_the_database_is_the_one_the_outputs_tell_of(deployment: Deployment) -> None:
    found, told = database(deployment), deployment.outputs["database"]
    assert found["DBInstanceArn"] == told["arn"]
    assert found["DbiResourceId"] == told["resource_id"]
    assert found["DBName"] == told["database_name"] == "payments"
    assert found["Endpoint"]["Address"] == told["address"]
    assert found["Endpoint"]["Port"] == told["port"] == 3306
    assert told["endpoint"] == f"{told['address']}:3306"
    assert found["DBInstanceStatus"] == "available"
    (parameters,) = found["DBParameterGroups"]
    assert parameters["DBParameterGroupName"] == told["parameter_group_name"]
    (options,) = found["OptionGroupMemberships"]
    assert options["OptionGroupName"] == told["option_group_name"]


@pytest.mark.requirement("RDS-1", "STK-2")
def test_engine_size_and_standby_are_those_of_the_environment(deployment: Deployment) -> None:
    found = database(deployment)
    assert found["Engine"] == "mysql"
    assert found["EngineVersion"].startswith("8.0.")
    assert found["AutoMinorVersionUpgrade"] is True
    assert found["DBInstanceClass"] == CLASSES[deployment.name]
    assert found["MultiAZ"] is MULTI_AZ[deployment.name]
    assert found["StorageType"] == "gp3"
    storage = (found["AllocatedStorage"], found["MaxAllocatedStorage"])
    assert storage == STORAGE[deployment.name]
    assert found["MasterUsername"] == "dbmaster"
    assert found["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"


@pytest.mark.requirement("RDS-1", "NET-6")
def test_the_database_is_encrypted_and_reachable_from_the_application_only(
    deployment: Deployment,
) -> None:
    found, outputs = database(deployment), deployment.outputs
    assert found["StorageEncrypted"] is True
    assert found["KmsKeyId"] == outputs["security"]["kms_key_arns"]["data"]
    assert found["PubliclyAccessible"] is False
    groups = [group["VpcSecurityGroupId"] for group in found["VpcSecurityGroups"]]
    assert groups == [outputs["security"]["security_group_ids"]["database"]]
    placed = found["DBSubnetGroup"]
    assert placed["DBSubnetGroupName"] == outputs["vpc"]["database_subnet_group_name"]
    subnets = {subnet["SubnetIdentifier"] for subnet in placed["Subnets"]}
    assert subnets == set(outputs["vpc"]["subnet_ids"]["database"].values())
    assert found["IAMDatabaseAuthenticationEnabled"] is True


@pytest.mark.requirement("RDS-1", "STK-2")
def test_backups_are_kept_and_deletion_is_refused_as_the_environment_asks(
    deployment: Deployment,
) -> None:
    found = database(deployment)
    assert found["BackupRetentionPeriod"] == BACKUP_DAYS[deployment.name]
    assert found["PreferredBackupWindow"] == "02:00-03:00"
    assert found["PreferredMaintenanceWindow"] == "sun:03:30-sun:04:30"
    assert found["CopyTagsToSnapshot"] is True
    assert found["DeletionProtection"] is PROTECTED[deployment.name]


@pytest.mark.requirement("RDS-2")
def test_the_master_password_is_kept_by_rds_under_the_data_key_and_rotates(
    deployment: Deployment,
) -> None:
    found, key = database(deployment), deployment.outputs["security"]["kms_key_arns"]["data"]
    arn = deployment.outputs["database"]["secret_arn"]
    assert found["MasterUserSecret"] == {
        "SecretArn": arn,
        "SecretStatus": "active",
        "KmsKeyId": key,
    }
    secret = deployment.client("secretsmanager").describe_secret(SecretId=arn)
    assert secret["KmsKeyId"] == key
    assert secret["OwningService"] == "rds"
    assert secret["RotationEnabled"] is True
    assert secret["RotationRules"]["AutomaticallyAfterDays"] == 7
    owner = {tag["Key"]: tag["Value"] for tag in secret["Tags"]}
    assert owner["aws:rds:primaryDBInstanceArn"] == found["DBInstanceArn"]
    assert len(password(deployment)) >= 16


@pytest.mark.requirement("RDS-2", "STK-7")
def test_the_master_password_is_in_no_output_and_in_no_version_of_the_state(
    deployment: Deployment,
) -> None:
    value = password(deployment)
    assert value not in json.dumps(deployment.outputs, ensure_ascii=False)
    s3 = deployment.client("s3")
    bucket, key = (
        f"payments-terraform-state-{deployment.account_id}",
        f"{deployment.name}/terraform.tfstate",
    )
    versions = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    latest = ""
    for version in versions:
        body = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        text = body["Body"].read().decode()
        assert value not in text
        assert json.dumps(value)[1:-1] not in text
        latest = text if version["IsLatest"] and version["Key"] == key else latest
    (instance,) = (
        instance["attributes"]
        for resource in json.loads(latest)["resources"]
        if resource["type"] == "aws_db_instance"
        for instance in resource["instances"]
    )
    assert instance["manage_master_user_password"] is True
    assert (instance["password"], instance["password_wo"]) == (None, None)


@pytest.mark.requirement("RDS-1", "RDS-4")
def test_the_parameter_group_enforces_tls_and_logs_slow_queries(deployment: Deployment) -> None:
    told, rds = deployment.outputs["database"], deployment.client("rds")
    name = told["parameter_group_name"]
    (group,) = rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"]
    assert group["DBParameterGroupFamily"] == "mysql8.0"
    parameters = rds.describe_db_parameters(DBParameterGroupName=name, Source="user")["Parameters"]
    values = {each["ParameterName"]: each["ParameterValue"] for each in parameters}
    assert values == {
        "require_secure_transport": "1",
        "slow_query_log": "1",
        "long_query_time": "1",
        "log_output": "FILE",
    }
    answer = rds.describe_option_groups(OptionGroupName=told["option_group_name"])
    (options,) = answer["OptionGroupsList"]
    (option,) = options["Options"]
    assert option["OptionName"] == "MARIADB_AUDIT_PLUGIN"
    settings = {each["Name"]: each["Value"] for each in option["OptionSettings"]}
    assert settings["SERVER_AUDIT_EVENTS"] == "CONNECT,QUERY_DDL,QUERY_DCL"


@pytest.mark.requirement("RDS-4", "MON-4", "STK-2")
def test_logs_of_the_database_reach_encrypted_groups_that_expire(deployment: Deployment) -> None:
    found, told = database(deployment), deployment.outputs["database"]
    assert set(found["EnabledCloudwatchLogsExports"]) == {"audit", "error", "slowquery"}
    assert set(told["log_group_names"]) == {"audit", "error", "slowquery"}
    prefix = f"/aws/rds/instance/{told['instance_id']}/"
    groups = {
        group["logGroupName"]: group
        for group in deployment.client("logs").describe_log_groups(logGroupNamePrefix=prefix)[
            "logGroups"
        ]
    }
    key = deployment.outputs["security"]["kms_key_arns"]["logs"]
    for kind, name in told["log_group_names"].items():
        assert name == f"{prefix}{kind}"
        assert groups[name]["retentionInDays"] == LOG_DAYS[deployment.name]
        assert groups[name]["kmsKeyId"] == key


@pytest.mark.requirement("RDS-4", "STK-2")
def test_the_operating_system_and_the_load_are_watched(deployment: Deployment) -> None:
    found = database(deployment)
    assert found["MonitoringInterval"] == 60
    arn = deployment.outputs["database"]["monitoring_role_arn"]
    assert found["MonitoringRoleArn"] == arn
    days = INSIGHTS_DAYS[deployment.name]
    assert found.get("PerformanceInsightsEnabled", False) is (days is not None)
    if days is not None:
        assert found["PerformanceInsightsRetentionPeriod"] == days
        key = deployment.outputs["security"]["kms_key_arns"]["data"]
        assert found["PerformanceInsightsKMSKeyId"] == key


@pytest.mark.requirement("RDS-4")
def test_the_monitoring_role_serves_this_database_only(deployment: Deployment) -> None:
    iam, name = deployment.client("iam"), f"payments-{deployment.name}-database-monitoring"
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Arn"] == deployment.outputs["database"]["monitoring_role_arn"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": deployment.account_id}
    source = trust["Condition"]["ArnLike"]["aws:SourceArn"]
    assert deployment.outputs["database"]["arn"].startswith(source.removesuffix("*"))
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    group = f"arn:aws:logs:eu-west-1:{deployment.account_id}:log-group:RDSOSMetrics"
    for statement in document["Statement"]:
        assert all(action.startswith("logs:") for action in statement["Action"])
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert resource == group or resource.startswith(f"{group}:")


@pytest.mark.requirement("RDS-5", "MON-1")
def test_events_of_the_database_reach_the_alarm_topic(deployment: Deployment) -> None:
    told, topic = deployment.outputs["database"], deployment.outputs["monitoring"]["topic_arn"]
    prefix = f"payments-{deployment.name}-database-"
    found = deployment.client("rds").describe_event_subscriptions()["EventSubscriptionsList"]
    mine = {
        each["CustSubscriptionId"].removeprefix(prefix): each
        for each in found
        if each["CustSubscriptionId"].startswith(prefix)
    }
    sources = {name: (each["SourceType"], each["SourceIdsList"]) for name, each in mine.items()}
    assert sources == {
        "instances": ("db-instance", [told["instance_id"]]),
        "parameter-groups": ("db-parameter-group", [told["parameter_group_name"]]),
        "security-groups": ("db-security-group", []),
    }
    assert {(each["SnsTopicArn"], each["Enabled"]) for each in mine.values()} == {(topic, True)}
    assert {"failover", "failure", "low storage", "maintenance"} <= set(
        mine["instances"]["EventCategoriesList"]
    )
