"""The module ``security``: groups and rules, keys, instance role, web ACL.

Which group a rule names is unknown until apply; ``modules/security/tests/wiring.tftest.hcl``
asserts it with made-up ids, and so the one policy that names the data key.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

ACCOUNT_ID = "123456789012"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
UNTAGGABLE = {
    "aws_cloudwatch_log_resource_policy",
    "aws_iam_role_policy",
    "aws_kms_alias",
    "aws_wafv2_web_acl_logging_configuration",
}
SMALLEST: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "application": {"log_group_prefix": "/payments-dev/", "metric_namespace": "Payments"},
    "gateway_prefix_list_ids": {"dynamodb": "pl-dynamodb", "s3": "pl-s3"},
    "prefix": "payments-dev",
    "region": "eu-west-1",
    "tags": TAGS,
    "vpc_id": "vpc-0a1b2c3d",
}
BUCKET_ARN = "arn:aws:s3:::payments-prod-data"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:payments-prod-AbCdEf"
BOUNDARY_ARN = "arn:aws:iam::123456789012:policy/payments-boundary"
PRODUCTION: dict[str, Any] = {
    **SMALLEST,
    "application": {
        "bucket": {"arn": BUCKET_ARN, "prefix": "uploads/"},
        "database": {"resource_id": "db-ABCDEFGH", "user": "payments"},
        "log_group_prefix": "/payments-prod/",
        "metric_namespace": "Payments",
        "secret": {"arn": SECRET_ARN},
    },
    "application_egress": {
        "card_processor": {"cidr_block": "192.0.2.0/24"},
        "ledger": {"cidr_block": "203.0.113.7/32", "port": 8443},
    },
    "keys": {"deletion_window_in_days": 14, "rotation_period_in_days": 180},
    "log_retention_in_days": 400,
    "permissions_boundary_arn": BOUNDARY_ARN,
    "prefix": "payments-prod",
    "replica": {"region": "eu-central-1"},
    "web_acl": {"blocked_countries": ["KP", "CU"], "rate_limit": 5000},
}
BASTION: dict[str, Any] = {
    **SMALLEST,
    "bastion_cidr_blocks": ["198.51.100.0/24", "10.20.0.0/16"],
    "prefix": "payments-staging",
}
GOVERNMENT: dict[str, Any] = {
    **SMALLEST,
    "application": {
        "database": {"resource_id": "db-ABCDEFGH", "user": "payments"},
        "log_group_prefix": "/payments-gov/",
        "metric_namespace": "Payments",
    },
    "partition": "aws-us-gov",
    "ports": {"application": 9443, "database": 5432},
    "prefix": "payments-gov",
    "region": "us-gov-west-1",
}
WRONG: dict[str, Any] = {
    "account_id": "12345",
    "application": {
        "bucket": {"arn": BUCKET_ARN, "prefix": "/uploads"},
        "database": {"resource_id": "db-ABCDEFGH", "user": "*"},
        "log_group_prefix": "payments",
        "metric_namespace": "AWS/EC2",
    },
    "application_egress": {
        "Processor": {"cidr_block": "192.0.2.0/24"},
        "host_bits": {"cidr_block": "192.0.2.1/24"},
        "port": {"cidr_block": "192.0.2.0/24", "port": 70000},
        "world": {"cidr_block": "0.0.0.0/0", "port": 25},
    },
    "bastion_cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/24", "198.51.100.0/24"],
    "gateway_prefix_list_ids": {"dynamodb": "pl-1", "s3": "pl-2"},
    "keys": {"deletion_window_in_days": 3, "rotation_period_in_days": 30},
    "log_retention_in_days": 42,
    "partition": "aws-cn",
    "permissions_boundary_arn": "boundary",
    "ports": {"application": 80, "database": 3306},
    "prefix": "Payments-with-a-name-that-is-far-too-long-for-a-role",
    "region": "nowhere",
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
    "vpc_id": "10.0.0.0/16",
    "web_acl": {"blocked_countries": ["KP", "korea"], "rate_limit": 10},
}
UNKNOWN = "(known after apply)"
KEY_USE = {
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}

Plan = Any


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("security", replica=True).plan(**SMALLEST)


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("security", replica=True).plan(**PRODUCTION)


@pytest.fixture(scope="module")
def bastion(module_planner: Any) -> Plan:
    return module_planner("security", replica=True).plan(**BASTION)


@pytest.fixture(scope="module")
def government(module_planner: Any) -> Plan:
    return module_planner("security", replica=True).plan(**GOVERNMENT)


@pytest.fixture(params=["smallest", "production", "bastion", "government"])
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


def rules(plan: Plan, direction: str) -> dict[str, dict[str, Any]]:
    return instances(plan, f"aws_vpc_security_group_{direction}_rule.this")


def planned_outputs(plan: Plan) -> dict[str, Any]:
    """Return the module's outputs, with ``UNKNOWN`` for what only apply can tell."""
    change = plan["output_changes"]["this"]

    def merged(after: Any, unknown: Any) -> Any:
        if unknown is True:
            return UNKNOWN
        if isinstance(unknown, dict):
            known = after or {}
            return {
                key: merged(known.get(key), unknown.get(key, False)) for key in {*known, *unknown}
            }
        return after

    outputs: dict[str, Any] = merged(change["after"], change["after_unknown"])
    return outputs


