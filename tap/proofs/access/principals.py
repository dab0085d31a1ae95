"""Who asks, and whether a statement of a resource's policy is about them.

Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tap.proofs.access.model import Effect

if TYPE_CHECKING:
    from tap.proofs.access.conditions import Tri
    from tap.proofs.access.model import Principals, Statement

_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?(\d{12})(?::root)?")


class Reach(Enum):
    """How a resource's policy grants, and so what limits it.

    ``DIRECT`` is to the session, the user, the service or everybody: the permissions boundary
    does not limit it. ``ROLE`` is to the role: the boundary does. ``ACCOUNT`` is to the account,
    which leaves the decision to the policies of its identities.
    """

    DIRECT = "direct"
    ROLE = "role"
    ACCOUNT = "account"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a role in a session, a user, a service of AWS, or nobody known.

    Attributes:
        arn: Of the role or user; empty for others.
        account: Its account; empty for others.
        service: Such as ``ec2.amazonaws.com``; empty for others.
        session: The ARN of the role's session, if it matters.
    """

    arn: str = ""
    account: str = ""
    service: str = ""
    session: str = ""

    @property
    def is_role(self) -> bool:
        """Whether it is a role."""
        return ":role/" in self.arn

    def __str__(self) -> str:
        """Name it."""
        return self.arn or self.service or "anybody"


def reaches(statement: Statement, caller: Caller, *, bounded: bool) -> tuple[Reach, Tri]:
    """Tell whether a statement names a caller, and how.

    Args:
        statement: One with principals.
        caller: Who asks.
        bounded: Whether the caller has a permissions boundary.
    """
    principals = statement.principals
    if principals is None:
        return Reach.DIRECT, True
    if principals.negated:
        return Reach.DIRECT, _is_not_excepted(principals, caller, statement.effect, bounded)
    for reach in (Reach.DIRECT, Reach.ROLE, Reach.ACCOUNT):
        if any(_names(principals, caller, reach)):
            return reach, True
    return Reach.DIRECT, False


def _names(principals: Principals, caller: Caller, reach: Reach) -> tuple[bool, ...]:
    if reach is Reach.ACCOUNT:
        accounts = (_ACCOUNT.fullmatch(name) for name in principals.aws)
        return tuple(found[1] == caller.account for found in accounts if found)
    if reach is Reach.ROLE:
        return (bool(caller.arn) and caller.arn in principals.aws,)
    return (
        "*" in principals.aws,
        bool(caller.service) and bool({"*", caller.service} & set(principals.services)),
        bool(caller.session) and caller.session in principals.aws,
        bool(caller.arn) and not caller.is_role and caller.arn in principals.aws,
    )


def _is_not_excepted(
    principals: Principals,
    caller: Caller,
    effect: Effect,
    bounded: bool,  # noqa: FBT001 - private
) -> Tri:
    """Tell whether everybody but the principals includes the caller.

    A denial spares only whose account and role are both named, and the session too; and nobody
    with a permissions boundary. So what is named in part only is not certain.
    """
    if bounded and effect is Effect.DENY:
        return True
    if caller.service or not caller.arn:
        return not any(_names(principals, caller, Reach.DIRECT))
    named = [
        any(_names(principals, caller, Reach.ACCOUNT)),
        any(_names(principals, caller, Reach.ROLE if caller.is_role else Reach.DIRECT)),
    ]
    if "*" in principals.aws:
        return False
    if caller.is_role:
        named.append(any(_names(principals, caller, Reach.DIRECT)))
    if effect is Effect.DENY:
        return False if all(named) else (None if named[1] and named[0] else True)
    return True if not any(named) else (False if all(named[:2]) else None)
