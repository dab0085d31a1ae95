"""Every environment, applied to the emulator by ``tap apply`` and looked at by boto3."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.blocks import commands

if TYPE_CHECKING:
    from tap.emulator.control import Resource
    from tap.testing.deployment import Deployment

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def named(resources: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the one resource whose Name tag ends with a name."""
    found = [
        resource
        for resource in resources
        if any(tag["Key"] == "Name" and tag["Value"].endswith(name) for tag in resource["Tags"])
    ]
    assert len(found) == 1, f"{len(found)} resources are named {name}"
    return found[0]


@pytest.mark.requirement("STK-8", "TAP-1")
def test_the_saved_plan_is_applied_and_the_next_plan_is_empty(deployment: Deployment) -> None:
    number = sum(change.mode == "managed" for change in deployment.plan.resource_changes)
    assert f"Plan: {number} to add, 0 to change, 0 to destroy." in deployment.apply.stdout
    assert f"[{number}/{number}]" in deployment.apply.stderr
    assert deployment.again.stdout == "No changes. Your infrastructure matches the configuration.\n"


@pytest.mark.requirement("TAP-2")
def test_every_command_says_what_it_talks_to(deployment: Deployment) -> None:
    assert deployment.plan.resource_changes
    endpoint = deployment.emulator.status().endpoint
    sentence = f"{deployment.name} on the embedded emulator at {endpoint}, account 123456789012"
    assert sentence in deployment.planned.stderr
    assert sentence in deployment.apply.stderr


@pytest.mark.requirement("STA-1", "STA-2")
def test_states_lie_encrypted_and_versioned_in_one_bucket_under_their_own_keys(
    deployment: Deployment,
) -> None:
    assert deployment.apply.returncode == 0
    bucket = f"payments-terraform-state-{deployment.account_id}"
    s3 = deployment.client("s3")
    state = s3.get_object(Bucket=bucket, Key=f"{deployment.name}/terraform.tfstate")
    assert state["ServerSideEncryption"] == "aws:kms"
    assert len(json.loads(state["Body"].read())["resources"]) > 20
    assert s3.get_object(Bucket=bucket, Key="backend/terraform.tfstate")["VersionId"] != "null"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(access.values())
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 365
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert logging["TargetBucket"] == f"payments-terraform-state-logs-{deployment.account_id}"
    table = deployment.client("dynamodb").describe_table(TableName="payments-terraform-locks")
    assert table["Table"]["KeySchema"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]
    assert table["Table"]["SSEDescription"]["Status"] == "ENABLED"
    backups = deployment.client("dynamodb").describe_continuous_backups(
        TableName="payments-terraform-locks"
    )["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert backups["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.mark.requirement("NET-1", "NET-6")
def test_three_tiers_of_subnets_stand_in_three_zones(deployment: Deployment) -> None:
    vpc = deployment.outputs["vpc"]
    ec2 = deployment.client("ec2")
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc["vpc_id"], Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]]["Value"] is True
    for tier in ("public", "private", "database"):
        ids = vpc["subnet_ids"][tier]
        assert list(ids) == ZONES
        subnets = ec2.describe_subnets(SubnetIds=list(ids.values()))["Subnets"]
        zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}
        assert {zones[subnet]: subnet for subnet in zones} == ids
        assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    groups = deployment.client("rds").describe_db_subnet_groups(
        DBSubnetGroupName=vpc["database_subnet_group_name"]
    )["DBSubnetGroups"]
    found = {subnet["SubnetIdentifier"] for subnet in groups[0]["Subnets"]}
    assert found == set(vpc["subnet_ids"]["database"].values())