def statements(policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def by_sid(policy: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in statements(policy)}


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def key_policies(plan: Plan) -> dict[str, str]:
    """Return the policies of all planned keys: data, logs and, where planned, replica."""
    policies = {name: key["policy"] for name, key in instances(plan, "aws_kms_key.this").items()}
    for key in instances(plan, "aws_kms_key.replica").values():
        policies["replica"] = key["policy"]
    return policies


def role_policies(plan: Plan) -> dict[str, str]:
    """Return the policies of the instance role that are known before apply, by concern."""
    policies = instances(plan, "aws_iam_role_policy.application")
    return {name: policy["policy"] for name, policy in policies.items() if "policy" in policy}


# Security groups


@pytest.mark.requirement("SEC-1")
def test_without_networks_there_is_no_bastion_group(smallest: Plan) -> None:
    names = {
        key: group["name"] for key, group in instances(smallest, "aws_security_group.this").items()
    }
    assert names == {
        "application": "payments-dev-application",
        "database": "payments-dev-database",
        "endpoints": "payments-dev-endpoints",
        "load_balancer": "payments-dev-load-balancer",
    }


@pytest.mark.requirement("SEC-1")
def test_named_networks_bring_a_bastion_group(bastion: Plan) -> None:
    groups = instances(bastion, "aws_security_group.this")
    assert groups["bastion"]["name"] == "payments-staging-bastion"
    assert {group["vpc_id"] for group in groups.values()} == {"vpc-0a1b2c3d"}
    assert all(group["revoke_rules_on_delete"] for group in groups.values())


@pytest.mark.requirement("SEC-1")
def test_ingress_without_bastion_is_exactly_this(smallest: Plan) -> None:
    found = {
        name: (rule["from_port"], rule["to_port"], rule["ip_protocol"], rule["cidr_ipv4"])
        for name, rule in rules(smallest, "ingress").items()
    }
    assert found == {
        "application_from_load_balancer": (8080, 8080, "tcp", None),
        "database_from_application": (3306, 3306, "tcp", None),
        "endpoints_from_application": (443, 443, "tcp", None),
        "load_balancer_from_internet_http": (80, 80, "tcp", "0.0.0.0/0"),
        "load_balancer_from_internet_https": (443, 443, "tcp", "0.0.0.0/0"),
    }


@pytest.mark.requirement("SEC-1")
def test_egress_without_bastion_is_exactly_this(smallest: Plan) -> None:
    found = {
        name: (rule["from_port"], rule["to_port"], rule["ip_protocol"], rule["prefix_list_id"])
        for name, rule in rules(smallest, "egress").items()
    }
    assert found == {
        "application_to_database": (3306, 3306, "tcp", None),
        "application_to_dynamodb": (443, 443, "tcp", "pl-dynamodb"),
        "application_to_endpoints": (443, 443, "tcp", None),
        "application_to_s3": (443, 443, "tcp", "pl-s3"),
        "load_balancer_to_application": (8080, 8080, "tcp", None),
    }
    assert {rule["cidr_ipv4"] for rule in rules(smallest, "egress").values()} == {None}


@pytest.mark.requirement("SEC-1")
def test_a_bastion_adds_only_its_own_rules(smallest: Plan, bastion: Plan) -> None:
    ingress = rules(bastion, "ingress")
    egress = rules(bastion, "egress")
    added = {
        name: (rule["from_port"], rule["to_port"], rule["cidr_ipv4"])
        for name, rule in ingress.items()
        if name not in rules(smallest, "ingress")
    }
    assert added == {
        "bastion_from_10.20.0.0/16": (22, 22, "10.20.0.0/16"),
        "bastion_from_198.51.100.0/24": (22, 22, "198.51.100.0/24"),
        "database_from_bastion": (3306, 3306, None),
        "endpoints_from_bastion": (443, 443, None),
    }
    assert {
        name: (rule["from_port"], rule["to_port"], rule["prefix_list_id"])
        for name, rule in egress.items()
        if name not in rules(smallest, "egress")
    } == {
        "bastion_to_database": (3306, 3306, None),
        "bastion_to_endpoints": (443, 443, None),
        "bastion_to_s3": (443, 443, "pl-s3"),
    }


@pytest.mark.requirement("SEC-1")
def test_a_destination_outside_is_reached_on_its_port_only(production: Plan) -> None:
    outside = {
        name: (rule["cidr_ipv4"], rule["from_port"], rule["to_port"])
        for name, rule in rules(production, "egress").items()
        if rule["cidr_ipv4"] is not None
    }
    assert outside == {
        "application_to_destination_card_processor": ("192.0.2.0/24", 443, 443),
        "application_to_destination_ledger": ("203.0.113.7/32", 8443, 8443),
    }


@pytest.mark.requirement("SEC-1")
def test_other_ports_reach_both_ends_of_every_connection(government: Plan) -> None:
    ports = {
        name: rule["from_port"]
        for direction in ("ingress", "egress")
        for name, rule in rules(government, direction).items()
        if rule["from_port"] == rule["to_port"]
    }
    assert ports["application_from_load_balancer"] == 9443
    assert ports["load_balancer_to_application"] == 9443
    assert ports["database_from_application"] == 5432
    assert ports["application_to_database"] == 5432


@pytest.mark.requirement("SEC-1")
def test_no_rule_opens_all_ports_or_all_protocols(each_plan: Plan) -> None:
    for rule in [*rules(each_plan, "ingress").values(), *rules(each_plan, "egress").values()]:
        assert rule["ip_protocol"] == "tcp"
        assert rule["from_port"] == rule["to_port"] >= 22
        assert rule["cidr_ipv6"] is None


@pytest.mark.requirement("SEC-1")
def test_only_the_load_balancer_is_open_to_the_internet(each_plan: Plan) -> None:
    open_rules = {
        name
        for name, rule in rules(each_plan, "ingress").items()
        if rule["cidr_ipv4"] == "0.0.0.0/0"
    }
    assert open_rules == {
        "load_balancer_from_internet_http",
        "load_balancer_from_internet_https",
    }
    assert "0.0.0.0/0" not in {rule["cidr_ipv4"] for rule in rules(each_plan, "egress").values()}


@pytest.mark.requirement("SEC-1")
def test_database_and_endpoints_open_no_connection(each_plan: Plan) -> None:
    openers = {re.sub("_to_.*", "", name) for name in rules(each_plan, "egress")}
    assert openers <= {"application", "bastion", "load_balancer"}
    assert {"application", "load_balancer"} <= openers


@pytest.mark.requirement("SEC-1")
def test_groups_and_rules_have_descriptions_ec2_accepts(each_plan: Plan) -> None:
    described = [
        *instances(each_plan, "aws_security_group.this").values(),
        *rules(each_plan, "ingress").values(),
        *rules(each_plan, "egress").values(),
    ]
    for thing in described:
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
        assert re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{10,255}", thing["description"])


# Keys


@pytest.mark.requirement("SEC-2")
def test_keys_rotate_and_can_be_recovered(smallest: Plan, production: Plan) -> None:
    for plan, days, window in ((smallest, 365, 30), (production, 180, 14)):
        keys = instances(plan, "aws_kms_key.this") | instances(plan, "aws_kms_key.replica")
        assert {"data", "logs"} <= set(keys)
        for key in keys.values():
            assert key["enable_key_rotation"] is True
            assert key["rotation_period_in_days"] == days
            assert key["deletion_window_in_days"] == window


@pytest.mark.requirement("SEC-2")
def test_every_key_has_an_alias_and_only_some_stacks_a_replica_key(
    smallest: Plan, production: Plan
) -> None:
    assert planned_outputs(smallest)["kms_alias_names"] == {
        "data": "alias/payments-dev-data",
        "logs": "alias/payments-dev-logs",
    }
    assert planned_outputs(production)["kms_alias_names"] == {
        "data": "alias/payments-prod-data",
        "logs": "alias/payments-prod-logs",
        "replica": "alias/payments-prod-replica",
    }


@pytest.mark.requirement("SEC-2")
def test_no_key_policy_names_a_wildcard_principal_or_action(each_plan: Plan) -> None:
    for policy in key_policies(each_plan).values():
        for statement in statements(policy):
            principals = [
                principal for kind in statement["Principal"].values() for principal in as_list(kind)
            ]
            assert "*" not in "".join([*principals, *as_list(statement["Action"])])
            assert statement["Effect"] == "Allow"


@pytest.mark.requirement("SEC-2")
def test_administrators_cannot_use_a_key_directly(each_plan: Plan) -> None:
    for policy in key_policies(each_plan).values():
        administration = by_sid(policy)["AdministerByIam"]
        actions = set(administration["Action"])
        assert actions & (KEY_USE - {"kms:DescribeKey"} | {"kms:CreateGrant"}) == set()
        assert {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= actions
        direct = [
            statement["Sid"]
            for statement in statements(policy)
            if set(statement["Action"]) & KEY_USE - {"kms:DescribeKey"}
            and "Condition" not in statement
        ]
        assert direct in ([], ["EncryptVolumesOfAutoScaling"])


@pytest.mark.requirement("SEC-2")
@pytest.mark.parametrize(
    ("key", "services"),
    [
        ("data", ["ec2", "lambda", "rds", "s3", "secretsmanager"]),
        ("logs", ["lambda", "sns", "sqs"]),
        ("replica", ["s3"]),
    ],
)
def test_a_key_is_used_through_its_services_only(
    production: Plan, key: str, services: list[str]
) -> None:
    region = "eu-central-1" if key == "replica" else "eu-west-1"
    by_services = {
        "kms:CallerAccount": ACCOUNT_ID,
        "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in services],
    }
    policy = by_sid(key_policies(production)[key])
    assert policy["UseThroughServices"]["Condition"] == {"StringEquals": by_services}
    assert set(policy["UseThroughServices"]["Action"]) == KEY_USE
    assert policy["GrantToServices"]["Action"] == ["kms:CreateGrant"]
    assert policy["GrantToServices"]["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringEquals": by_services,
    }


@pytest.mark.requirement("SEC-2")
def test_auto_scaling_encrypts_volumes_by_a_role_the_stack_makes(production: Plan) -> None:
    role = values(production, "aws_iam_service_linked_role.autoscaling")
    assert role["aws_service_name"] == "autoscaling.amazonaws.com"
    assert role["custom_suffix"] == "payments-prod"
    policy = by_sid(key_policies(production)["data"])
    principal = {
        "AWS": "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/"
        "AWSServiceRoleForAutoScaling_payments-prod"
    }
    assert policy["EncryptVolumesOfAutoScaling"]["Principal"] == principal
    assert set(policy["EncryptVolumesOfAutoScaling"]["Action"]) == KEY_USE
    assert policy["GrantVolumesOfAutoScaling"]["Principal"] == principal
    assert policy["GrantVolumesOfAutoScaling"]["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"}
    }
    for other in ("logs", "replica"):
        assert "AWSServiceRoleForAutoScaling" not in key_policies(production)[other]


@pytest.mark.requirement("SEC-2")
def test_log_groups_and_topics_use_the_logs_key_of_their_account(production: Plan) -> None:
    policy = by_sid(key_policies(production)["logs"])
    assert policy["EncryptLogGroups"]["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert policy["EncryptLogGroups"]["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*"
        }
    }
    assert policy["PublishToEncryptedTopics"]["Principal"] == {
        "Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com", "sns.amazonaws.com"]
    }
    assert policy["PublishToEncryptedTopics"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID}
    }


