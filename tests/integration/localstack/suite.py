"""The suite on a LocalStack: what is different there, and what is skipped for which reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tap.aws import account_id
from tap.testing.partial import PartialDeployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from tap.aws import Target

# What fails on LocalStack 4.14 although the service is there.
GAPS = {
    r"CreateQueryLoggingConfig.*NoSuchCloudWatchLogsLogGroup": (
        "takes no log group by its ARN for the query log of a zone"
    ),
}

# Reasons that say nothing about the target.
NOT_OF_THE_TARGET = {
    "asks the embedded emulator about itself",
    "only dev is applied to LocalStack",
    "starts an embedded emulator of its own, or none",
}

# What a test looks for in AWS, or in the state, without an output that names it; EVERYTHING where
# it asks of the whole environment.
EVERYTHING = ("",)
NEEDS: dict[str, tuple[str, ...]] = {
    "test_a_call_publishes_the_metric_that_the_alarm_reads": ("aws_lambda_function",),
    "test_a_change_by_hand_is_named": EVERYTHING,
    "test_a_new_template_version_replaces_instances_without_a_loss_of_capacity": (
        "aws_autoscaling_group",
    ),
    "test_a_schedule_that_may_call_it_does_so_every_minute": ("aws_lambda_function",),
    "test_an_unhealthy_endpoint_raises_an_alarm_where_route_53_reports": (
        "aws_cloudwatch_metric_alarm",
    ),
    "test_both_target_groups_ask_for_health_on_the_application_port": ("aws_lb_target_group",),
    "test_destroy_leaves_nothing_behind": EVERYTHING,
    "test_errors_that_the_application_logs_reach_a_subscriber_of_the_topic": (
        "aws_cloudwatch_metric_alarm",
    ),
    "test_every_alarm_exists_with_the_threshold_of_its_environment": (
        "aws_cloudwatch_metric_alarm",
    ),
    "test_every_alarm_tells_the_topic_when_it_starts_and_when_it_ends": (
        "aws_cloudwatch_metric_alarm",
    ),
    "test_every_arn_is_of_this_account_and_of_a_region_of_the_stack": EVERYTHING,
    "test_everything_that_the_dashboard_draws_exists": ("aws_cloudwatch_dashboard",),
    "test_expressions_of_the_dashboard_refer_to_metrics_of_their_widget": (
        "aws_cloudwatch_dashboard",
    ),
    "test_filters_of_the_application_logs_feed_the_alarm": ("aws_cloudwatch_metric_alarm",),
    "test_instances_run_spread_over_private_subnets_as_their_template_says": (
        "aws_autoscaling_group",
    ),
    "test_no_record_of_ours_is_kept_longer_than_a_minute": ("aws_route53_record",),
    "test_no_value_holds_a_secret": EVERYTHING,
    "test_nothing_is_empty_but_what_the_environment_does_not_have": EVERYTHING,
    "test_one_call_runs_at_a_time_and_failed_ones_are_kept": ("aws_lambda_function",),
    "test_only_an_environment_with_a_second_region_replicates": EVERYTHING,
    "test_output_prints_a_tree_and_json": EVERYTHING,
    "test_questions_are_logged_to_an_encrypted_group_that_expires": ("aws_route53_query_log",),
    "test_ratio_and_latency_of_a_color_are_judged_only_with_enough_requests": (
        "aws_cloudwatch_metric_alarm",
    ),
    "test_the_dashboard_shows_all_alarms_and_leaves_no_widget_cut_off": (
        "aws_cloudwatch_dashboard",
    ),
    "test_the_function_knows_its_environment_and_what_to_ask": ("aws_lambda_function",),
    "test_the_function_logs_to_an_encrypted_group_that_expires": ("aws_lambda_function",),
    "test_the_function_runs_the_package_of_this_repository": ("aws_lambda_function",),
    "test_the_gate_of_traffic_watches_alarms_that_exist": ("aws_cloudwatch_composite_alarm",),
    "test_the_instance_role_has_no_wildcard_action": ("aws_iam_role_policy",),
    "test_the_name_is_a_weighted_alias_of_the_load_balancer": ("aws_route53_record",),
    "test_the_saved_plan_is_applied_and_the_next_plan_is_empty": EVERYTHING,
    "test_the_volumes_of_instances_are_encrypted_with_the_data_key": ("aws_autoscaling_group",),
    "test_what_is_live_is_proved_as_well": EVERYTHING,
    "test_what_is_opened_by_hand_is_unexpected_and_ends_with_exit_code_3": EVERYTHING,
}

# What LocalStack answers otherwise than AWS, by the test that finds it.
WRONG_ANSWERS: dict[str, str] = {
    "test_an_error_in_the_log_becomes_a_point_of_the_metric": (
        "LocalStack counts an event of a log several times"
    ),
    "test_ports_agree_from_the_edge_to_the_database": (
        "LocalStack loses the description of a rule that names another group"
    ),
    "test_states_lie_encrypted_and_versioned_in_one_bucket_under_their_own_keys": (
        "LocalStack runs no DynamoDB without a container, so backend/ is not applied"
    ),
}


@dataclass
class LocalStackDeployment(PartialDeployment):
    """An environment on LocalStack."""

    gaps: Mapping[str, str] | None = field(default_factory=lambda: GAPS)


def locking(target: Target) -> dict[str, str]:
    """Return the setting that locks states by S3 alone where DynamoDB does not run."""
    try:
        target.client("dynamodb", attempts=1).list_tables()
    except (BotoCoreError, ClientError):
        return {"TAP_STATE_LOCKING": "s3"}
    return {}


def store_states(target: Target) -> None:
    """Make the bucket of the states, where backend/ cannot be applied for want of DynamoDB."""
    if not locking(target):
        return
    s3, bucket = target.client("s3"), f"payments-terraform-state-{account_id(target)}"
    where = {"LocationConstraint": target.region}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    s3.put_object(Bucket=bucket, Key="backend/terraform.tfstate", Body=json.dumps({}).encode())


def reason_against(item: pytest.Item, environment: str) -> str:
    """Return why a test is skipped on another target than the embedded emulator."""
    if "named_deployment" not in getattr(item, "fixturenames", ()):
        return "starts an embedded emulator of its own, or none"
    if {"live", "traffic"} & set(item.path.parts):
        return "LocalStack has no elbv2: there is no traffic to move"
    groups = {mark.args[0] for mark in item.iter_markers("xdist_group")}
    if environment not in groups:
        return f"only {environment} is applied to LocalStack"
    return WRONG_ANSWERS.get(getattr(item, "originalname", item.name), "")


def require_needed(request: pytest.FixtureRequest, deployment: LocalStackDeployment) -> None:
    """Skip a test that looks for what was not applied."""
    needs = NEEDS.get(request.node.originalname, ())
    if needs == EVERYTHING:
        deployment.require_whole()
    elif needs:
        deployment.require_types(needs)
