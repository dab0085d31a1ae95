"""Rules of who may reach a bucket, and how."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tap.policy.buckets import BUCKET, setting
from tap.policy.documents import statements_of
from tap.policy.policies import is_narrowed
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.policies import Statement

_POLICY = "aws_s3_bucket_policy"
# What no other account may do with a bucket.
# https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6
_ADMINISTRATION = (
    "s3:deletebucketpolicy",
    "s3:putbucketacl",
    "s3:putbucketpolicy",
    "s3:putencryptionconfiguration",
    "s3:putobjectacl",
)
_TLS = """\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Sid       = "DenyInsecureTransport"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }]
})
"""


@resource_rule(
    "S3-09",
    Severity.MEDIUM,
    "A bucket takes requests without TLS",
    BUCKET,
    rationale="Whoever listens has the objects and the credentials' signatures.",
    remediation=_TLS,
    references=("FSBP S3.5", "PCI 4.2.1"),
    reads_sources=True,
)
def without_tls(bucket: Resource) -> Iterator[Fault]:
    """The policy of every bucket denies all requests without TLS, for bucket and objects."""
    policy = setting(bucket, _POLICY)
    if policy is None:
        yield bucket.fault(f"no {_POLICY} denies requests without TLS")
        return
    denied = [item for item in statements_of(policy, "policy") if _denies_clear_text(item)]
    resources = {name for item in denied for name in item.resources}
    objects = any(name.endswith(("/*", "*")) for name in resources)
    itself = any(not name.endswith("/*") for name in resources)
    if not denied:
        yield policy.fault(
            'no statement denies what has "aws:SecureTransport" = "false"', at="policy"
        )
    elif not (objects and itself):
        what = "objects" if itself else "the bucket itself"
        yield policy.fault(f"requests without TLS are not denied for {what}", at="policy")


def _denies_clear_text(statement: Statement) -> bool:
    """Tell whether a statement denies everybody everything that comes without TLS."""
    conditions = [
        (key.lower(), values)
        for keys in statement.conditions.values()
        for key, values in keys.items()
    ]
    return (
        statement.effect == "Deny"
        and statement.is_for_anybody
        and bool({"*", "s3:*"}.intersection(statement.actions))
        and [key for key, _ in conditions] == ["aws:securetransport"]
        and conditions[0][1] == ("false",)
    )


@resource_rule(
    "S3-10",
    Severity.CRITICAL,
    "Anybody may use a bucket",
    _POLICY,
    rationale="Every account of AWS, and often nobody's, can do what the statement says.",
    remediation="""\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect    = "Allow"
    Principal = { AWS = aws_iam_role.reader.arn }
    Action    = ["s3:GetObject"]
    Resource  = "${aws_s3_bucket.this.arn}/*"
  }]
})
""",
    references=("CKV_AWS_70", "FSBP S3.2", "FSBP S3.3", "PCI 7.2.1"),
    reads_sources=True,
)
def anybody(policy: Resource) -> Iterator[Fault]:
    """Whoever a bucket's policy allows something is named, or is of a named account."""
    for statement in statements_of(policy, "policy"):
        if not statement.allows or is_narrowed(statement):
            continue
        sid = f'statement "{statement.sid}"' if statement.sid else "a statement"
        if statement.is_for_anybody:
            yield policy.fault(f'{sid} allows Principal "*"', at="policy")
        elif statement.not_principals:
            yield policy.fault(f"{sid} allows all with NotPrincipal", at="policy")


@resource_rule(
    "S3-11",
    Severity.HIGH,
    "Another principal may administer a bucket",
    _POLICY,
    rationale="Roles of the account get such rights from IAM; in a bucket's policy they are for "
    "those of other accounts, who could take the bucket over.",
    remediation=_TLS,
    references=("FSBP S3.6", "PCI 7.2.2"),
    reads_sources=True,
)
def administered(policy: Resource) -> Iterator[Fault]:
    """No bucket policy allows an account to change policy, ACLs or encryption."""
    for statement in statements_of(policy, "policy"):
        if not statement.allows or not (statement.principals.keys() & {"AWS", "*"}):
            continue
        found = [item for item in statement.actions if _administers(item)]
        who = ", ".join(statement.principals.get("AWS", ("*",)))
        if found:
            yield policy.fault(f"it allows {who} {', '.join(found)}", at="policy")


def _administers(action: str) -> bool:
    return any(fnmatchcase(name, action.lower()) for name in _ADMINISTRATION)
