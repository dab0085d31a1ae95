"""Who there is and what there is: the same facts from a plan and from a live account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tap.errors import PolicyError
from tap.proofs.access.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.proofs.access.model import Policy

_T = TypeVar("_T")

# By the word for a kind: all ARNs of it in a partition. No request leaves its partition.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
ARNS = {
    "bucket": "arn:{}:s3:::*",
    "dbuser": "arn:{}:rds-db:*:*:dbuser:*",
    "function": "arn:{}:lambda:*:*:function:*",
    "key": "arn:{}:kms:*:*:key/*",
    "queue": "arn:{}:sqs:*:*:*",
    "role": "arn:{}:iam::*:role/*",
    "secret": "arn:{}:secretsmanager:*:*:secret:*",
    "topic": "arn:{}:sns:*:*:*",
}
# What a policy of the resource must allow, since allowing by IAM alone is not enough:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
GUARDED_BY_POLICY = {"key": "kms:", "role": "sts:"}
"""By kind: the beginning of the actions that its policy must allow."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role with everything that says what it may do.

    Attributes:
        arn: Its ARN.
        policies: Inline and attached ones.
        boundary: Its permissions boundary, if it has one.
    """

    name: str
    arn: str
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something that is accessed, with the policy that it carries itself.

    Attributes:
        kind: One of the words in ``ARNS``.
        names: What it is known by: its name, alias, tag or address.
        arn: Its ARN; from a plan it may have an address in place of what AWS will choose.
        account: The account that owns it.
        policy: None if it carries none. Roles carry their trust policy.
    """

    kind: str
    names: tuple[str, ...]
    arn: str
    account: str
    policy: Policy | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """Patterns of its own ARN and of what is inside it."""
        if self.kind == "dbuser":
            return (f"{self.arn}/*",)
        return (self.arn, f"{self.arn}/*") if self.kind == "bucket" else (self.arn,)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known about access in an environment."""

    account: str
    roles: tuple[Role, ...] = ()
    resources: tuple[Resource, ...] = ()

    @cached_property
    def partition(self) -> str:
        """The partition that everything is in, such as ``aws``."""
        known = [*(role.arn for role in self.roles), *(item.arn for item in self.resources)]
        return known[0].split(":")[1] if known else "aws"

    def all_of(self, kind: str) -> str:
        """Return the pattern of all ARNs of a kind."""
        return ARNS[kind].format(self.partition)

    def at(self, arn: str) -> Resource | None:
        """Return the resource that has an ARN, or that this is inside of; None for no known one."""
        if arn not in self._by_arn:
            self._by_arn[arn] = next(
                (
                    resource
                    for resource in self.resources
                    if any(matches(pattern, arn) for pattern in resource.patterns)
                ),
                None,
            )
        return self._by_arn[arn]

    @cached_property
    def _by_arn(self) -> dict[str, Resource | None]:
        """What ``at`` has found already."""
        return {}

    def role(self, name: str) -> Role:
        """Return a role by its ARN, its name, or the end of its name after a dash.

        Raises:
            PolicyError: There is none, or more than one.
        """
        found = [role for role in self.roles if name in {role.arn, role.name}]
        found = found or [role for role in self.roles if role.name.endswith(f"-{name}")]
        return _one(found, f"role {name!r}", (role.name for role in self.roles))

    def resource(self, kind: str, name: str) -> Resource:
        """Return a resource by its ARN, one of its names, or a part of a name between dashes.

        Raises:
            PolicyError: There is none, or more than one.
        """
        known = [resource for resource in self.resources if resource.kind == kind]
        found = [each for each in known if name in {each.arn, *each.names}]
        found = found or [
            each for each in known if any(text.endswith(f"-{name}") for text in each.names)
        ]
        found = found or [
            each for each in known if any(f"-{name}-" in f"-{text}-" for text in each.names)
        ]
        return _one(found, f"{kind} {name!r}", (each.names[0] for each in known))


def _one(found: list[_T], what: str, known: Iterable[str]) -> _T:
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(known)) or "none"
    raise PolicyError(
        f"{'more than one' if found else 'no'} {what}; there are: {names}",
        "write the whole name",
    )
