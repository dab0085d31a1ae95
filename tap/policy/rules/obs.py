"""Rules of logs, alarms and who hears them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.policies import is_narrowed
from tap.policy.production import is_production
from tap.policy.rule import Severity, plan_rule, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource

_GROUP = "aws_cloudwatch_log_group"
_FILTER = "aws_cloudwatch_log_metric_filter"
_TOPIC = "aws_sns_topic"
_ALARMS = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm")
# PCI DSS 10.5.1 asks for twelve months.
_YEAR = 365


@resource_rule(
    "OBS-01",
    Severity.MEDIUM,
    "A log is kept for ever",
    _GROUP,
    rationale="It costs more every month, and holds what should have been deleted.",
    remediation="""\
resource "aws_cloudwatch_log_group" "this" {
  retention_in_days = 365
}
""",
    references=("CKV_AWS_66", "PCI 3.2.1"),
)
def everlasting_log(group: Resource) -> Iterator[Fault]:
    """Every log group says how long it keeps what is in it."""
    name = "retention_in_days"
    # Delivery groups keep everything for two days, whatever they say.
    if group.known.get("log_group_class") != "DELIVERY" and not group.number(name):
        yield group.fault(group.quote(name), at=name)


@resource_rule(
    "OBS-02",
    Severity.MEDIUM,
    "A log of production is kept for less than a year",
    _GROUP,
    rationale="What is found out after months cannot be looked into any more.",
    remediation="""\
resource "aws_cloudwatch_log_group" "this" {
  retention_in_days = 365
}
""",
    references=("CKV_AWS_338", "FSBP CloudWatch.16", "PCI 10.5.1"),
)
def short_log(group: Resource) -> Iterator[Fault]:
    """In production, every log group keeps a year."""
    name = "retention_in_days"
    days = group.number(name)
    if is_production(group.planned) and days and days < _YEAR:
        yield group.fault(f"{group.quote(name)} is less than {_YEAR}", at=name)


@resource_rule(
    "OBS-03",
    Severity.MEDIUM,
    "A log is not encrypted with a key of its own",
    _GROUP,
    rationale="Whoever may read the log may then read it: with a key of one's own, the key has to "
    "allow it too.",
    remediation="""\
resource "aws_cloudwatch_log_group" "this" {
  kms_key_id = aws_kms_key.logs.arn
}
""",
    references=("CKV_AWS_158", "AWS-0017", "PCI 10.3.1"),
)
def keyless_log(group: Resource) -> Iterator[Fault]:
    """Every log group has a key that somebody has made."""
    if not group.is_set("kms_key_id"):
        yield group.fault("kms_key_id is not set")


@plan_rule(
    "OBS-04",
    Severity.LOW,
    "Nothing counts what is in the logs",
    rationale="Errors that are only written are only found by who looks for them.",
    remediation="""\
resource "aws_cloudwatch_log_metric_filter" "errors" {
  log_group_name = aws_cloudwatch_log_group.application.name
  pattern        = "{ $.level = \\"ERROR\\" }"

  metric_transformation {
    namespace = "payments-prod"
    name      = "ApplicationErrors"
    value     = "1"
  }
}
""",
    references=("PCI 10.4.1",),
)
def uncounted(plan: Planned) -> Iterator[Fault]:
    """Where there are logs, there are metric filters or subscriptions."""
    groups = plan.resources(_GROUP)
    readers = plan.resources(
        _FILTER, "aws_cloudwatch_log_subscription_filter", "aws_cloudwatch_log_account_policy"
    )
    if groups and not readers:
        yield groups[0].fault(f"none of {len(groups)} log groups has a {_FILTER}")


@resource_rule(
    "OBS-05",
    Severity.HIGH,
    "An alarm tells nobody",
    *_ALARMS,
    rationale="It turns red in a console that nobody looks at.",
    remediation="""\
resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_actions = [aws_sns_topic.alarms.arn]
}
""",
    references=("CKV_AWS_319", "FSBP CloudWatch.15", "FSBP CloudWatch.17", "PCI 10.7.2"),
)
def silent_alarm(alarm: Resource) -> Iterator[Fault]:
    """Every alarm has actions, and they are on."""
    if not alarm.is_set("alarm_actions"):
        yield alarm.fault("alarm_actions is not set")
    elif alarm.get("actions_enabled") is False:
        yield alarm.fault(alarm.quote("actions_enabled"), at="actions_enabled")


@resource_rule(
    "OBS-06",
    Severity.MEDIUM,
    "A topic is not encrypted with a key of its own",
    _TOPIC,
    rationale="The key of AWS cannot be used by alarms, and nobody can be kept from it.",
    remediation="""\
resource "aws_sns_topic" "alarms" {
  kms_master_key_id = aws_kms_key.logs.arn
}
""",
    references=("CKV_AWS_26", "AWS-0095", "AWS-0136", "PCI 3.5.1"),
)
def keyless_topic(topic: Resource) -> Iterator[Fault]:
    """Every topic has a key that somebody has made."""
    name = "kms_master_key_id"
    if not topic.is_set(name):
        yield topic.fault(f"{name} is not set")
    elif not topic.is_unknown(name) and "alias/aws/" in (topic.text(name) or ""):
        yield topic.fault(f"{topic.quote(name)} is the key of AWS", at=name)


@resource_rule(
    "OBS-07",
    Severity.HIGH,
    "Anybody may use a topic",
    _TOPIC,
    "aws_sns_topic_policy",
    rationale="Others can raise alarms, or read them.",
    remediation="""\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect    = "Allow"
    Principal = { Service = "cloudwatch.amazonaws.com" }
    Action    = "sns:Publish"
    Resource  = aws_sns_topic.alarms.arn
    Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
  }]
})
""",
    references=("CKV_AWS_169", "FSBP SNS.4", "PCI 7.2.1"),
    reads_sources=True,
)
def public_topic(resource: Resource) -> Iterator[Fault]:
    """Whoever may use a topic is named, or is of a named account."""
    # The policy of a topic is computed where none is given.
    if resource.is_unknown("policy") and not resource.is_set("policy"):
        return
    for statement in statements_of(resource, "policy"):
        if statement.allows and statement.is_for_anybody and not is_narrowed(statement):
            sid = statement.sid or "without Sid"
            yield resource.fault(f'statement "{sid}" allows Principal "*"', at="policy")


@resource_rule(
    "OBS-08",
    Severity.HIGH,
    "Nobody listens to a topic",
    _TOPIC,
    rationale="Every alarm that it is told is lost.",
    remediation="""\
resource "aws_sns_topic_subscription" "team" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "payments@example.com"
}
""",
    references=("PCI 10.7.2",),
)
def unheard_topic(topic: Resource) -> Iterator[Fault]:
    """Every topic has a subscription."""
    if not any(topic.planned.users(topic, "aws_sns_topic_subscription", "topic_arn")):
        yield topic.fault(f"no aws_sns_topic_subscription is for {topic.quote('name')}")
