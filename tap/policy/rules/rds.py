"""Rules of what databases are protected by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.production import is_production
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_INSTANCE = "aws_db_instance"
_CLUSTER = "aws_rds_cluster"

# Fewest days of backups, as AWS Config asks by default (db-instance-backup-enabled).
_BACKUP_DAYS = 7
# Authorities that AWS has withdrawn.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
_OLD_AUTHORITIES = ("rds-ca-2015", "rds-ca-2019")
# Names that every attacker tries first.
_DEFAULT_USERS = ("admin", "administrator", "postgres", "root", "sa", "user", "username")


def _is_replica(database: Resource) -> bool:
    return database.type == _INSTANCE and database.is_set("replicate_source_db")


def _is_off(database: Resource, name: str) -> Iterator[Fault]:
    """Yield a fault if something is not switched on; AWS leaves off what is not given."""
    if database.is_unknown(name) and not database.is_set(name):
        yield database.fault(f"{name} is not set")
    elif not database.flag(name):
        yield database.fault(database.quote(name), at=name)


@resource_rule(
    "RDS-01",
    Severity.CRITICAL,
    "A database can be reached from the internet",
    _INSTANCE,
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
    _INSTANCE,
    rationale="The default key of AWS has a policy that cannot be changed, so nobody can be kept "
    "from it and a snapshot cannot be shared with another account.",
    remediation="""\
resource "aws_db_instance" "this" {
  storage_encrypted = true
  kms_key_id        = aws_kms_key.this.arn
}
""",
    references=("CKV_AWS_16", "AWS-0080", "FSBP RDS.3", "PCI 3.5.1"),
)
def unencrypted_database(database: Resource) -> Iterator[Fault]:
    """Storage is encrypted, with a key that somebody has made."""
    # A replica takes key and encryption from its source.
    if _is_replica(database):
        return
    if not database.flag("storage_encrypted"):
        yield database.fault(database.quote("storage_encrypted"), at="storage_encrypted")
    elif not database.is_set("kms_key_id"):
        yield database.fault("kms_key_id is not set")


@resource_rule(
    "RDS-03",
    Severity.MEDIUM,
    "A database of production stands in one zone",
    _INSTANCE,
    rationale="When the zone fails, so does the database, and maintenance stops it.",
    remediation="""\
resource "aws_db_instance" "this" {
  multi_az = true
}
""",
    references=("CKV_AWS_157", "FSBP RDS.5"),
)
def single_zone(database: Resource) -> Iterator[Fault]:
    """In production, an instance has a standby in another zone; a replica may do without."""
    if is_production(database.planned) and not _is_replica(database):
        yield from _is_off(database, "multi_az")


@resource_rule(
    "RDS-04",
    Severity.MEDIUM,
    "A database of production can be deleted",
    _INSTANCE,
    _CLUSTER,
    rationale="One wrong apply, or one click, deletes it.",
    remediation="""\
resource "aws_db_instance" "this" {
  deletion_protection = true
}
""",
    references=("CKV_AWS_139", "CKV_AWS_293", "AWS-0177", "FSBP RDS.7", "FSBP RDS.8"),
)
def deletable(database: Resource) -> Iterator[Fault]:
    """In production, AWS refuses to delete a database."""
    if is_production(database.planned):
        yield from _is_off(database, "deletion_protection")


@resource_rule(
    "RDS-05",
    Severity.MEDIUM,
    "A database takes passwords only",
    _INSTANCE,
    _CLUSTER,
    rationale="A password is copied and kept; a token of IAM is good for 15 minutes and for one "
    "user.",
    remediation="""\
resource "aws_db_instance" "this" {
  iam_database_authentication_enabled = true
}
""",
    references=("CKV_AWS_161", "CKV_AWS_162", "AWS-0176", "FSBP RDS.10", "FSBP RDS.12"),
)
def passwords_only(database: Resource) -> Iterator[Fault]:
    """Users can log in by IAM, where the engine can."""
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    computed = database.is_unknown("engine") and not database.is_set("engine")
    engine = "" if computed else database.text("engine") or ""
    if not engine.startswith(("oracle", "sqlserver", "db2", "custom")):
        yield from _is_off(database, "iam_database_authentication_enabled")


@resource_rule(
    "RDS-06",
    Severity.HIGH,
    "A database has no backups, or not for long",
    _INSTANCE,
    _CLUSTER,
    rationale="A fault that is noticed after the last backup has gone cannot be undone.",
    remediation="""\