@pytest.mark.requirement("SEC-2", "SEC-3")
def test_policies_of_another_partition_name_only_its_arns(government: Plan) -> None:
    for policy in [*key_policies(government).values(), *role_policies(government).values()]:
        assert "arn:aws:" not in policy
    assert by_sid(key_policies(government)["logs"])["EncryptLogGroups"]["Principal"] == {
        "Service": "logs.us-gov-west-1.amazonaws.com"
    }
    assert by_sid(role_policies(government)["database"])["ConnectAsOneUser"]["Resource"] == (
        "arn:aws-us-gov:rds-db:us-gov-west-1:123456789012:dbuser:db-ABCDEFGH/payments"
    )


# Instance role


@pytest.mark.requirement("SEC-3")
def test_only_ec2_takes_the_instance_role(production: Plan) -> None:
    role = values(production, "aws_iam_role.application")
    assert role["name"] == "payments-prod-application"
    assert role["permissions_boundary"] == BOUNDARY_ARN
    assert statements(role["assume_role_policy"]) == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Sid": "AssumeByInstances",
        }
    ]
    profile = values(production, "aws_iam_instance_profile.application")
    assert (profile["name"], profile["role"]) == (role["name"], role["name"])


@pytest.mark.requirement("SEC-3")
def test_the_boundary_is_optional(smallest: Plan) -> None:
    assert values(smallest, "aws_iam_role.application")["permissions_boundary"] is None


