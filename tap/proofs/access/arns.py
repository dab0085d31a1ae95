"""ARNs of planned resources, also of those that AWS has not made yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap.proofs.access.planned import Planned

# By type: the attribute with the name, the service, and how the ARN ends. Without an attribute AWS
# chooses the end.
_NAMED = {
    "aws_lambda_function": ("function_name", "lambda", "function:{}"),
    "aws_kms_key": ("", "kms", "key/{}"),
    "aws_sns_topic": ("name", "sns", "{}"),
    "aws_sqs_queue": ("name", "sqs", "{}"),
}


@dataclass(frozen=True, kw_only=True)
class Arns:
    """Where ARNs are made.

    Attributes:
        account: The account's id.
        region: That of the default provider; of another provider's it is not known.
    """

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition that the region belongs to."""
        return "aws-cn" if self.region.startswith("cn-") else "aws"

    def of(self, item: Planned) -> str | None:
        """Return the ARN of a resource; None for types that are not known here.

        What AWS will choose is the resource's address in braces.
        """
        kind = item.change.type
        if known := item.get("arn"):
            return str(known)
        if kind == "aws_s3_bucket":
            return f"arn:{self.partition}:s3:::{item.get('bucket') or stand_in(item)}"
        if kind == "aws_iam_role":
            path, name = item.get("path") or "/", item.get("name") or stand_in(item)
            return f"arn:{self.partition}:iam::{self.account}:role{path}{name}"
        if kind in _NAMED:
            attribute, service, end = _NAMED[kind]
            return self._regional(item, service, end.format(item.get(attribute) or stand_in(item)))
        if kind == "aws_secretsmanager_secret":
            end = f"secret:{item.get('name') or ''}-{stand_in(item)}"
            return self._regional(item, "secretsmanager", end)
        return None

    def of_master_secret(self, database: Planned) -> str:
        """Return the ARN of the secret that RDS makes for a database."""
        made = database.get("master_user_secret") or ()
        known = (each.get("secret_arn") for each in made)
        return next(filter(None, known), None) or self._regional(
            database, "secretsmanager", f"secret:rds!db-{stand_in(database)}"
        )

    def of_database_users(self, database: Planned) -> str:
        """Return the ARN that those of a database's users begin with.

        Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
        """
        made = database.get("resource_id") or stand_in(database, "resource_id")
        return self._regional(database, "rds-db", f"dbuser:{made}")

    def _regional(self, item: Planned, service: str, end: str) -> str:
        region = self.region if item.in_default_region else "*"
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{end}"


def stand_in(item: Planned, attribute: str = "") -> str:
    """Return what takes the place of a value that AWS will choose."""
    return "{" + item.address + (f".{attribute}" if attribute else "") + "}"
