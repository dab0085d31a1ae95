"""Rules of roles: who may assume them, who does, and what none of them needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.iam_actions import is_admin_like
from tap.policy.policies import is_narrowed
from tap.policy.rule import Severity, resource_rule
from tap.policy.rules.iam import POLICIES, allowed
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource

_ROLE = "aws_iam_role"
_ACCOUNT = re.compile(r"\d{12}|arn:[a-z-]+:iam::\d{12}:root")
# Arguments that say what a role may do or who it belongs to, not that something assumes it.
_ABOUT = (
    "aws_iam_policy_attachment",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
)
_TRUST = """\
assume_role_policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRole"
    Principal = { Service = "ec2.amazonaws.com" }
  }]
})
"""


@resource_rule(
    "IAM-08",
    Severity.CRITICAL,
    "Anybody may assume a role",
    _ROLE,
    rationale="A role that trusts every principal, or every one of an account, is as safe as the "
    "least careful of them.",
    remediation=_TRUST,
    references=("CKV_AWS_60", "CKV_AWS_61", "PCI 7.2.1", "PCI 7.2.2"),
    reads_sources=True,
)
def wide_trust(role: Resource) -> Iterator[Fault]:
    """A role trusts services or named principals, others only under a condition."""
    for statement in statements_of(role, "assume_role_policy"):
        if not statement.allows:
            continue
        wide = [
            f"{kind} *" for kind in ("*", "Service") if "*" in statement.principals.get(kind, ())
        ]
        named = statement.principals.get("AWS", ())
        wide += [f"AWS {name}" for name in named if name == "*" or _ACCOUNT.fullmatch(name)]
        bound = is_narrowed(statement) or any(
            key.lower() in {"sts:externalid", "aws:multifactorauthpresent"}
            for keys in statement.conditions.values()
            for key in keys
        )
        if wide and not bound:
            yield role.fault(f"it trusts {', '.join(wide)}", at="assume_role_policy")


def _is_for_services(role: Resource) -> bool:
    """Tell whether services alone may assume a role, and nobody from outside."""
    trusted = [item for item in statements_of(role, "assume_role_policy") if item.allows]
    return all(statement.principals.keys() == {"Service"} for statement in trusted)


@resource_rule(
    "IAM-09",
    Severity.LOW,
    "Nothing assumes a role",
    _ROLE,
    rationale="It is a set of rights that waits for somebody to find it.",
    remediation="""\
resource "aws_iam_instance_profile" "this" {
  role = aws_iam_role.this.name
}
""",
    references=("PCI 7.2.5",),
    reads_sources=True,
)
def idle_role(role: Resource) -> Iterator[Fault]:
    """Every role that services may assume is given to one in the plan, or is an output."""
    if not _is_for_services(role):
        return
    used, possible = role.planned.once(_used)
    if role.address in used:
        return
    if role.address in possible:
        user = possible[role.address]
        raise UnknownValueError(role.address, f"whether {user} is given it")
    yield role.fault(f"nothing in the plan is given {role.quote('name')}", at="name")


def _used(plan: Planned) -> tuple[set[str], dict[str, str]]:
    """Return the addresses of everything that is given to something in an argument for roles."""
    used: set[str] = set()
    possible: dict[str, str] = {}
    for name in plan.plan.configuration.root_module.outputs:
        used |= plan.links.of_output(name).addresses
    for user in plan.resources():
        if user.type in _ABOUT or user.configuration is None:
            continue
        for path in _role_paths(user.configuration.expressions):
            link = plan.links.of(user, path)
            if link.certain:
                used |= link.addresses
            else:
                possible.update(dict.fromkeys(link.addresses, user.address))
    return used, possible


def _role_paths(tree: object) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of all arguments whose name says that they take a role."""
    pairs: list[tuple[str | int, object]] = []
    if isinstance(tree, dict):
        pairs = list(tree.items())
    elif isinstance(tree, list):
        pairs = list(enumerate(tree))
    for step, inner in pairs:
        if isinstance(step, str) and "role" in step:
            yield (step,)
        elif isinstance(inner, list) or (isinstance(inner, dict) and "references" not in inner):
            for rest in _role_paths(inner):
                yield (step, *rest)


@resource_rule(
    "IAM-10",
    Severity.HIGH,
    "A workload may do what only administrators need",
    *POLICIES,
    rationale="No instance, function or replication needs to make users, share snapshots, delete "
    "keys or stop logs, so whoever uses such a right is an intruder.",
    remediation=_TRUST.replace("assume_role_policy", "policy")
    .replace('Action    = "sts:AssumeRole"', 'Action    = ["logs:PutLogEvents"]')
    .replace(
        'Principal = { Service = "ec2.amazonaws.com" }',
        'Resource  = "${aws_cloudwatch_log_group.this.arn}:*"',
    ),
    references=("PCI 7.2.1", "PCI 7.2.5"),
    reads_sources=True,
)
def needless(resource: Resource) -> Iterator[Fault]:
    """What services assume is not allowed to administer, on whatever resource."""
    role = resource if resource.type == _ROLE else _role_of(resource)
    if role is None or not _is_for_services(role):
        return
    for holder, statement in allowed(resource):
        # IAM-01 has what allows everything.
        found = [item for item in statement.actions if item != "*" and is_admin_like(item)]
        if found:
            yield holder.fault(f"it allows {', '.join(found)}", at="policy")


def _role_of(policy: Resource) -> Resource | None:
    """Return a role that has a policy; None if it is for others, or for nobody in the plan."""
    if policy.type == "aws_iam_role_policy":
        return policy.target("role", _ROLE)
    if policy.type != "aws_iam_policy":
        return None
    attachments = policy.planned.users(policy, "aws_iam_role_policy_attachment", "policy_arn")
    return next((role for item in attachments if (role := item.target("role", _ROLE))), None)
