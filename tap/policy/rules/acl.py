"""Rules of network ACLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.acls import ACLS, EVERY_PORT, RULE, ends, entries, entries_of, is_allowed
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.acls import Entry
    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_ADMINISTRATION = (20, 21, 22, 3389)
# Linux takes the port of a connection from 32768 to 60999, Windows and what else follows IANA from
# 49152: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
_ANSWER_PORTS = (32768, 49152, 60999)
# A range that is wider is for answers itself: no service listens on so many ports.
_MOST_SERVICES = 1000


@resource_rule(
    "ACL-01",
    Severity.LOW,
    "No subnet uses a network ACL",
    "aws_network_acl",
    rationale="Somebody believes that it protects a subnet, which has the default ACL instead.",
    remediation="""\
resource "aws_network_acl" "private" {
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}
""",
    references=("CKV2_AWS_1", "FSBP EC2.16", "PCI 1.2.7"),
)
def unused_acl(acl: Resource) -> Iterator[Fault]:
    """Each ACL is that of a subnet."""
    if any(acl.planned.users(acl, "aws_network_acl_association", "network_acl_id")):
        return
    if not acl.is_set("subnet_ids"):
        yield acl.fault("subnet_ids is empty, and no association names it", at="subnet_ids")


@resource_rule(
    "ACL-02",
    Severity.HIGH,
    "A network ACL lets the world in on ports of administration",
    *ACLS,
    RULE,
    rationale="The ACL is what is left when a security group is opened by mistake; it has to "
    "refuse SSH, FTP and Remote Desktop from everywhere.",
    remediation="""\
resource "aws_network_acl_rule" "ssh" {
  rule_action = "allow"
  protocol    = "tcp"
  cidr_block  = "203.0.113.0/24"
  from_port   = 22
  to_port     = 22
}
""",
    references=(
        "CKV_AWS_229",
        "CKV_AWS_230",
        "CKV_AWS_231",
        "CKV_AWS_232",
        "AWS-0105",
        "FSBP EC2.21",
        "PCI 1.3.1",
    ),
)
def open_administration(resource: Resource) -> Iterator[Fault]:
    """Ports 20 to 22 and 3389 are allowed from named networks only."""
    for entry in entries(resource):
        if entry.is_egress or not entry.allows or not entry.is_for_anywhere:
            continue
        # ACL-03 has rules without any port.
        if not entry.is_for_all_protocols:
            found = [str(port) for port in _ADMINISTRATION if port in entry.ports]
            if found:
                quoted = entry.values.quote(entry.network_argument)
                yield entry.fault(f"ports {', '.join(found)} are open to {quoted}")


@resource_rule(
    "ACL-03",
    Severity.HIGH,
    "A network ACL lets everything in",
    *ACLS,
    RULE,
    rationale="An ACL that allows all ports is none.",
    remediation="""\
resource "aws_network_acl_rule" "https" {
  rule_action = "allow"
  protocol    = "tcp"
  cidr_block  = "0.0.0.0/0"
  from_port   = 443
  to_port     = 443
}
""",
    references=("CKV_AWS_352", "AWS-0102", "PCI 1.3.1"),
)
def open_acl(resource: Resource) -> Iterator[Fault]:
    """What an ACL lets in, it names."""
    for entry in entries(resource):
        if not entry.is_egress and entry.allows and len(entry.ports) >= len(EVERY_PORT) - 1:
            quoted = entry.values.quote(entry.network_argument)
            yield entry.fault(f"all ports are open to {quoted}", at="protocol")


def _unanswered(entry: Entry, rules: list[Entry]) -> Iterator[str]:
    """Yield what an ACL does not let back of a flow that a rule of it lets pass."""
    back = [rule for rule in rules if rule.is_egress is not entry.is_egress]
    for address in dict.fromkeys(ends(entry)):
        for port in _ANSWER_PORTS:
            if not is_allowed(back, address, port):
                yield f"port {port} of {address}"
                return


@resource_rule(
    "ACL-04",
    Severity.HIGH,
    "A network ACL blocks the answers to what it allows",
    *ACLS,
    rationale="An ACL has no memory: without a rule for the answers, which go to a high port, the "
    "connection that is allowed never comes about.",
    remediation="""\
resource "aws_network_acl_rule" "answers" {
  egress      = true
  rule_action = "allow"
  protocol    = "tcp"
  cidr_block  = "0.0.0.0/0"
  from_port   = 1024
  to_port     = 65535
}
""",
)
def no_answers(acl: Resource) -> Iterator[Fault]:
    """What is let in on a port may be answered, and what is let out may come back."""
    rules = entries_of(acl)
    for entry in rules:
        if not entry.allows or not 0 < len(entry.ports) <= _MOST_SERVICES:
            continue
        for missing in _unanswered(entry, rules):
            way = "in from" if entry.is_egress else "out to"
            yield entry.fault(f"ports {_span(entry.ports)}: no answer {way} {missing}")


def _span(ports: range) -> str:
    return f"{ports[0]}-{ports[-1]}"
