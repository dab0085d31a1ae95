"""The module ``s3-replication``: the application's bucket, its replica, and what carries objects.

Which bucket a setting belongs to is unknown until apply;
``modules/s3-replication/tests/wiring.tftest.hcl`` asserts it with made-up ids.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

ACCOUNT_ID = "123456789012"
DATA_KEY = "arn:aws:kms:eu-west-1:123456789012:key/data"
REPLICA_KEY = "arn:aws:kms:eu-central-1:123456789012:key/replica"
BOUNDARY_ARN = "arn:aws:iam::123456789012:policy/payments-boundary"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
SMALLEST: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "kms_key_arn": DATA_KEY,
    "prefix": "payments-dev",
    "region": "eu-west-1",
    "tags": TAGS,
}
PRODUCTION: dict[str, Any] = {
    **SMALLEST,
    "access_log_retention_in_days": 400,
    "noncurrent_version_retention_in_days": 365,
    "permissions_boundary_arn": BOUNDARY_ARN,
    "prefix": "payments-prod",
    "replica": {"kms_key_arn": REPLICA_KEY, "region": "eu-central-1"},
}
# As in the stack, where both keys are made by the same apply; the longest prefix there can be.
PREVIEW: dict[str, Any] = {
    **SMALLEST,
    "force_destroy": True,
    "kms_key_arn": DATA_KEY + "${uuid()}",
    "partition": "aws-us-gov",
    "prefix": "payments-staging-with-a-suffix-pr4200",
    "region": "us-gov-west-1",
    "replica": {"kms_key_arn": REPLICA_KEY + "${uuid()}", "region": "us-gov-east-1"},
}
WRONG: dict[str, Any] = {
    "access_log_retention_in_days": 0,
    "account_id": "12345",
    "kms_key_arn": "alias/data",
    "noncurrent_version_retention_in_days": 1.5,
    "partition": "aws-cn",
    "permissions_boundary_arn": "boundary",
    "prefix": "Payments-with-a-name-too-long-for-buckets",
    "region": "nowhere",
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
}
BUCKETS = ("application", "logs", "replica[0]", "replica_logs[0]")
UNTAGGABLE_TYPES = {
    "aws_iam_role_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_replication_configuration",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}

Plan = Any


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("s3-replication", replica=True).plan(**SMALLEST)


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("s3-replication", replica=True).plan(**PRODUCTION)


@pytest.fixture(scope="module")
def preview(module_planner: Any) -> Plan:
    return module_planner("s3-replication", replica=True).plan(**PREVIEW)


@pytest.fixture(params=["smallest", "production", "preview"])
def each_plan(request: pytest.FixtureRequest) -> Plan:
    return request.getfixturevalue(request.param)


def resources(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = plan.modules["module.this"].resources
    return found


def values(plan: Plan, address: str) -> dict[str, Any]:
    """Return the planned values of one resource, ``type.name`` or ``type.name[index]``."""
    found: dict[str, Any] = resources(plan)[address]["values"]
    return found


def buckets(plan: Plan) -> list[str]:
    """Return the names, in the configuration, of the buckets that are planned."""
    return [bucket for bucket in BUCKETS if f"aws_s3_bucket.{bucket}" in resources(plan)]


def setting(plan: Plan, kind: str) -> dict[str, dict[str, Any]]:
    """Return the planned settings of one kind, by bucket."""
    return {
        bucket: values(plan, f"aws_s3_bucket_{kind}.{bucket}")
        for bucket in buckets(plan)
        if f"aws_s3_bucket_{kind}.{bucket}" in resources(plan)
    }


def by_sid(policy: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


def region_of(plan: Plan, address: str) -> str:
    """Return which provider of the root plans a resource: ``aws`` or ``aws.replica``."""
    call = plan["configuration"]["root_module"]["module_calls"]["this"]["module"]
    (found,) = (
        resource["provider_config_key"]
        for resource in call["resources"]
        if resource["address"] == address.partition("[")[0]
    )
    return str(found)


# Buckets


@pytest.mark.requirement("S3R-1")
def test_without_a_replica_there_is_one_bucket_and_its_log_bucket(smallest: Plan) -> None:
    assert {
        address: resource["values"]["bucket"]
        for address, resource in resources(smallest).items()
        if resource["type"] == "aws_s3_bucket"
    } == {
        "aws_s3_bucket.application": "payments-dev-application-123456789012",
        "aws_s3_bucket.logs": "payments-dev-bucket-logs-123456789012",
    }
    assert {resource["type"] for resource in resources(smallest).values()}.isdisjoint(
        {"aws_iam_role", "aws_s3_bucket_replication_configuration"}
    )


@pytest.mark.requirement("S3R-1", "STK-4")
def test_the_replica_and_its_logs_live_in_the_other_region(production: Plan) -> None:
    assert {
        address: (resource["values"]["bucket"], region_of(production, address))
        for address, resource in resources(production).items()
        if resource["type"] == "aws_s3_bucket"
    } == {
        "aws_s3_bucket.application": ("payments-prod-application-123456789012", "aws"),
        "aws_s3_bucket.logs": ("payments-prod-bucket-logs-123456789012", "aws"),
        "aws_s3_bucket.replica[0]": ("payments-prod-replica-123456789012", "aws.replica"),
        "aws_s3_bucket.replica_logs[0]": ("payments-prod-replica-logs-123456789012", "aws.replica"),
    }
    # The settings of a bucket are made where the bucket is.
    for address, resource in resources(production).items():
        if resource["type"].startswith("aws_s3_bucket_"):
            bucket = address.partition(".")[2]
            assert region_of(production, address) == region_of(
                production, f"aws_s3_bucket.{bucket}"
            ), address


@pytest.mark.requirement("S3R-1")
@pytest.mark.parametrize(
    "kind",
    [
        "lifecycle_configuration",
        "ownership_controls",
        "policy",
        "public_access_block",
        "server_side_encryption_configuration",
        "versioning",
    ],
)
def test_every_bucket_has_every_setting(each_plan: Plan, kind: str) -> None:
    assert list(setting(each_plan, kind)) == buckets(each_plan)


@pytest.mark.requirement("S3R-1")
def test_every_bucket_is_versioned_private_and_owned_by_the_account(each_plan: Plan) -> None:
    for bucket, found in setting(each_plan, "versioning").items():
        assert found["versioning_configuration"][0]["status"] == "Enabled", bucket
    for bucket, found in setting(each_plan, "public_access_block").items():
        assert (
            found["block_public_acls"],
            found["block_public_policy"],
            found["ignore_public_acls"],
            found["restrict_public_buckets"],
        ) == (True, True, True, True), bucket
    for bucket, found in setting(each_plan, "ownership_controls").items():
        assert found["rule"] == [{"object_ownership": "BucketOwnerEnforced"}], bucket


@pytest.mark.requirement("S3R-1")
def test_each_bucket_is_encrypted_with_the_key_of_its_region(production: Plan) -> None:
    found = {
        bucket: (
            settings["rule"][0]["apply_server_side_encryption_by_default"][0]["sse_algorithm"],
            settings["rule"][0]["apply_server_side_encryption_by_default"][0]["kms_master_key_id"],
            settings["rule"][0]["bucket_key_enabled"],
        )
        for bucket, settings in setting(production, "server_side_encryption_configuration").items()
    }
    assert {bucket: found[bucket] for bucket in ("application", "replica[0]")} == {
        "application": ("aws:kms", DATA_KEY, True),
        "replica[0]": ("aws:kms", REPLICA_KEY, True),
    }
    # Access logs cannot be delivered under a customer's key that does not admit the log service.
    assert {found[bucket][0] for bucket in ("logs", "replica_logs[0]")} == {"AES256"}


@pytest.mark.requirement("S3R-1")
def test_no_bucket_answers_without_tls(each_plan: Plan) -> None:
    for bucket, policy in setting(each_plan, "policy").items():
        name = values(each_plan, f"aws_s3_bucket.{bucket}")["bucket"]
        partition = "aws-us-gov" if name.startswith(PREVIEW["prefix"]) else "aws"
        arn = f"arn:{partition}:s3:::{name}"
        assert by_sid(policy["policy"])["DenyInsecureTransport"] == {
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }, bucket


@pytest.mark.requirement("S3R-1")
def test_policies_allow_nothing_but_the_delivery_of_access_logs(production: Plan) -> None:
    allowed = {
        bucket: statement
        for bucket, policy in setting(production, "policy").items()
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert allowed == {
        logs: {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::payments-prod-{name}-123456789012/*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::payments-prod-{source}-123456789012"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            },
        }
        for logs, name, source in (
            ("logs", "bucket-logs", "application"),
            ("replica_logs[0]", "replica-logs", "replica"),
        )
    }


@pytest.mark.requirement("S3R-1")
def test_application_and_replica_log_who_reads_them(production: Plan) -> None:
    assert {
        bucket: found["target_prefix"] for bucket, found in setting(production, "logging").items()
    } == {"application": "application/", "replica[0]": "replica/"}


@pytest.mark.requirement("S3R-1", "STK-2")
def test_old_versions_and_logs_go_after_the_days_given(smallest: Plan, production: Plan) -> None:
    def days(plan: Plan) -> dict[str, Any]:
        found = {}
        for bucket, lifecycle in setting(plan, "lifecycle_configuration").items():
            (rule,) = lifecycle["rule"]
            assert rule["status"] == "Enabled", bucket
            expiration = rule["expiration"][0]
            found[bucket] = (
                expiration["days"] or None,
                expiration["expired_object_delete_marker"] or None,
                rule["noncurrent_version_expiration"][0]["noncurrent_days"],
                rule["abort_incomplete_multipart_upload"][0]["days_after_initiation"],
            )
        return found

    assert days(smallest) == {"application": (None, True, 90, 7), "logs": (365, None, 30, 7)}
    assert days(production) == {
        "application": (None, True, 365, 7),
        "logs": (400, None, 30, 7),
        "replica[0]": (None, True, 365, 7),
        "replica_logs[0]": (400, None, 30, 7),
    }


@pytest.mark.requirement("S3R-1", "STK-8")
def test_full_buckets_are_destroyed_only_where_that_is_asked_for(
    production: Plan, preview: Plan
) -> None:
    for plan, expected in ((production, False), (preview, True)):
        assert {
            bucket: values(plan, f"aws_s3_bucket.{bucket}")["force_destroy"] for bucket in BUCKETS
        } == dict.fromkeys(BUCKETS, expected)


@pytest.mark.requirement("STK-6")
def test_the_longest_prefix_fits_the_names_of_buckets(preview: Plan) -> None:
    names = {values(preview, f"aws_s3_bucket.{bucket}")["bucket"] for bucket in BUCKETS}
    assert max(map(len, names)) == 63
    assert len(names) == len(BUCKETS)


# Replication


@pytest.mark.requirement("S3R-2")
def test_everything_is_replicated_within_a_quarter_of_an_hour(production: Plan) -> None:
    configuration = values(production, "aws_s3_bucket_replication_configuration.application[0]")
    (rule,) = configuration["rule"]
    assert (rule["id"], rule["priority"], rule["status"]) == ("everything", 1, "Enabled")
    assert [value for part in rule["filter"] for value in part.values() if value] == []
    assert rule["delete_marker_replication"] == [{"status": "Enabled"}]
    assert rule["source_selection_criteria"][0]["sse_kms_encrypted_objects"] == [
        {"status": "Enabled"}
    ]
    (destination,) = rule["destination"]
    assert destination["encryption_configuration"] == [{"replica_kms_key_id": REPLICA_KEY}]
    assert destination["metrics"] == [{"event_threshold": [{"minutes": 15}], "status": "Enabled"}]
    assert destination["replication_time"] == [{"status": "Enabled", "time": [{"minutes": 15}]}]
    assert destination["storage_class"] == "STANDARD"


@pytest.mark.requirement("S3R-2")
def test_only_s3_may_take_the_replication_role(production: Plan) -> None:
    role = values(production, "aws_iam_role.replication[0]")
    assert (role["name"], role["permissions_boundary"]) == (
        "payments-prod-replication",
        BOUNDARY_ARN,
    )
    assert json.loads(role["assume_role_policy"])["Statement"] == [
        {
            "Sid": "AssumeByReplication",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "s3.amazonaws.com"},
        }
    ]


@pytest.mark.requirement("S3R-2")
def test_the_role_reads_the_source_writes_the_replica_and_uses_a_key_on_each_side(
    production: Plan,
) -> None:
    source = "arn:aws:s3:::payments-prod-application-123456789012"
    replica = "arn:aws:s3:::payments-prod-replica-123456789012"
    policy = by_sid(values(production, "aws_iam_role_policy.replication[0]")["policy"])
    assert {
        sid: (statement["Action"], statement["Resource"], statement.get("Condition"))
        for sid, statement in policy.items()
    } == {
        "ReadConfiguration": (
            ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            source,
            None,
        ),
        "ReadVersions": (
            [
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            f"{source}/*",
            None,
        ),
        "WriteReplicas": (
            ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            f"{replica}/*",
            None,
        ),
        "DecryptVersions": (
            ["kms:Decrypt"],
            DATA_KEY,
            {
                "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [source, f"{source}/*"]},
            },
        ),
        "EncryptReplicas": (
            ["kms:Encrypt", "kms:GenerateDataKey"],
            REPLICA_KEY,
            {
                "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [replica, f"{replica}/*"]},
            },
        ),
    }
    assert {statement["Effect"] for statement in policy.values()} == {"Allow"}


@pytest.mark.requirement("S3R-2")
def test_keys_made_by_the_same_apply_are_planned(preview: Plan) -> None:
    assert "aws_s3_bucket_replication_configuration.application[0]" in resources(preview)
    assert "aws_iam_role_policy.replication[0]" in resources(preview)


# All of it


@pytest.mark.requirement("STK-5")
def test_everything_taggable_is_tagged_and_named(each_plan: Plan) -> None:
    for address, resource in resources(each_plan).items():
        if resource["type"] in UNTAGGABLE_TYPES:
            continue
        tags = resource["values"]["tags"]
        assert {key: tags[key] for key in TAGS} == TAGS, address
        assert tags["Name"].startswith("payments-"), address


@pytest.mark.requirement("STK-7")
def test_the_rule_is_known_by_its_id(smallest: Plan, production: Plan) -> None:
    assert production["output_changes"]["this"]["after"]["replication_rule_id"] == "everything"
    without = smallest["output_changes"]["this"]["after"]
    assert {name for name, value in without.items() if value is None} == {
        "replica_bucket_arn",
        "replica_bucket_name",
        "replica_log_bucket_name",
        "replication_role_arn",
        "replication_rule_id",
    }


# Refusals


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    text: str = module_planner("s3-replication", replica=True).refused(**WRONG)
    return text


@pytest.mark.requirement("STK-3")
@pytest.mark.parametrize(
    "message",
    [
        "access_log_retention_in_days must be a whole number of days from 1; got 0.",
        'account_id must be 12 digits; got "12345".',
        (
            "kms_key_arn must be the ARN of a KMS key and no alias, such as "
            'arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got "alias/data".'
        ),
        "noncurrent_version_retention_in_days must be a whole number of days from 1; got 1.5.",
        (
            "partition must be aws or aws-us-gov (service principals of other partitions have "
            'other names); got "aws-cn".'
        ),
        'arn:aws:iam::123456789012:policy/boundary, or null; got "boundary".',
        (
            "prefix must be 3 to 40 lower-case letters, digits and hyphens, starting with a letter "
            'and not ending with a hyphen; got "Payments-with-a-name-too-long-for-buckets".'
        ),
        (
            "prefix must have at most 37 characters, so that <prefix>-replica-logs-<account_id> "
            "fits the 63 of a bucket name; got 41: Payments-with-a-name-too-long-for-buckets."
        ),
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        "missing: CostCenter, ManagedBy.",
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal


@pytest.mark.requirement("S3R-2", "STK-3")
def test_a_malformed_replica_is_refused(module_planner: Any) -> None:
    refusal = module_planner("s3-replication", replica=True).refused(
        **SMALLEST | {"replica": {"kms_key_arn": "alias/replica", "region": "Frankfurt"}}
    )
    for message in (
        'replica.region must be the name of a region, such as eu-central-1; got "Frankfurt".',
        "replica.kms_key_arn must be the ARN of a KMS key and no alias, such as",
        (
            "replica.kms_key_arn must be a key of replica.region, because S3 accepts any key and "
            'then fails to replicate; got "alias/replica" for Frankfurt.'
        ),
    ):
        assert message in refusal


@pytest.mark.requirement("S3R-1", "STK-4")
def test_a_replica_in_the_same_region_is_refused(module_planner: Any) -> None:
    refusal = module_planner("s3-replication", replica=True).refused(
        **SMALLEST | {"replica": {"kms_key_arn": DATA_KEY, "region": "eu-west-1"}}
    )
    assert 'replica.region must differ from region; both are "eu-west-1".' in refusal