@pytest.mark.requirement("NET-2")
def test_each_tier_has_the_routes_it_needs_and_no_others(deployment: Deployment) -> None:
    vpc = deployment.outputs["vpc"]
    tables = deployment.client("ec2").describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc["vpc_id"]]}]
    )["RouteTables"]
    routes = {
        association["SubnetId"]: {
            route.get("DestinationCidrBlock"): route.get("GatewayId") or route.get("NatGatewayId")
            for route in table["Routes"]
            if route.get("DestinationCidrBlock")
        }
        for table in tables
        for association in table["Associations"]
        if association.get("SubnetId")
    }
    subnets = vpc["subnet_ids"]
    for zone in ZONES:
        assert routes[subnets["public"][zone]]["0.0.0.0/0"] == vpc["internet_gateway_id"]
        assert "0.0.0.0/0" not in routes[subnets["database"][zone]]
    gateways = [routes[subnets["private"][zone]]["0.0.0.0/0"] for zone in ZONES]
    assert set(gateways) == set(vpc["nat_gateway_ids"].values())
    assert len(set(gateways)) == (3 if deployment.name == "prod" else 1)


@pytest.mark.requirement("NET-3")
def test_an_acl_of_its_own_guards_every_subnet_and_the_defaults_are_closed(
    deployment: Deployment,
) -> None:
    vpc = deployment.outputs["vpc"]
    ec2 = deployment.client("ec2")
    here = [{"Name": "vpc-id", "Values": [vpc["vpc_id"]]}]
    acls = ec2.describe_network_acls(Filters=here)["NetworkAcls"]
    by_id = {acl["NetworkAclId"]: acl for acl in acls}
    for tier, acl in vpc["network_acl_ids"].items():
        subnets = {item["SubnetId"] for item in by_id[acl]["Associations"]}
        assert subnets == set(vpc["subnet_ids"][tier].values())
        rules = [rule for rule in by_id[acl]["Entries"] if rule["RuleNumber"] < 32767]
        assert {rule["Egress"] for rule in rules} == {True, False}
        for rule in rules:
            ports = rule.get("PortRange")
            if rule["CidrBlock"] == "0.0.0.0/0" and not rule["Egress"] and ports:
                assert not ports["From"] <= 22 <= ports["To"]
                assert not ports["From"] <= 3389 <= ports["To"]
    default = next(acl for acl in acls if acl["IsDefault"])
    assert all(rule["RuleNumber"] == 32767 for rule in default["Entries"])
    groups = ec2.describe_security_groups(Filters=here)["SecurityGroups"]
    closed = next(group for group in groups if group["GroupName"] == "default")
    assert closed["IpPermissions"] == closed["IpPermissionsEgress"] == []


@pytest.mark.requirement("NET-4")
def test_endpoints_have_a_group_of_their_own(deployment: Deployment) -> None:
    vpc, security = deployment.outputs["vpc"], deployment.outputs["security"]
    endpoints = deployment.client("ec2").describe_vpc_endpoints(
        Filters=[{"Name": "vpc-id", "Values": [vpc["vpc_id"]]}]
    )["VpcEndpoints"]
    kinds = {endpoint["VpcEndpointId"]: endpoint for endpoint in endpoints}
    assert set(kinds) == {
        *vpc["gateway_endpoint_ids"].values(),
        *vpc["interface_endpoint_ids"].values(),
    }
    assert set(vpc["gateway_endpoint_ids"]) == {"s3", "dynamodb"}
    for service, endpoint in vpc["interface_endpoint_ids"].items():
        assert kinds[endpoint]["ServiceName"] == f"com.amazonaws.eu-west-1.{service}"
        groups = [group["GroupId"] for group in kinds[endpoint]["Groups"]]
        assert groups == [security["security_group_ids"]["endpoints"]]
        assert set(kinds[endpoint]["SubnetIds"]) == set(vpc["subnet_ids"]["private"].values())


@pytest.mark.requirement("NET-5")
def test_flow_logs_reach_an_encrypted_group_that_expires(deployment: Deployment) -> None:
    vpc, security = deployment.outputs["vpc"], deployment.outputs["security"]
    logs = deployment.client("ec2").describe_flow_logs(FlowLogIds=[vpc["flow_log_id"]])["FlowLogs"]
    assert logs[0]["TrafficType"] == "ALL"
    assert logs[0]["LogDestination"].endswith(f":log-group:{vpc['flow_log_group_name']}")
    groups = deployment.client("logs").describe_log_groups(
        logGroupNamePrefix=vpc["flow_log_group_name"]
    )["logGroups"]
    days = {"dev": 7, "staging": 90, "prod": 365}[deployment.name]
    assert groups[0]["retentionInDays"] == days
    assert groups[0]["kmsKeyId"] == security["kms_key_arns"]["logs"]