@pytest.mark.requirement("SEC-3")
def test_access_comes_only_with_its_object(smallest: Plan, production: Plan) -> None:
    always = {"logs", "metrics", "sessions", "traces"}
    assert set(instances(smallest, "aws_iam_role_policy.application")) == always
    assert set(instances(production, "aws_iam_role_policy.application")) == always | {
        "bucket",
        "database",
        "key",
        "secret",
    }


@pytest.mark.requirement("SEC-3")
def test_access_may_name_what_does_not_exist_yet(module_planner: Any) -> None:
    unknown = "${timestamp()}"
    plan = module_planner("security", replica=True).plan(
        **{
            **SMALLEST,
            "application": {
                **SMALLEST["application"],
                "bucket": {"arn": f"arn:aws:s3:::{unknown}", "prefix": "uploads/"},
                "database": {"resource_id": unknown, "user": "payments"},
                "secret": {"arn": f"arn:aws:secretsmanager:{unknown}"},
            },
            "gateway_prefix_list_ids": {"dynamodb": unknown, "s3": unknown},
            "vpc_id": unknown,
        }
    )
    policies = instances(plan, "aws_iam_role_policy.application")
    assert {name for name, policy in policies.items() if "policy" not in policy} == {
        "bucket",
        "database",
        "key",
        "secret",
    }
    assert len(rules(plan, "egress")) == 5


