"""Rules of what databases tell, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.roles import allows
from tap.policy.rule import Severity, resource_rule
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_INSTANCE = "aws_db_instance"
_SUBSCRIPTION = "aws_db_event_subscription"

# The logs that show who logged in and what went wrong, by engine. MySQL's general log is not among
# them: it would carry the data of every statement.
_LOGS = {
    "mysql": ("audit", "error"),
    "mariadb": ("audit", "error"),
    "postgres": ("postgresql",),
    "sqlserver": ("error",),
    "oracle": ("alert", "audit"),
}
# The parameter that turns connections without TLS away, by engine, and the values that do.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
_TLS = {
    "mysql": ("require_secure_transport", ("1", "on")),
    "mariadb": ("require_secure_transport", ("1", "on")),
    "postgres": ("rds.force_ssl", ("1",)),
    "sqlserver": ("rds.force_ssl", ("1",)),
    "db2": ("db2comm", ("ssl",)),
}
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
_WITHOUT_INSIGHTS = tuple(
    f"db.{family}.{size}" for family in ("t2", "t3", "t4g") for size in ("micro", "small")
)
# What Security Hub wants to be told, by the kind of what it is about (RDS.20, RDS.21, RDS.22).
_EVENTS = {
    "db-instance": {"configuration change", "failure", "maintenance"},
    "db-parameter-group": {"configuration change"},
    "db-security-group": {"configuration change", "failure"},
}
_MONITORING_POLICY = "AmazonRDSEnhancedMonitoringRole"
_MONITORING = """\
resource "aws_db_instance" "this" {
  monitoring_interval = 60
  monitoring_role_arn = aws_iam_role.monitoring.arn
}
"""


def _engine(database: Resource) -> str:
    """Return the engine without its edition; empty where another instance decides."""
    if database.is_unknown("engine") and not database.is_set("engine"):
        return ""
    return (database.text("engine") or "").partition("-")[0]


@resource_rule(
    "RDS-11",
    Severity.LOW,
    "A database is not watched from its operating system",
    _INSTANCE,
    rationale="Metrics of the hypervisor do not tell which process takes memory and CPU.",
    remediation=_MONITORING,
    references=("CKV_AWS_118", "FSBP RDS.6"),
)
def unmonitored(database: Resource) -> Iterator[Fault]:
    """Enhanced Monitoring is on."""
    if not database.number("monitoring_interval"):
        yield database.fault(database.quote("monitoring_interval"), at="monitoring_interval")


@resource_rule(
    "RDS-12",
    Severity.HIGH,
    "Enhanced Monitoring has no role that it can use",
    _INSTANCE,
    rationale="RDS refuses to create the instance, or writes nothing.",
    remediation=_MONITORING
    + """
resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
""",
    reads_sources=True,
)
def monitored_without_role(database: Resource) -> Iterator[Fault]:
    """The role is given, RDS may assume it, and it may write logs."""
    if not database.number("monitoring_interval"):
        return
    name = "monitoring_role_arn"
    if not database.is_set(name):
        yield database.fault(f"{database.quote('monitoring_interval')}, but {name} is not set")
        return
    role = database.target(name, "aws_iam_role")
    if role is None:
        return
    trusted = {
        service
        for statement in statements_of(role, "assume_role_policy")
        if statement.allows
        for service in statement.principals.get("Service", ())
    }
    if "monitoring.rds.amazonaws.com" not in trusted:
        yield database.fault(
            f"{role.address} trusts {', '.join(sorted(trusted)) or 'no service'}, not "
            "monitoring.rds.amazonaws.com",
            at=name,
        )
    if not allows(role, "logs:PutLogEvents", managed=(_MONITORING_POLICY,)):
        yield database.fault(f"{role.address} may not logs:PutLogEvents", at=name)


@resource_rule(
    "RDS-13",
    Severity.MEDIUM,
    "A database keeps its logs to itself",
    _INSTANCE,
    rationale="Logs on the instance are gone after days, and with it, and nothing counts what is "
    "in them.",
    remediation="""\
resource "aws_db_instance" "this" {
  enabled_cloudwatch_logs_exports = ["audit", "error", "slowquery"]
}
""",
    references=("CKV_AWS_129", "FSBP RDS.9", "PCI 10.2.1"),
)
def unexported_logs(database: Resource) -> Iterator[Fault]:
    """Logs of access and errors are exported."""
    name = "enabled_cloudwatch_logs_exports"
    exported = set(database.each(name))
    missing = [log for log in _LOGS.get(_engine(database), ()) if log not in exported]
    if missing or not exported:
        what = f" is without {', '.join(missing)}" if missing else ""
        yield database.fault(f"{database.quote(name)}{what}", at=name)


@resource_rule(
    "RDS-14",
    Severity.HIGH,
    "A database talks without TLS",
    _INSTANCE,
    rationale="A client that does not ask for TLS sends card data and passwords in the clear, and "
    "nothing tells.",
    remediation="""\
