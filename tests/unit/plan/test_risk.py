"""What a change takes along that no apply brings back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.plan import Plan, Risk, Summary, risk_of, summarize
from tap.plan.risk import STATEFUL

pytestmark = pytest.mark.requirement("TAP-3", "TAP-5")


def plan_of(*changes: dict[str, Any]) -> Plan:
    document = {
        "format_version": "1.2",
        "planned_values": {},
        "configuration": {},
        "resource_changes": [{"mode": "managed", "name": "x", **change} for change in changes],
    }
    return Plan.decode(json.dumps(document).encode())


def risk(kind: str, *actions: str, **change: Any) -> Risk | None:
    resource = {
        "address": f"{kind}.x",
        "type": kind,
        "mode": change.pop("mode", "managed"),
        "change": {"actions": list(actions), **change},
    }
    return risk_of(plan_of(resource).resource_changes[0])


def test_every_kind_of_data_has_a_name_and_a_loss() -> None:
    kinds = {name for name, _ in STATEFUL.values()}
    assert {"database", "table", "bucket", "key", "secret", "hosted zone", "log group"} <= kinds
    assert {
        "aws_db_instance",
        "aws_s3_bucket",
        "aws_kms_key",
        "aws_route53_zone",
    } <= STATEFUL.keys()
    assert all(consequence for _, consequence in STATEFUL.values())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("aws_db_instance", "database: data is lost unless a snapshot exists"),
        ("aws_s3_bucket", "bucket: all objects in it are lost, with every version"),
        (
            "aws_kms_key",
            "key: nothing encrypted with it can be read again after the waiting period",
        ),
        ("aws_cloudwatch_log_group", "log group: its events are lost"),
        ("aws_secretsmanager_secret", "secret: its value and earlier versions are lost"),
    ],
)
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_what_ends_with_its_data_says_what_is_lost(
    kind: str, text: str, actions: list[str]
) -> None:
    found = risk(kind, *actions, before={})
    assert found is not None
    assert (str(found), found.stateful) == (text, True)


@pytest.mark.parametrize(
    "actions", [["create"], ["update"], ["no-op"], ["forget"], ["create", "forget"]]
)
def test_what_stays_or_begins_loses_nothing(actions: list[str]) -> None:
    assert risk("aws_db_instance", *actions, before={}, after={}) is None


def test_a_resource_without_data_and_a_data_source_lose_nothing() -> None:
    assert risk("aws_security_group", "delete", before={}) is None
    assert risk("aws_db_instance", "delete", mode="data", before={}) is None


@pytest.mark.parametrize(
    ("kind", "before", "text"),
    [
        (
            "aws_db_instance",
            {"skip_final_snapshot": False},
            "database: all data that the final snapshot does not hold is lost",
        ),
        (
            "aws_db_instance",
            {"skip_final_snapshot": True},
            "database: data is lost unless a snapshot exists",
        ),
        (
            "aws_s3_bucket",
            {"force_destroy": False},
            "bucket: its name can be taken by others; AWS refuses while it holds objects",
        ),
        (
            "aws_s3_bucket",
            {"force_destroy": True},
            "bucket: all objects in it are lost, with every version",
        ),
        ("aws_db_instance", {"replicate_source_db": "payments"}, "None"),
        ("aws_cloudwatch_log_group", {"skip_destroy": True}, "None"),
    ],
)
def test_arguments_that_keep_or_end_the_data_are_heeded(
    kind: str, before: dict[str, Any], text: str
) -> None:
    assert str(risk(kind, "delete", before=before)) == text


@pytest.mark.parametrize(
    ("kind", "before", "after", "text"),
    [
        (
            "aws_cloudwatch_log_group",
            {"retention_in_days": 365},
            {"retention_in_days": 7},
            "log group: events older than the new retention are lost",
        ),
        (
            "aws_cloudwatch_log_group",
            {"retention_in_days": 0},
            {"retention_in_days": 7},
            "log group: events older than the new retention are lost",
        ),
        ("aws_cloudwatch_log_group", {"retention_in_days": 7}, {"retention_in_days": 0}, "None"),
        ("aws_cloudwatch_log_group", {"retention_in_days": 7}, {"retention_in_days": 30}, "None"),
        ("aws_cloudwatch_log_group", {"retention_in_days": 7}, {"retention_in_days": 7}, "None"),
        (
            "aws_db_instance",
            {"backup_retention_period": 35, "engine_version": "8.0.39"},
            {"backup_retention_period": 7, "engine_version": "8.4.3"},
            (
                "database: automated backups older than the new retention are lost, "
                "another engine version cannot be taken back"
            ),
        ),
        ("aws_db_instance", {"engine_version": "8.0"}, {"engine_version": "8.0"}, "None"),
        ("aws_db_instance", {"engine_version": "8.0"}, {}, "None"),
        ("aws_db_instance", {"backup_retention_period": 0}, {"backup_retention_period": 7}, "None"),
    ],
)
def test_an_update_that_loses_something_is_irreversible_but_not_the_end(
    kind: str, before: dict[str, Any], after: dict[str, Any], text: str
) -> None:
    found = risk(kind, "update", before=before, after=after)
    assert str(found) == text
    assert found is None or found.stateful is False


def summary() -> Summary:
    return summarize(
        plan_of(
            {
                "address": "aws_kms_key.b",
                "type": "aws_kms_key",
                "change": {"actions": ["delete"], "before": {}},
            },
            {
                "address": "aws_sqs_queue.a",
                "type": "aws_sqs_queue",
                "change": {
                    "actions": ["update"],
                    "before": {"message_retention_seconds": 9},
                    "after": {"message_retention_seconds": 8},
                },
            },
            {
                "address": "aws_s3_bucket.a",
                "type": "aws_s3_bucket",
                "deposed": "12ab34cd",
                "change": {"actions": ["delete"], "before": {}},
            },
            {"address": "aws_vpc.a", "type": "aws_vpc", "change": {"actions": ["delete"]}},
        )
    )


def test_a_summary_lists_what_cannot_be_undone_and_what_ends() -> None:
    found = summary()
    assert [change.address for change in found.irreversible] == [
        "aws_kms_key.b",
        "aws_sqs_queue.a",
        "aws_s3_bucket.a",
    ]
    assert found.stateful_ends == ("aws_kms_key.b", "aws_s3_bucket.a")


def test_a_left_over_is_told_from_the_object_in_use() -> None:
    assert summary().changes[2].explanation == (
        "a left-over of an earlier replacement; the object in use stays"
    )
