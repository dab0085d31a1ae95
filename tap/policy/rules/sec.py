"""Rules of secrets and parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type of resource
_PARAMETER = "aws_ssm_parameter"
_SAYS_SECRET = re.compile(
    r"passw(or)?d|secret|token|credential|private[-_]?key|api[-_]?key", re.IGNORECASE
)


@resource_rule(
    "SEC-01",
    Severity.MEDIUM,
    "A secret is not encrypted with a key of its own",
    _SECRET,
    rationale="Whoever may read the secret may then read it: with a key of one's own, the key has "
    "to allow it too.",
    remediation="""\
resource "aws_secretsmanager_secret" "this" {
  kms_key_id = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_149", "AWS-0098", "PCI 8.3.2"),
)
def keyless_secret(secret: Resource) -> Iterator[Fault]:
    """Every secret has a key that somebody has made."""
    if not secret.is_set("kms_key_id"):
        yield secret.fault("kms_key_id is not set")
    elif not secret.is_unknown("kms_key_id") and "alias/aws/" in str(secret.get("kms_key_id")):
        yield secret.fault(f"{secret.quote('kms_key_id')} is the key of AWS", at="kms_key_id")


@resource_rule(
    "SEC-02",
    Severity.MEDIUM,
    "A secret is never changed",
    _SECRET,
    rationale="A secret that lives for ever is known to everybody who has ever worked on the "
    "stack.",
    remediation="""\
resource "aws_secretsmanager_secret_rotation" "this" {
  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = aws_lambda_function.rotation.arn

  rotation_rules {
    automatically_after_days = 30
  }
}
""",
    references=("CKV2_AWS_57", "FSBP SecretsManager.1", "PCI 8.6.3"),
)
def unrotated_secret(secret: Resource) -> Iterator[Fault]:
    """Every secret is rotated on a schedule."""
    if not any(secret.planned.users(secret, "aws_secretsmanager_secret_rotation", "secret_id")):
        yield secret.fault(
            f"no aws_secretsmanager_secret_rotation is for {secret.quote('name')}", at="name"
        )


@resource_rule(
    "SEC-03",
    Severity.MEDIUM,
    "A secret parameter is not encrypted with a key of its own",
    _PARAMETER,
    rationale="The key of AWS lets every principal of the account decrypt what it may read.",
    remediation="""\
resource "aws_ssm_parameter" "this" {
  type   = "SecureString"
  key_id = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_337", "PCI 8.3.2"),
)
def keyless_parameter(parameter: Resource) -> Iterator[Fault]:
    """Every SecureString has a key that somebody has made."""
    if parameter.text("type") != "SecureString":
        return
    if not parameter.is_set("key_id"):
        yield parameter.fault("key_id is not set")
    elif not parameter.is_unknown("key_id") and "alias/aws/" in str(parameter.get("key_id")):
        yield parameter.fault(f"{parameter.quote('key_id')} is the key of AWS", at="key_id")


@resource_rule(
    "SEC-04",
    Severity.HIGH,
    "A secret is a parameter in clear text",
    _PARAMETER,
    rationale="Whoever may list parameters reads it, in the console as well as in the state.",
    remediation="""\
resource "aws_ssm_parameter" "this" {
  type   = "SecureString"
  key_id = aws_kms_key.this.arn
}
""",
    references=("CKV2_AWS_34", "PCI 8.3.2"),
)
def clear_parameter(parameter: Resource) -> Iterator[Fault]:
    """What a parameter's name calls a secret is a SecureString."""
    if parameter.text("type") == "SecureString":
        return
    last = (parameter.text("name") or "").rpartition("/")[2]
    if _SAYS_SECRET.search(last):
        yield parameter.fault(f"{parameter.quote('name')} of {parameter.quote('type')}", at="type")
