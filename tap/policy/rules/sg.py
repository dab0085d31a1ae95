"""Rules of security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_ANYWHERE = ("0.0.0.0/0", "::/0")
_SSH = 22
_INGRESS = "aws_vpc_security_group_ingress_rule"
_EGRESS = "aws_vpc_security_group_egress_rule"


def _opens(rule: Resource, port: int) -> bool:
    """Tell whether a rule opens a port; protocol -1 is every port."""
    if rule.text("ip_protocol") == "-1":
        return True
    first, last = rule.number("from_port"), rule.number("to_port")
    return first is not None and last is not None and first <= port <= last


@resource_rule(
    "SG-01",
    Severity.CRITICAL,
    "SSH is open to the world",
    _INGRESS,
    rationale="Every address of the internet may try passwords and keys, and the next fault of "
    "the server is theirs.",
    remediation="""\
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  cidr_ipv4   = "203.0.113.0/24"
  ip_protocol = "tcp"
  from_port   = 22
  to_port     = 22
}
""",
    references=("CKV_AWS_24", "AWS-0107", "FSBP EC2.13", "PCI 1.3.1"),
)
def open_ssh(rule: Resource) -> Iterator[Fault]:
    """Port 22 is opened to named networks only."""
    for name in ("cidr_ipv4", "cidr_ipv6"):
        if rule.text(name) in _ANYWHERE and _opens(rule, _SSH):
            yield rule.fault(f"port {_SSH} is open to {rule.quote(name)}", at=name)


@resource_rule(
    "SG-02",
    Severity.MEDIUM,
    "A security group has no rule",
    "aws_security_group",
    rationale="Whatever is in it can neither be reached nor reach anything, so either the group is "
    "not needed or its rules are attached to another one.",
    remediation="""\
resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.this.id
  ...
}
""",
)
def empty_group(group: Resource) -> Iterator[Fault]:
    """Each group has a rule, inside its block or as a resource of its own."""
    inside = any(not group.is_unknown(name) and group.get(name) for name in ("ingress", "egress"))
    if inside or any(
        any(group.planned.users(group, kind, "security_group_id"))
        for kind in (_INGRESS, _EGRESS, "aws_security_group_rule")
    ):
        return
    yield group.fault(f"{group.quote('name')} has no rule")