resource "aws_db_parameter_group" "this" {
  family = "mysql8.0"

  parameter {
    name  = "require_secure_transport"
    value = "1"
  }
}
""",
    references=("CKV2_AWS_69", "PCI 4.2.1"),
)
def without_tls(database: Resource) -> Iterator[Fault]:
    """The parameter group turns away connections without TLS."""
    engine = _engine(database)
    name = "parameter_group_name"
    if engine not in _TLS:
        return
    parameter, good = _TLS[engine]
    if not database.is_set(name):
        yield database.fault(f"{name} is not set, so {parameter} is not either")
        return
    group = database.target(name, "aws_db_parameter_group")
    if group is None:
        raise UnknownValueError(database.address, name, "names a group that is not in the plan")
    for item in group.blocks("parameter"):
        if (item.text("name") or "").lower() == parameter:
            if (item.text("value") or "").lower() not in good:
                yield database.fault(f"{parameter} in {group.address}: {item.quote('value')}")
            return
    yield database.fault(f"{group.address} does not set {parameter}", at=name)


@resource_rule(
    "RDS-15",
    Severity.LOW,
    "Nothing tells which queries load a database",
    _INSTANCE,
    rationale="Without Performance Insights a slow database is a guess.",
    remediation="""\
resource "aws_db_instance" "this" {
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_353", "AWS-0133"),
)
def without_insights(database: Resource) -> Iterator[Fault]:
    """Performance Insights are on, where the instance class can."""
    if database.text("instance_class") in _WITHOUT_INSIGHTS:
        return
    if not database.flag("performance_insights_enabled"):
        name = "performance_insights_enabled"
        yield database.fault(database.quote(name), at=name)


@resource_rule(
    "RDS-16",
    Severity.MEDIUM,
    "Recorded queries are not encrypted with a key of their own",
    _INSTANCE,
    rationale="Queries carry what they ask for, and the key of AWS has a policy that cannot be "
    "changed.",
    remediation="""\
resource "aws_db_instance" "this" {
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_354", "AWS-0078", "PCI 3.5.1"),
)
def keyless_insights(database: Resource) -> Iterator[Fault]:
    """Performance Insights have a key that somebody has made."""
    name = "performance_insights_kms_key_id"
    if database.flag("performance_insights_enabled") and not database.is_set(name):
        yield database.fault(f"{name} is not set")


@resource_rule(
    "RDS-17",
    Severity.LOW,
    "Nobody is told what happens to a database",
    _INSTANCE,
    rationale="A failure, a changed parameter and a pending maintenance are found by chance.",
    remediation="""\
resource "aws_db_event_subscription" "instances" {
  sns_topic        = aws_sns_topic.alarms.arn
  source_type      = "db-instance"
  event_categories = ["configuration change", "failure", "maintenance"]
}
""",
    references=("FSBP RDS.20", "FSBP RDS.21", "FSBP RDS.22"),
)
def untold_events(database: Resource) -> Iterator[Fault]:
    """Subscriptions cover instance, parameter groups and security groups."""
    for kind, wanted in _EVENTS.items():
        heard: set[str] = set()
        for subscription in database.planned.resources(_SUBSCRIPTION):
            if subscription.text("source_type") in {kind, None} and _covers(subscription, database):
                heard |= _categories(subscription, wanted)
        if missing := sorted(wanted - heard):
            what = ", ".join(missing)
            yield database.fault(f'no {_SUBSCRIPTION} of "{kind}" tells of {what}')


def _covers(subscription: Resource, database: Resource) -> bool:
    """Tell whether a subscription hears of an instance; of other kinds each is taken as meant."""
    if not subscription.flag("enabled"):
        return False
    if subscription.text("source_type") != "db-instance" or not subscription.is_set("source_ids"):
        return True
    return database in subscription.targets("source_ids", _INSTANCE)


def _categories(subscription: Resource, wanted: set[str]) -> set[str]:
    """Return of what is wanted that a subscription tells; without categories it is everything."""
    return wanted & set(subscription.get("event_categories") or wanted)
