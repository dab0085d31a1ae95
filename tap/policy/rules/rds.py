"""Rules of databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource


@resource_rule(
    "RDS-01",
    Severity.CRITICAL,
    "A database can be reached from the internet",
    "aws_db_instance",
    rationale="A public address makes the database's own password the only protection.",
    remediation="""\
resource "aws_db_instance" "this" {
  publicly_accessible = false
}
""",
    references=("CKV_AWS_17", "AWS-0180", "FSBP RDS.2", "PCI 1.4.4"),
)
def public_database(database: Resource) -> Iterator[Fault]:
    """No instance has a public address."""
    if database.flag("publicly_accessible"):
        yield database.fault(database.quote("publicly_accessible"), at="publicly_accessible")


@resource_rule(
    "RDS-02",
    Severity.HIGH,
    "A database is not encrypted with a key of its own",
    "aws_db_instance",
    rationale="The default key of AWS has a policy that cannot be changed, so nobody can be kept "
    "from it and a snapshot cannot be shared with another account.",
    remediation="""\
resource "aws_db_instance" "this" {
  storage_encrypted = true
  kms_key_id        = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_16", "FSBP RDS.3", "PCI 3.5.1"),
)
def unencrypted_database(database: Resource) -> Iterator[Fault]:
    """Storage is encrypted, with a key that somebody has made."""
    # A replica takes key and encryption from its source.
    if database.is_set("replicate_source_db"):
        return
    if not database.flag("storage_encrypted"):
        yield database.fault(database.quote("storage_encrypted"), at="storage_encrypted")
    elif not database.is_set("kms_key_id"):
        yield database.fault("kms_key_id is not set")
