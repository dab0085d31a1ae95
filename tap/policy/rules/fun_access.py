"""Rules of who may call a function, and what it may do itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.packages import read_package
from tap.policy.roles import allows
from tap.policy.rule import Severity, resource_rule
from tap.policy.written import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_FUNCTION = "aws_lambda_function"
_PERMISSION = "aws_lambda_permission"
# Policies of AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
_WRITE_LOGS = (
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
    "AdministratorAccess",
)
_WRITE_TRACES = ("AWSXRayDaemonWriteAccess", "AWSXrayFullAccess", "AdministratorAccess")
_CALL = """\
resource "aws_lambda_permission" "schedule" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule.arn
}
"""


@resource_rule(
    "FUN-09",
    Severity.CRITICAL,
    "Anybody may call a function",
    _PERMISSION,
    "aws_lambda_function_url",
    rationale="Whoever finds it can call it, with whatever input, for your money.",
    remediation=_CALL,
    references=("CKV_AWS_258", "CKV_AWS_301", "FSBP Lambda.1", "PCI 7.2.1"),
)
def public_function(resource: Resource) -> Iterator[Fault]:
    """Callers are named, and URLs ask for a signature."""
    if resource.type == "aws_lambda_function_url":
        if resource.text("authorization_type") == "NONE":
            yield resource.fault(resource.quote("authorization_type"), at="authorization_type")
    elif resource.text("principal") == "*" and not _is_bound(resource):
        yield resource.fault(resource.quote("principal"), at="principal")


@resource_rule(
    "FUN-10",
    Severity.MEDIUM,
    "A service may call a function for everybody",
    _PERMISSION,
    rationale="Rules, topics and buckets of other accounts can call the function through the "
    "service.",
    remediation=_CALL,
    references=("CKV_AWS_364", "AWS-0067", "PCI 7.2.1"),
)
def confused_deputy(permission: Resource) -> Iterator[Fault]:
    """What a service calls for is named by its ARN, or is of a named account."""
    principal = permission.text("principal") or ""
    if principal.endswith(".amazonaws.com") and not _is_bound(permission):
        yield permission.fault(
            f"{permission.quote('principal')} without source_arn", at="principal"
        )


def _is_bound(permission: Resource) -> bool:
    return any(
        permission.is_set(name) for name in ("source_arn", "source_account", "principal_org_id")
    )


@resource_rule(
    "FUN-11",
    Severity.MEDIUM,
    "A function may not write its traces",
    _FUNCTION,
    rationale="Tracing is on and nothing arrives, without a word.",
    remediation="""\
resource "aws_iam_role_policy_attachment" "traces" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
}
""",
    reads_sources=True,
)
def untraceable(function: Resource) -> Iterator[Fault]:
    """The role of a function that is traced may write traces."""
    # Not given and not known before apply is the same to Terraform.
    if not function.known.get("tracing_config"):
        return
    block = function.block("tracing_config")
    role = function.target("role", "aws_iam_role")
    if block is None or block.text("mode") != "Active" or role is None:
        return
    action = "xray:PutTraceSegments"
    if not allows(role, action, managed=_WRITE_TRACES):
        yield function.fault(f"{role.address} may not {action}", at="role")


@resource_rule(
    "FUN-12",
    Severity.MEDIUM,
    "A function may not write its log",
    _FUNCTION,
    rationale="When it fails, nothing tells why.",
    remediation="""\
resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
""",
    references=("PCI 10.2.1",),
    reads_sources=True,
)
def mute(function: Resource) -> Iterator[Fault]:
    """The role of a function may make log streams and write to them."""
    role = function.target("role", "aws_iam_role")
    if role is None:
        return
    wanted = ("logs:CreateLogStream", "logs:PutLogEvents")
    missing = [action for action in wanted if not allows(role, action, managed=_WRITE_LOGS)]
    if missing:
        yield function.fault(f"{role.address} may not {', '.join(missing)}", at="role")


@resource_rule(
    "FUN-13",
    Severity.HIGH,
    "A function lacks a variable that its code reads",
    _FUNCTION,
    rationale="It fails at its first call, which may be the one that matters.",
    remediation="""\
resource "aws_lambda_function" "this" {
  environment {
    variables = { TABLE_NAME = aws_dynamodb_table.this.name }
  }
}
""",
    reads_sources=True,
)
def missing_variables(function: Resource) -> Iterator[Fault]:
    """What Python code reads by ``os.environ["NAME"]`` is given or set by Lambda."""
    name = "filename"
    if not (function.text("runtime") or "").startswith("python") or not function.text(name):
        return
    package = read_package(function, function.text(name) or "")
    block = function.block("environment")
    given = keys_of(block, "variables") if block else frozenset()
    for variable, place in package.needs(given):
        yield function.fault(f"{place} reads {variable}, which is not given")