@pytest.mark.requirement("SEC-3")
def test_no_permission_is_a_wildcard(each_plan: Plan) -> None:
    policies = role_policies(each_plan)
    assert len(policies) >= 4
    for policy in policies.values():
        for statement in statements(policy):
            assert statement["Sid"]
            assert statement["Effect"] == "Allow"
            assert "*" not in "".join(as_list(statement["Action"]))
            if "*" in as_list(statement["Resource"]):
                assert statement["Condition"], statement["Sid"]


FROM_INSTANCES = {
    "ArnLike": {"ec2:SourceInstanceARN": "arn:aws:ec2:eu-west-1:123456789012:instance/*"}
}


@pytest.mark.requirement("SEC-3")
@pytest.mark.parametrize(
    ("concern", "expected"),
    [
        (
            "bucket",
            {
                "UseObjectsOfOwnPrefix": {
                    "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                    "Resource": f"{BUCKET_ARN}/uploads/*",
                },
                "ListOwnPrefix": {
                    "Action": ["s3:ListBucket"],
                    "Resource": BUCKET_ARN,
                    "Condition": {"StringLike": {"s3:prefix": "uploads/*"}},
                },
            },
        ),
        (
            "database",
            {
                "ConnectAsOneUser": {
                    "Action": ["rds-db:connect"],
                    "Resource": "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ABCDEFGH/payments",
                }
            },
        ),
        (
            "logs",
            {
                "WriteOwnLogs": {
                    "Action": [
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/payments-prod/*",
                }
            },
        ),
        (
            "metrics",
            {
                "WriteOwnMetrics": {
                    "Action": ["cloudwatch:PutMetricData"],
                    "Resource": "*",
                    "Condition": {"StringEquals": {"cloudwatch:namespace": "Payments"}},
                }
            },
        ),
        (
            "secret",
            {
                "ReadOneSecret": {
                    "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                    "Resource": SECRET_ARN,
                }
            },
        ),
        (
            "sessions",
            {
                "OpenSessions": {
                    "Action": [
                        "ec2messages:AcknowledgeMessage",
                        "ec2messages:DeleteMessage",
                        "ec2messages:FailMessage",
                        "ec2messages:GetEndpoint",
                        "ec2messages:GetMessages",
                        "ec2messages:SendReply",
                        "ssm:UpdateInstanceInformation",
                        "ssmmessages:CreateControlChannel",
                        "ssmmessages:CreateDataChannel",
                        "ssmmessages:OpenControlChannel",
                        "ssmmessages:OpenDataChannel",
                    ],
                    "Resource": "*",
                    "Condition": FROM_INSTANCES,
                }
            },
        ),
        (
            "traces",
            {
                "WriteTraces": {
                    "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
                    "Resource": "*",
                    "Condition": FROM_INSTANCES,
                }
            },
        ),
    ],
)
def test_a_concern_is_permitted_exactly_this(
    production: Plan, concern: str, expected: dict[str, dict[str, Any]]
) -> None:
    permitted = by_sid(role_policies(production)[concern])
    assert permitted == {
        sid: {"Effect": "Allow", "Sid": sid, **statement} for sid, statement in expected.items()
    }


# Web ACL


def acl_rules(plan: Plan) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in values(plan, "aws_wafv2_web_acl.this")["rule"]}


@pytest.mark.requirement("SEC-4")
def test_managed_groups_block_and_log4j_is_among_them(each_plan: Plan) -> None:
    managed = {
        name: rule for name, rule in acl_rules(each_plan).items() if name.startswith("AWSManaged")
    }
    assert set(managed) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesAnonymousIpList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }
    counted = {}
    for name, rule in managed.items():
        (group,) = rule["statement"][0]["managed_rule_group_statement"]
        assert (group["name"], group["vendor_name"]) == (name, "AWS")
        assert (len(rule["override_action"][0]["none"]), rule["override_action"][0]["count"]) == (
            1,
            [],
        )
        if group["rule_action_override"]:
            counted[name] = [override["name"] for override in group["rule_action_override"]]
    assert counted == {"AWSManagedRulesAnonymousIpList": ["HostingProviderIPList"]}


@pytest.mark.requirement("SEC-4")
@pytest.mark.parametrize(("configuration", "limit"), [("smallest", 2000), ("production", 5000)])
def test_an_address_over_the_rate_limit_is_blocked(
    request: pytest.FixtureRequest, configuration: str, limit: int
) -> None:
    rule = acl_rules(request.getfixturevalue(configuration))["rate-limit"]
    (statement,) = rule["statement"][0]["rate_based_statement"]
    assert (statement["limit"], statement["evaluation_window_sec"]) == (limit, 300)
    assert statement["aggregate_key_type"] == "IP"
    assert len(rule["action"][0]["block"]) == 1
    assert rule["priority"] == 0


@pytest.mark.requirement("SEC-4")
def test_countries_are_blocked_only_where_named(smallest: Plan, production: Plan) -> None:
    assert "blocked-countries" not in acl_rules(smallest)
    rule = acl_rules(production)["blocked-countries"]
    assert sorted(rule["statement"][0]["geo_match_statement"][0]["country_codes"]) == ["CU", "KP"]
    assert len(rule["action"][0]["block"]) == 1


@pytest.mark.requirement("SEC-4")
def test_every_rule_is_measured_and_has_its_own_priority(each_plan: Plan) -> None:
    acl = values(each_plan, "aws_wafv2_web_acl.this")
    assert acl["scope"] == "REGIONAL"
    priorities = [rule["priority"] for rule in acl["rule"]]
    assert len(set(priorities)) == len(priorities)
    visibility = [acl["visibility_config"][0]]
    visibility += [rule["visibility_config"][0] for rule in acl["rule"]]
    assert all(config["cloudwatch_metrics_enabled"] for config in visibility)
    assert all(config["sampled_requests_enabled"] for config in visibility)
    assert len({config["metric_name"] for config in visibility}) == len(visibility)


@pytest.mark.requirement("SEC-4")
def test_requests_are_logged_without_credentials(smallest: Plan, production: Plan) -> None:
    logging = values(production, "aws_wafv2_web_acl_logging_configuration.this")
    assert sorted(field["single_header"][0]["name"] for field in logging["redacted_fields"]) == [
        "authorization",
        "cookie",
    ]
    for plan, name, days in (
        (smallest, "aws-waf-logs-payments-dev", 365),
        (production, "aws-waf-logs-payments-prod", 400),
    ):
        group = values(plan, "aws_cloudwatch_log_group.waf")
        assert (group["name"], group["retention_in_days"]) == (name, days)


@pytest.mark.requirement("SEC-4")
def test_log_delivery_may_write_to_that_log_group_only(production: Plan) -> None:
    policy = values(production, "aws_cloudwatch_log_resource_policy.waf")["policy_document"]
    (statement,) = statements(policy)
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == (
        "arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-payments-prod:*"
    )
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT_ID}


# All of them


@pytest.mark.requirement("STK-5")
def test_every_taggable_resource_has_all_tags_and_a_name(each_plan: Plan) -> None:
    tagged = 0
    for address, resource in each_plan.modules["module.this"].resources.items():
        if resource["type"] in UNTAGGABLE:
            assert "tags" not in resource["values"], address
            continue
        tags = resource["values"]["tags"]
        assert {key: tags[key] for key in TAGS} == TAGS, address
        assert tags["Name"], address
        tagged += 1
    assert tagged >= 20


@pytest.mark.requirement("STK-7")
def test_outputs_name_what_other_modules_need(production: Plan) -> None:
    assert {
        name: sorted(value) if isinstance(value, dict) else value
        for name, value in planned_outputs(production).items()
    } == {
        "application_role_arn": UNKNOWN,
        "application_role_name": "payments-prod-application",
        "autoscaling_role_arn": UNKNOWN,
        "instance_profile_arn": UNKNOWN,
        "instance_profile_name": "payments-prod-application",
        "kms_alias_arns": ["data", "logs", "replica"],
        "kms_alias_names": ["data", "logs", "replica"],
        "kms_key_arns": ["data", "logs", "replica"],
        "kms_key_ids": ["data", "logs", "replica"],
        "security_group_arns": ["application", "database", "endpoints", "load_balancer"],
        "security_group_ids": ["application", "database", "endpoints", "load_balancer"],
        "waf_log_group_arn": UNKNOWN,
        "waf_log_group_name": "aws-waf-logs-payments-prod",
        "web_acl_arn": UNKNOWN,
        "web_acl_id": UNKNOWN,
        "web_acl_name": "payments-prod-web-acl",
    }


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    """Return the errors of plans that break every rule for inputs.

    The rules of ``replica`` look at ``region`` too and are not asked while that one is wrong.
    """
    planner = module_planner("security", replica=True)
    return " ".join(
        [
            planner.refused(**WRONG),
            planner.refused(**{**SMALLEST, "replica": {"region": "Frankfurt"}}),
            planner.refused(**{**SMALLEST, "replica": {"region": "eu-west-1"}}),
        ]
    )


@pytest.mark.requirement("STK-3", "SEC-1", "SEC-2", "SEC-3", "SEC-4")
@pytest.mark.parametrize(
    "message",
    [
        'account_id must be 12 digits; got "12345".',
        (
            'only letters, digits and _ . # - between slashes, such as "/payments-prod/"; '
            'got "payments".'
        ),
        'must not start with "AWS/", which belongs to AWS; got "AWS/EC2".',
        'must hold no wildcard, such as "uploads/"; got "/uploads".',
        'one MySQL user of 1 to 32 letters, digits and underscores; got "*".',
        (
            "application_egress keys must be lower-case letters, digits and underscores, starting "
            "with a letter; got: Processor."
        ),
        "without host bits, such as 192.0.2.0/24; got: host_bits=192.0.2.1/24.",
        "application_egress port must be a whole number from 1 to 65535; got: port=70000.",
        "application_egress to 0.0.0.0/0 is allowed on port 443 only; got: world=25.",
        (
            "bastion_cidr_blocks must hold IPv4 networks without host bits, such as 192.0.2.0/24; "
            "got: 10.1.2.3/24."
        ),
        "bastion_cidr_blocks must hold no network wider than /16; got: 0.0.0.0/0, 10.0.0.0/8.",
        "keys.deletion_window_in_days must be 7 to 30; got 3.",
        "keys.rotation_period_in_days must be 90 to 2560; got 30.",
        "3288 or 3653; got 42.",
        (
            "partition must be aws or aws-us-gov (service principals of other partitions have "
            'other names); got "aws-cn".'
        ),
        (
            "permissions_boundary_arn must be the ARN of an IAM policy, such as "
            'arn:aws:iam::123456789012:policy/boundary, or null; got "boundary".'
        ),
        "ports must be whole numbers from 1024 to 65535; got: application=80.",
        (
            "prefix must be 3 to 40 lower-case letters, digits and hyphens, starting with a letter "
            "and not ending with a hyphen; got "
            '"Payments-with-a-name-that-is-far-too-long-for-a-role".'
        ),
        (
            "prefix must have at most 35 characters, so that the role "
            "AWSServiceRoleForAutoScaling_<prefix> fits the 64 of IAM; got 52: Payments-with"
        ),
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        'replica.region must be the name of a region, such as eu-central-1; got "Frankfurt".',
        'replica.region must differ from region; both are "eu-west-1".',
        (
            "tags must have the keys CostCenter, Environment, ManagedBy, Owner and Project; "
            "missing: CostCenter, ManagedBy."
        ),
        'vpc_id must be the id of a VPC, such as vpc-0a1b2c3d; got "10.0.0.0/16".',
        (
            "web_acl.blocked_countries must hold two-letter country codes in capitals (ISO 3166-1 "
            "alpha-2), such as KP; got: korea."
        ),
        "web_acl.rate_limit must be 100 to 2000000000 requests in five minutes; got 10.",
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal
