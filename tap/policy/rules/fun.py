"""Rules of functions: what they run on, in and with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_FUNCTION = "aws_lambda_function"
# Runtimes that AWS has deprecated by the end of 2026.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_DEAD = frozenset(
    {
        "dotnet5.0",
        "dotnet6",
        "dotnet7",
        "dotnetcore1.0",
        "dotnetcore2.0",
        "dotnetcore2.1",
        "dotnetcore3.1",
        "go1.x",
        "java8",
        "nodejs",
        "nodejs4.3",
        "nodejs4.3-edge",
        "nodejs6.10",
        "nodejs8.10",
        "nodejs10.x",
        "nodejs12.x",
        "nodejs14.x",
        "nodejs16.x",
        "nodejs18.x",
        "nodejs20.x",
        "provided",
        "python2.7",
        "python3.6",
        "python3.7",
        "python3.8",
        "python3.9",
        "python3.10",
        "ruby2.5",
        "ruby2.7",
        "ruby3.2",
    }
)
_LIMITS = ("memory_size", "timeout")
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|ACCESS_KEY|API_KEY|AUTH_TOKEN|PRIVATE_KEY)$"
)
_SECRET_VALUE = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----")


@resource_rule(
    "FUN-01",
    Severity.HIGH,
    "A function runs on what AWS no longer mends",
    _FUNCTION,
    rationale="Holes in the runtime stay open, and soon the function cannot be changed any more.",
    remediation="""\
resource "aws_lambda_function" "this" {
  runtime = "python3.13"
}
""",
    references=("CKV_AWS_363", "FSBP Lambda.2", "PCI 6.3.3"),
)
def dead_runtime(function: Resource) -> Iterator[Fault]:
    """The runtime is one that AWS maintains."""
    if function.text("runtime") in _DEAD:
        yield function.fault(function.quote("runtime"), at="runtime")


@resource_rule(
    "FUN-02",
    Severity.LOW,
    "A function stands outside of the network",
    _FUNCTION,
    rationale="Neither groups nor flow logs see what it talks to.",
    remediation="""\
resource "aws_lambda_function" "this" {
  vpc_config {
    subnet_ids         = module.vpc.subnet_ids.private
    security_group_ids = [aws_security_group.function.id]
  }
}
""",
    references=("CKV_AWS_117", "FSBP Lambda.3", "PCI 1.4.4"),
)
def outside_network(function: Resource) -> Iterator[Fault]:
    """Every function is in subnets of a VPC."""
    block = function.block("vpc_config")
    if block is None:
        yield function.fault("vpc_config is missing")
    elif not block.is_set("subnet_ids"):
        yield block.fault("subnet_ids is not set")


@resource_rule(
    "FUN-03",
    Severity.LOW,
    "Events that a function fails for are lost",
    _FUNCTION,
    rationale="After three tries Lambda throws an event away without a word.",
    remediation="""\
resource "aws_lambda_function" "this" {
  dead_letter_config {
    target_arn = aws_sqs_queue.failed.arn
  }
}
""",
    references=("CKV_AWS_116",),
)
def lost_events(function: Resource) -> Iterator[Fault]:
    """What a function fails for goes to a queue or topic."""
    if function.block("dead_letter_config"):
        return
    planned = function.planned
    for config in planned.users(
        function, "aws_lambda_function_event_invoke_config", "function_name"
    ):
        destination = config.block("destination_config")
        if destination is not None and destination.block("on_failure"):
            return
    yield function.fault("dead_letter_config is missing")


@resource_rule(
    "FUN-04",
    Severity.LOW,
    "A function can take every invocation that the account has",
    _FUNCTION,
    rationale="One function that is called too often stops all others of the account.",
    remediation="""\
resource "aws_lambda_function" "this" {
  reserved_concurrent_executions = 10
}
""",
    references=("CKV_AWS_115",),
)
def unlimited(function: Resource) -> Iterator[Fault]:
    """Every function has a concurrency of its own."""
    name = "reserved_concurrent_executions"
    limit = function.number(name)
    if limit is None or limit < 0:
        yield function.fault(function.quote(name), at=name)


@resource_rule(
    "FUN-05",
    Severity.LOW,
    "A function is not traced",
    _FUNCTION,
    rationale="Where its time goes, and which call failed, is a guess.",
    remediation="""\
resource "aws_lambda_function" "this" {
  tracing_config {
    mode = "Active"
  }
}
""",
    references=("CKV_AWS_50", "AWS-0066"),
)
def untraced(function: Resource) -> Iterator[Fault]:
    """Tracing is active."""
    computed = function.is_unknown("tracing_config") and not function.known.get("tracing_config")
    block = None if computed else function.block("tracing_config")
    if block is None:
        yield function.fault("tracing_config is missing")
    elif block.text("mode") != "Active":
        yield block.fault(block.quote("mode"), at="mode")


@resource_rule(
    "FUN-06",
    Severity.LOW,
    "Variables of a function are not encrypted with a key of its own",
    _FUNCTION,
    rationale="Whoever may look at the function reads them.",
    remediation="""\
resource "aws_lambda_function" "this" {
  kms_key_arn = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_173", "PCI 3.5.1"),
)
def keyless_variables(function: Resource) -> Iterator[Fault]:
    """A function with environment variables has a key that somebody has made."""
    if function.block("environment") and not function.is_set("kms_key_arn"):
        yield function.fault("kms_key_arn is not set")


@resource_rule(
    "FUN-07",
    Severity.HIGH,
    "A variable of a function holds a secret",
    _FUNCTION,
    rationale="Whoever may look at the function, the state or a plan has the secret.",
    remediation="""\
resource "aws_lambda_function" "this" {
  environment {
    variables = { DATABASE_SECRET_ARN = aws_secretsmanager_secret.database.arn }
  }
}
""",
    references=("CKV_AWS_45", "PCI 8.6.2"),
)
def secret_variable(function: Resource) -> Iterator[Fault]:
    """Variables tell where a secret is kept."""
    block = function.block("environment")
    if block is None:
        return
    variables, _ = function.at((*block.path, "variables"))
    for name, value in (variables or {}).items():
        named = _SECRET_NAME.search(name.upper()) and not str(value).startswith("arn:")
        if value and (named or _SECRET_VALUE.search(str(value))):
            yield block.fault(f"{name} holds a secret", at="variables")
    # One that is not known yet may be one.
    block.get("variables")


@resource_rule(
    "FUN-08",
    Severity.MEDIUM,
    "A function has the limits that nobody chose",
    _FUNCTION,
    rationale="3 seconds and 128 MB fit a function that says hello; others end in the middle of "
    "their work, sometimes.",
    remediation="""\
resource "aws_lambda_function" "this" {
  memory_size = 512
  timeout     = 30
}
""",
)
def default_limits(function: Resource) -> Iterator[Fault]:
    """Memory and timeout are given."""
    if function.configuration is None:
        return
    for name in _LIMITS:
        if name not in function.configuration.expressions:
            yield function.fault(f"{name} is not given: {function.quote(name)}")