resource "aws_db_instance" "this" {
  backup_retention_period = 35
}
""",
    references=("CKV_AWS_133", "AWS-0077", "FSBP RDS.11"),
)
def backups(database: Resource) -> Iterator[Fault]:
    """Backups are kept a week in production, a day elsewhere; a replica needs none."""
    if _is_replica(database):
        return
    if database.is_unknown("backup_retention_period") and not database.is_set(
        "backup_retention_period"
    ):
        yield database.fault("backup_retention_period is not set")
        return
    least = _BACKUP_DAYS if is_production(database.planned) else 1
    if (database.number("backup_retention_period") or 0) < least:
        quoted = database.quote("backup_retention_period")
        yield database.fault(f"{quoted} is less than {least}", at="backup_retention_period")


@resource_rule(
    "RDS-07",
    Severity.LOW,
    "A database does not get minor upgrades",
    _INSTANCE,
    rationale="Known holes of the engine stay open until somebody thinks of them.",
    remediation="""\
resource "aws_db_instance" "this" {
  auto_minor_version_upgrade = true
}
""",
    references=("CKV_AWS_226", "FSBP RDS.13", "PCI 6.3.3"),
)
def no_minor_upgrades(database: Resource) -> Iterator[Fault]:
    """Minor versions are upgraded in the maintenance window."""
    yield from _is_off(database, "auto_minor_version_upgrade")


@resource_rule(
    "RDS-08",
    Severity.MEDIUM,
    "A database has a certificate of an authority that is no more",
    _INSTANCE,
    rationale="Clients that check the certificate refuse to connect, so it is the check that goes.",
    remediation="""\
resource "aws_db_instance" "this" {
  ca_cert_identifier = "rds-ca-rsa2048-g1"
}
""",
    references=("CKV_AWS_211", "PCI 4.2.1"),
)
def old_authority(database: Resource) -> Iterator[Fault]:
    """The certificate is of an authority in use; without a choice AWS takes one."""
    name = "ca_cert_identifier"
    chosen = not database.is_unknown(name) or database.is_set(name)
    if chosen and database.text(name) in _OLD_AUTHORITIES:
        yield database.fault(database.quote(name), at=name)


@resource_rule(
    "RDS-09",
    Severity.LOW,
    "Snapshots of a database have no tags",
    _INSTANCE,
    _CLUSTER,
    rationale="Nobody can tell whose a snapshot is, and rules by tags do not hold for it.",
    remediation="""\
resource "aws_db_instance" "this" {
  copy_tags_to_snapshot = true
}
""",
    references=("CKV_AWS_313", "CKV2_AWS_60", "FSBP RDS.16", "FSBP RDS.17"),
)
def untagged_snapshots(database: Resource) -> Iterator[Fault]:
    """Snapshots get the tags of their database."""
    yield from _is_off(database, "copy_tags_to_snapshot")


@resource_rule(
    "RDS-10",
    Severity.LOW,
    "The administrator of a database has the name that all have",
    _INSTANCE,
    _CLUSTER,
    rationale="Half of what is needed to log in is known.",
    remediation="""\
resource "aws_db_instance" "this" {
  username = "payments_owner"
}
""",
    references=("FSBP RDS.24", "FSBP RDS.25", "PCI 2.2.2"),
)
def default_user(database: Resource) -> Iterator[Fault]:
    """The administrator's name is not the engine's default."""
    name = "master_username" if database.type == _CLUSTER else "username"
    # A restored database and a replica bring their users along.
    if database.is_unknown(name) and not database.is_set(name):
        return
    if (database.text(name) or "").lower() in _DEFAULT_USERS:
        yield database.fault(database.quote(name), at=name)
