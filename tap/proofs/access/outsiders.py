"""Who is not of the account: somebody in another one, with every right that can be had there.

Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.proofs.access.model import Effect, Element, Kind, Policy, Statement
from tap.proofs.access.principals import Caller

if TYPE_CHECKING:
    from tap.proofs.access.facts import Facts

# AWS gives no account these ids, so that only what is open to everybody is open to it; LocalStack
# gives the first.
_STRANGERS = ("0" * 12, "9" * 12)
_PRINCIPAL = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(?P<account>\d{12})(?::(?P<rest>.+))?")

OWN_RIGHTS = Policy(
    name="of the other account",
    kind=Kind.IDENTITY,
    statements=(
        Statement(
            label="everything",
            effect=Effect.ALLOW,
            actions=Element(patterns=("*",)),
            resources=Element(patterns=("*",)),
        ),
    ),
)
"""What an outsider may do as far as its own account is asked."""


def outsiders(facts: Facts) -> tuple[Caller, ...]:
    """Return everybody outside of the account whom a policy names, and one whom none names."""
    named = {
        name
        for resource in facts.resources
        for statement in (resource.policy.statements if resource.policy else ())
        if statement.principals
        for name in statement.principals.aws
    }
    found = [_user(facts, next(account for account in _STRANGERS if account != facts.account))]
    for name in sorted(named):
        principal = _PRINCIPAL.fullmatch(name)
        if principal is None or principal["account"] == facts.account:
            continue
        account, rest = principal["account"], principal["rest"]
        found.append(
            _user(facts, account) if rest in {None, "root"} else Caller(arn=name, account=account)
        )
    return tuple(dict.fromkeys(found))


def _user(facts: Facts, account: str) -> Caller:
    return Caller(arn=f"arn:{facts.partition}:iam::{account}:user/outsider", account=account)
