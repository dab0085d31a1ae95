"""Rules of what policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.iam_actions import Use, can_be_bound, uses
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.policies import Statement
    from tap.policy.values import Values

POLICIES = (
    "aws_iam_group_policy",
    "aws_iam_policy",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_user_policy",
)
_ATTACHMENTS = (
    "aws_iam_group_policy_attachment",
    "aws_iam_policy_attachment",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
)
_ADMINISTRATOR = "policy/AdministratorAccess"
_ONE_THING = """\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect   = "Allow"
    Action   = ["s3:GetObject"]
    Resource = "${aws_s3_bucket.this.arn}/uploads/*"
  }]
})
"""


def allowed(resource: Resource) -> Iterator[tuple[Values, Statement]]:
    """Yield what a policy, or a role with policies inside, allows."""
    holders: tuple[Values, ...] = (resource,)
    if resource.type == "aws_iam_role":
        # Not given and not known before apply is the same to Terraform.
        if resource.is_unknown("inline_policy") and not resource.is_set("inline_policy"):
            return
        holders = resource.blocks("inline_policy")
    for holder in holders:
        for statement in statements_of(holder, "policy"):
            if statement.allows:
                yield holder, statement


def _name(statement: Statement) -> str:
    return f'statement "{statement.sid}"' if statement.sid else "a statement"


def _is_unbound(statement: Statement) -> bool:
    """Tell whether neither resource nor condition narrows a statement."""
    return "*" in statement.resources and not statement.conditions


def _for_everything(resource: Resource, use: Use) -> Iterator[Fault]:
    """Yield the statements that allow something of one kind on every resource."""
    for holder, statement in allowed(resource):
        found = [action for action in statement.actions if action != "*" and use in uses(action)]
        if found and _is_unbound(statement):
            yield holder.fault(
                f'{_name(statement)} allows {", ".join(found)} on "*": it can {use.value}',
                at="policy",
            )


@resource_rule(
    "IAM-01",
    Severity.CRITICAL,
    "A policy makes an administrator",
    *POLICIES,
    *_ATTACHMENTS,
    rationale="Whoever gets into one instance of the workload then owns the account.",
    remediation=_ONE_THING,
    references=("CKV_AWS_62", "CKV_AWS_63", "AWS-0057", "FSBP IAM.1", "PCI 7.2.2"),
    reads_sources=True,
)
def administrator(resource: Resource) -> Iterator[Fault]:
    """No policy allows every action."""
    if resource.type in _ATTACHMENTS:
        if _ADMINISTRATOR in (resource.text("policy_arn") or ""):
            yield resource.fault(resource.quote("policy_arn"), at="policy_arn")
        return
    for holder, statement in allowed(resource):
        if {"*", "*:*"}.intersection(statement.actions):
            yield holder.fault(f'{_name(statement)} allows Action "*"', at="policy")
        elif statement.not_actions:
            found = ", ".join(statement.not_actions)
            yield holder.fault(f"{_name(statement)} allows all but {found}", at="policy")


@resource_rule(
    "IAM-02",
    Severity.HIGH,
    "A policy allows every action of a service",
    *POLICIES,
    rationale="It allows to delete what it was to read, and every action that AWS will add.",
    remediation=_ONE_THING,
    references=("AWS-0057", "FSBP IAM.21", "PCI 7.2.2"),
    reads_sources=True,
)
def every_action(resource: Resource) -> Iterator[Fault]:
    """Actions are named, or are all of one kind, such as Describe."""
    for holder, statement in allowed(resource):
        found = [item for item in statement.actions if item.endswith(":*") and item != "*:*"]
        if found:
            yield holder.fault(f"{_name(statement)} allows {', '.join(found)}", at="policy")


@resource_rule(
    "IAM-03",
    Severity.MEDIUM,
    "A policy is for every resource",
    *POLICIES,
    rationale="An action that could be bound to the resources of the stack is allowed on those "
    "of all others too.",
    remediation=_ONE_THING,
    references=("CKV_AWS_355", "CKV_AWS_356", "CKV_AWS_290", "AWS-0057", "PCI 7.2.2"),
    reads_sources=True,
)
def every_resource(resource: Resource) -> Iterator[Fault]:
    """What can be bound to a resource is, or to a condition."""
    for holder, statement in allowed(resource):
        found = [item for item in statement.actions if item != "*" and can_be_bound(item)]
        if found and _is_unbound(statement):
            yield holder.fault(f'{_name(statement)} allows {", ".join(found)} on "*"', at="policy")
        elif statement.not_resources and not statement.conditions:
            but = ", ".join(statement.not_resources)
            yield holder.fault(f"{_name(statement)} is for every resource but {but}", at="policy")


@resource_rule(
    "IAM-04",
    Severity.HIGH,
    "A principal can give itself more rights",
    *POLICIES,
    rationale="With one of these actions on every resource, a principal becomes whatever it likes.",
    remediation="""\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect    = "Allow"
    Action    = ["iam:PassRole"]
    Resource  = aws_iam_role.task.arn
    Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
  }]
})
""",
    references=("CKV_AWS_286", "PCI 7.2.2"),
    reads_sources=True,
)
def escalation(resource: Resource) -> Iterator[Fault]:
    """No policy allows to change rights on every resource."""
    yield from _for_everything(resource, Use.ESCALATION)


@resource_rule(
    "IAM-05",
    Severity.HIGH,
    "A principal can get credentials of others",
    *POLICIES,
    rationale="Credentials of another principal are its rights, under a name that hides who used "
    "them.",
    remediation=_ONE_THING,
    references=("CKV_AWS_287", "PCI 7.2.2"),
    reads_sources=True,
)
def credentials(resource: Resource) -> Iterator[Fault]:
    """No policy allows to make or take credentials on every resource."""
    yield from _for_everything(resource, Use.CREDENTIALS)


@resource_rule(
    "IAM-06",
    Severity.HIGH,
    "A principal can take all data out",
    *POLICIES,
    rationale="One stolen credential is enough to read every bucket, secret and snapshot.",
    remediation=_ONE_THING,
    references=("CKV_AWS_288", "PCI 7.2.2"),
    reads_sources=True,
)
def exfiltration(resource: Resource) -> Iterator[Fault]:
    """Data is read from named resources."""
    yield from _for_everything(resource, Use.EXFILTRATION)


@resource_rule(
    "IAM-07",
    Severity.HIGH,
    "A principal can change who may do what",
    *POLICIES,
    rationale="Who may rewrite the policy of any bucket or key, or open any group, needs no other "
    "right.",
    remediation=_ONE_THING,
    references=("CKV_AWS_289", "PCI 7.2.2"),
    reads_sources=True,
)
def permissions(resource: Resource) -> Iterator[Fault]:
    """Policies and groups are changed on named resources."""
    yield from _for_everything(resource, Use.PERMISSIONS)
