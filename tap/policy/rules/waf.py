"""Rules of web ACLs, which filter the requests to a load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_ACL = "aws_wafv2_web_acl"
_LOGGING = "aws_wafv2_web_acl_logging_configuration"
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
_LOG4J = "AWSManagedRulesKnownBadInputsRuleSet"
# https://docs.aws.amazon.com/waf/latest/developerguide/logging-destinations.html
_LOG_PREFIX = "aws-waf-logs-"
_USERS = (
    ("aws_wafv2_web_acl_association", "web_acl_arn"),
    ("aws_cloudfront_distribution", "web_acl_id"),
)
_GROUPS = """\
resource "aws_wafv2_web_acl" "this" {
  rule {
    name     = "known-bad-inputs"
    priority = 1

    override_action {
      none {}
    }
    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }
  }
}
"""


@resource_rule(
    "WAF-01",
    Severity.HIGH,
    "A web ACL lets Log4j attacks pass",
    _ACL,
    rationale="One header is enough to run code in an application that logs it.",
    remediation=_GROUPS,
    references=("CKV_AWS_192", "CKV2_AWS_76", "PCI 6.4.2"),
)
def log4j(acl: Resource) -> Iterator[Fault]:
    """The managed group of known bad inputs is among the rules, and blocks."""
    for rule in acl.blocks("rule"):
        group = _managed(rule)
        if group is not None and group.text("name") == _LOG4J:
            return
    yield acl.fault(f"no rule is {_LOG4J}")


@resource_rule(
    "WAF-02",
    Severity.MEDIUM,
    "Rules of a web ACL only count",
    _ACL,
    rationale="What is found is counted and let through, as it is right before a rule blocks.",
    remediation=_GROUPS,
)
def only_counts(acl: Resource) -> Iterator[Fault]:
    """No rule group is overridden to count, and no rule's own action is to count."""
    for rule in acl.blocks("rule"):
        for name in ("override_action", "action"):
            block = rule.block(name)
            if block is not None and block.blocks("count"):
                yield rule.fault(f'{name} of rule "{rule.text("name")}" is count')


@resource_rule(
    "WAF-03",
    Severity.MEDIUM,
    "A web ACL limits nobody",
    _ACL,
    rationale="One client can ask as often as it likes: it guesses passwords, or card numbers.",
    remediation="""\
resource "aws_wafv2_web_acl" "this" {
  rule {
    name     = "rate"
    priority = 0

    action {
      block {}
    }
    statement {
      rate_based_statement {
        limit = 2000
      }
    }
  }
}
""",
)
def no_rate(acl: Resource) -> Iterator[Fault]:
    """A rule limits the rate of requests."""
    for rule in acl.blocks("rule"):
        statement = rule.block("statement")
        if statement is not None and statement.blocks("rate_based_statement"):
            return
    yield acl.fault("no rule has a rate_based_statement")


@resource_rule(
    "WAF-04",
    Severity.MEDIUM,
    "What a web ACL blocks is not logged",
    _ACL,
    rationale="Nobody sees an attack, or the client that is blocked by mistake.",
    remediation="""\
resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.web_acl.arn]
}
""",
    references=("CKV2_AWS_31", "FSBP WAF.11", "PCI 10.2.1"),
)
def unlogged(acl: Resource) -> Iterator[Fault]:
    """Every web ACL has a log."""
    if not any(acl.planned.users(acl, _LOGGING, "resource_arn")):
        yield acl.fault(f"no {_LOGGING} is for it")


@resource_rule(
    "WAF-05",
    Severity.HIGH,
    "AWS WAF refuses the log of a web ACL",
    _LOGGING,
    rationale="The apply fails: names of destinations have to begin with aws-waf-logs-.",
    remediation="""\
resource "aws_cloudwatch_log_group" "web_acl" {
  name = "aws-waf-logs-payments"
}
""",
)
def refused_log(logging: Resource) -> Iterator[Fault]:
    """The destination's name begins with aws-waf-logs-."""
    places = {
        "aws_cloudwatch_log_group": "name",
        "aws_s3_bucket": "bucket",
        "aws_kinesis_firehose_delivery_stream": "name",
    }
    for destination in logging.targets("log_destination_configs", *places):
        name = places[destination.type]
        value = destination.text(name)
        if value is not None and not value.startswith(_LOG_PREFIX):
            yield destination.fault(destination.quote(name), at=name)


@resource_rule(
    "WAF-06",
    Severity.MEDIUM,
    "A web ACL protects nothing",
    _ACL,
    rationale="It looks as if requests were filtered, and none is.",
    remediation="""\
resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}
""",
)
def protects_nothing(acl: Resource) -> Iterator[Fault]:
    """Something is associated with every web ACL."""
    if not any(acl.planned.users_at(acl, _USERS)):
        yield acl.fault("nothing is associated with it")


def _managed(rule: Values) -> Values | None:
    statement = rule.block("statement")
    return statement.block("managed_rule_group_statement") if statement else None
