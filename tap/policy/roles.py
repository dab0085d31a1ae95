"""What roles of a plan may do, by their own policies and by those attached to them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.policies import Statement
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tap.policy.planned import Resource

_POLICY = "aws_iam_policy"


def allows(role: Resource, action: str, *, managed: Collection[str] = ()) -> bool:
    """Tell whether a role may do something, on whatever resource.

    Args:
        role: A planned ``aws_iam_role``.
        action: Such as ``logs:PutLogEvents``.
        managed: Names of policies of AWS that allow it.

    Raises:
        UnknownValueError: The answer would be no, but a policy cannot be read before apply.
    """
    unread: UnknownValueError | None = None
    for policy in (role, *_policies(role)):
        try:
            if isinstance(policy, str):
                if policy.rpartition("/")[2] in managed:
                    return True
            elif any(_grants(statement, action) for statement in _statements(policy)):
                return True
        except UnknownValueError as error:
            unread = error
    if unread is not None:
        raise UnknownValueError(role.address, f"whether it allows {action}")
    return False


def _policies(role: Resource) -> Iterator[Resource | str]:
    """Yield the policies of a role: planned ones, and the ARNs of others."""
    planned = role.planned
    yield from planned.users(role, "aws_iam_role_policy", "role")
    for attachment in planned.users(role, "aws_iam_role_policy_attachment", "role"):
        policy = attachment.target("policy_arn", _POLICY)
        yield policy or attachment.text("policy_arn") or ""
    if not role.is_unknown("managed_policy_arns"):
        yield from role.get("managed_policy_arns") or ()


def _statements(policy: Resource) -> Iterator[Statement]:
    if policy.type != "aws_iam_role":
        try:
            yield from statements_of(policy, "policy")
        except UnknownValueError:
            yield from _written(policy)
        return
    # Not given and not known before apply is the same to Terraform.
    if not policy.is_unknown("inline_policy") or policy.is_set("inline_policy"):
        for block in policy.blocks("inline_policy"):
            yield from statements_of(block, "policy")


def _written(policy: Resource) -> Iterator[Statement]:
    """Yield effect and actions of statements that name what is not known yet, as written.

    Raises:
        UnknownValueError: They are not written out.
    """
    block = policy.planned.block(policy)
    expression = block.attributes.get("policy") if block else None
    document = expression.items[0] if expression and expression.items else None
    listed = document.entries.get("Statement") if document else None
    if expression is None or expression.function != "jsonencode" or listed is None:
        raise UnknownValueError(policy.address, "policy")
    for item in listed.items or (listed,):
        effect, actions = item.entries.get("Effect"), item.entries.get("Action")
        if effect is None or actions is None or not actions.is_literal:
            raise UnknownValueError(policy.address, "policy")
        found = actions.value if isinstance(actions.value, list) else [actions.value]
        yield Statement(effect=str(effect.value), actions=tuple(map(str, found)))


def _grants(statement: Statement, action: str) -> bool:
    return statement.allows and any(
        fnmatchcase(action.lower(), pattern.lower()) for pattern in statement.actions
    )