@pytest.mark.requirement("SEC-1")
def test_ports_agree_from_the_edge_to_the_database(deployment: Deployment) -> None:
    groups = deployment.outputs["security"]["security_group_ids"]
    rules = deployment.client("ec2").describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": list(groups.values())}]
    )["SecurityGroupRules"]
    names = {identifier: name for name, identifier in groups.items()}

    def flows(name: str, *, egress: bool) -> set[tuple[int, str]]:
        return {
            (
                rule["FromPort"],
                names.get(rule.get("ReferencedGroupInfo", {}).get("GroupId", ""))
                or rule.get("CidrIpv4")
                or rule.get("PrefixListId")
                or "?",
            )
            for rule in rules
            if rule["GroupId"] == groups[name] and rule["IsEgress"] == egress
        }

    lists = deployment.outputs["vpc"]["gateway_endpoint_prefix_list_ids"]
    assert flows("load_balancer", egress=False) == {(443, "0.0.0.0/0"), (80, "0.0.0.0/0")}
    assert flows("load_balancer", egress=True) == {(8080, "application")}
    assert flows("application", egress=False) == {(8080, "load_balancer")}
    assert flows("application", egress=True) == {
        (3306, "database"),
        (443, "endpoints"),
        (443, lists["s3"]),
        (443, lists["dynamodb"]),
    }
    assert flows("database", egress=False) == {(3306, "application")}
    assert flows("database", egress=True) == set()
    assert flows("endpoints", egress=False) == {(443, "application")}
    assert all(rule["Description"] for rule in rules)


@pytest.mark.requirement("SEC-2", "STK-4")
def test_keys_rotate_and_the_replica_key_is_in_the_second_region(deployment: Deployment) -> None:
    security = deployment.outputs["security"]
    expected = {"data", "logs", "replica"} if deployment.name == "prod" else {"data", "logs"}
    assert set(security["kms_key_ids"]) == expected
    for name, identifier in security["kms_key_ids"].items():
        kms = deployment.client("kms", "eu-central-1" if name == "replica" else "eu-west-1")
        assert kms.get_key_rotation_status(KeyId=identifier)["KeyRotationEnabled"] is True
        aliases = {alias["AliasName"] for alias in kms.list_aliases(KeyId=identifier)["Aliases"]}
        assert aliases == {security["kms_alias_names"][name]}
        policy = json.loads(kms.get_key_policy(KeyId=identifier, PolicyName="default")["Policy"])
        for statement in policy["Statement"]:
            assert statement["Principal"] not in ("*", {"AWS": "*"})


@pytest.mark.requirement("SEC-3")
def test_the_instance_role_has_no_wildcard_action(deployment: Deployment) -> None:
    security = deployment.outputs["security"]
    iam = deployment.client("iam")
    profile = iam.get_instance_profile(InstanceProfileName=security["instance_profile_name"])
    roles = profile["InstanceProfile"]["Roles"]
    assert [role["Arn"] for role in roles] == [security["application_role_arn"]]
    role = roles[0]["RoleName"]
    statements: list[dict[str, Any]] = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        statements += document["Statement"]
    assert len(statements) >= 4
    for statement in statements:
        actions = statement["Action"]
        assert all(
            "*" not in action for action in ([actions] if isinstance(actions, str) else actions)
        )
        if statement["Resource"] in ("*", ["*"]):
            assert statement["Condition"], statement


@pytest.mark.requirement("SEC-4")
def test_the_web_acl_limits_rates_and_logs(deployment: Deployment) -> None:
    security = deployment.outputs["security"]
    arn = security["web_acl_arn"]
    waf = deployment.client("wafv2")
    acl = waf.get_web_acl(Name=arn.split("/")[-2], Id=arn.split("/")[-1], Scope="REGIONAL")[
        "WebACL"
    ]
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    limits = [
        statement["RateBasedStatement"]["Limit"]
        for statement in rules.values()
        if "RateBasedStatement" in statement
    ]
    assert limits == [4000 if deployment.name == "prod" else 2000]
    managed = {
        statement["ManagedRuleGroupStatement"]["Name"]
        for statement in rules.values()
        if "ManagedRuleGroupStatement" in statement
    }
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= managed
    logging = waf.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
    assert security["waf_log_group_name"] in logging["LogDestinationConfigs"][0]
    assert security["waf_log_group_name"].startswith("aws-waf-logs-")


