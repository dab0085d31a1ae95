"""Short ways to write policies, roles and facts."""

from __future__ import annotations

from typing import Any

from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.parse import parse_policy

ACCOUNT = "111122223333"
OTHER = "444455556666"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1"
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"
BUCKET = "arn:aws:s3:::data"
OBJECT = f"{BUCKET}/a.txt"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"


def statement(effect: str, action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Any:
    """Return a statement; ``Condition`` and ``Principal`` by name."""
    found = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {key: value for key, value in found.items() if value is not None}


def policy(*statements: Any, kind: Kind = Kind.IDENTITY, version: str = "2012-10-17") -> Policy:
    """Return a policy of some statements."""
    document = {"Version": version, "Statement": list(statements)}
    return parse_policy(document, name="test", kind=kind)


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Policy:
    """Return a policy of an identity that allows something."""
    return policy(statement("Allow", action, resource, **more))


def deny(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Policy:
    """Return a policy of an identity that denies something."""
    return policy(statement("Deny", action, resource, **more))


def attached(*statements: Any) -> Policy:
    """Return a policy of a resource."""
    return policy(*statements, kind=Kind.RESOURCE)