def managed_ids(deployment: Deployment) -> set[str]:
    """Return the ids of everything in the environment's state."""
    state = deployment.client("s3").get_object(
        Bucket=f"payments-terraform-state-{deployment.account_id}",
        Key=f"{deployment.name}/terraform.tfstate",
    )
    return {
        instance["attributes"]["id"]
        for resource in json.loads(state["Body"].read())["resources"]
        if resource["mode"] == "managed"
        for instance in resource["instances"]
    }


@pytest.mark.requirement("STK-8", "TAP-5")
@pytest.mark.last
def test_destroy_leaves_nothing_behind(deployment: Deployment) -> None:
    assert deployment.apply.returncode == 0
    name = re.compile(rf"payments-{deployment.name}\b")
    mine = managed_ids(deployment)

    def existing() -> list[Resource]:
        return [
            item
            for item in deployment.emulator.resources()
            if {item.id, re.split("[/:]", item.id)[-1]} & mine or name.search(item.id)
        ]

    assert len(existing()) > 100
    destroy = f"make destroy ENV={deployment.name}"
    if deployment.name == "prod":
        refused = deployment.project.run("destroy", "prod", expected=2)
        assert "prod is protected against deletion: " in refused.stderr
        assert "module.database.aws_db_instance.this" in refused.stderr
        assert "module.alb_bluegreen.aws_lb.this" in refused.stderr
        assert "TF_VAR_deletion_protection=false TAP_FAIL_ON=high tap apply prod" in refused.stderr
        assert len(existing()) > 100
        deployment.progress("prod: lifting the protection")
        # One plan for both of the commands that follow.
        deployment.project.run("plan", "prod", TF_VAR_deletion_protection="false")
        held = deployment.project.run(
            "apply", "prod", expected=3, TF_VAR_deletion_protection="false"
        )
        assert "RDS-04 medium" in held.stderr
        assert "LB-06 medium" in held.stderr
        lift, destroy, _ = commands("docs/guides/first-hour.md", "Destroy")
        lifted = deployment.project.shell(lift)
        assert " 0 to add, " in lifted.stdout
        assert " 0 to destroy." in lifted.stdout
    deployment.progress(f"{deployment.name}: destroying")
    deployment.project.shell(destroy)
    # prod leaves its final snapshot, and with it the option group that the snapshot holds.
    kept = {"DBSnapshot", "OptionGroup"} if deployment.name == "prod" else set()
    left = existing()
    assert {item.type for item in left} == kept, left
    snapshots = deployment.client("rds").describe_db_snapshots(SnapshotType="manual")
    final = [item["DBSnapshotIdentifier"] for item in snapshots["DBSnapshots"]]
    wanted = f"payments-{deployment.name}-final"
    assert any(name.startswith(wanted) for name in final) == (deployment.name == "prod")
    ec2 = deployment.client("ec2")
    here = [{"Name": "tag:Environment", "Values": [deployment.name]}]
    assert ec2.describe_vpcs(Filters=here)["Vpcs"] == []
    assert ec2.describe_subnets(Filters=here)["Subnets"] == []
    assert ec2.describe_addresses(Filters=here)["Addresses"] == []
    empty = deployment.project.run("output", deployment.name, "--output", "json")
    assert json.loads(empty.stdout) == {}


@pytest.mark.requirement("TAP-7")
def test_output_prints_a_tree_and_json(deployment: Deployment) -> None:
    assert deployment.outputs["stack"]["prefix"] == f"payments-{deployment.name}"
    tree = deployment.project.run("output", deployment.name).stdout
    assert "vpc\n" in tree
    assert f"  vpc_id = {deployment.outputs['vpc']['vpc_id']}\n" in tree
