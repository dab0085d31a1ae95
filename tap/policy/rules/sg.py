"""Rules of security groups: what may be opened to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.openings import EVERY_PORT, GROUPS, RULES, written
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.openings import Opening
    from tap.policy.planned import Resource

_SSH = 22
_RDP = 3389
_HTTP = 80
_HTTPS = 443
# What AWS Security Hub counts as high risk, but for SSH and RDP, which have rules of their own.
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
_HIGH_RISK = frozenset(
    {20, 21, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 4333, 5000, 5432, 5500, 5601}
    | {8080, 8088, 8888, 9200, 9300}
)
_NAMED = (
    'resource "aws_vpc_security_group_ingress_rule" "{name}" {{\n'
    '  cidr_ipv4   = "203.0.113.0/24"\n'
    '  ip_protocol = "tcp"\n'
    "  from_port   = {port}\n"
    "  to_port     = {port}\n"
    "}}\n"
)


def _open(resource: Resource, *ports: int) -> Iterator[Fault]:
    """Yield the rules that let the internet in on some ports."""
    for opening in written(resource):
        if opening.is_ingress and (found := sorted(set(ports).intersection(opening.ports()))):
            yield from _said(opening, ", ".join(map(str, found)))


def _said(opening: Opening, ports: str) -> Iterator[Fault]:
    word = "ports" if "," in ports or "-" in ports else "port"
    for name in opening.anywhere():
        yield opening.fault(f"{word} {ports} open to {opening.values.quote(name)}", at=name)


def _spans(ports: set[int]) -> str:
    """Return ports as they are written in short: ``443, 8000-8005``."""
    spans: list[list[int]] = []
    for port in sorted(ports):
        if spans and spans[-1][1] == port - 1:
            spans[-1][1] = port
        else:
            spans.append([port, port])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


@resource_rule(
    "SG-01",
    Severity.CRITICAL,
    "SSH is open to the world",
    *GROUPS,
    *RULES,
    rationale="Every address of the internet may try passwords and keys, and the next fault of "
    "the server is theirs.",
    remediation=_NAMED.format(name="ssh", port=_SSH),
    references=("CKV_AWS_24", "AWS-0107", "FSBP EC2.13", "PCI 1.3.1"),
)
def open_ssh(resource: Resource) -> Iterator[Fault]:
    """Port 22 is opened to named networks only."""
    yield from _open(resource, _SSH)


@resource_rule(
    "SG-03",
    Severity.CRITICAL,
    "RDP is open to the world",
    *GROUPS,
    *RULES,
    rationale="Remote Desktop is the most attacked way into a server, and none of this kind of "
    "stack needs it from everywhere.",
    remediation=_NAMED.format(name="rdp", port=_RDP),
    references=("CKV_AWS_25", "AWS-0107", "FSBP EC2.14", "PCI 1.3.1"),
)
def open_rdp(resource: Resource) -> Iterator[Fault]:
    """Port 3389 is opened to named networks only."""
    yield from _open(resource, _RDP)


def _redirects(group: Resource) -> bool:
    """Tell whether all that listens on 80 in a group are redirects of load balancers."""
    found = False
    for balancer in group.planned.users(group, "aws_lb", "security_groups"):
        for listener in group.planned.users(balancer, "aws_lb_listener", "load_balancer_arn"):
            if listener.number("port") == _HTTP:
                actions = listener.blocks("default_action")
                found = True
                if any(action.text("type") != "redirect" for action in actions):
                    return False
    return found


@resource_rule(
    "SG-04",
    Severity.HIGH,
    "HTTP is open to the world and not only redirected",
    *GROUPS,
    *RULES,
    rationale="What is sent over port 80 can be read and changed on its way. A load balancer that "
    "answers nothing but a redirect to HTTPS is the one use that is left.",
    remediation="""\
resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}
""",
    references=("CKV_AWS_260", "PCI 4.2.1"),
)
def open_http(resource: Resource) -> Iterator[Fault]:
    """Port 80 is open to the world only where a load balancer redirects it."""
    for opening in written(resource):
        if not opening.is_ingress or _HTTP not in opening.ports():
            continue
        found = list(_said(opening, str(_HTTP)))
        if not found:
            continue
        group = resource if resource.type in GROUPS else resource.target("security_group_id")
        if opening.ports() == EVERY_PORT or group is None or not _redirects(group):
            yield from found


@resource_rule(
    "SG-05",
    Severity.CRITICAL,
    "All ports are open to the world",
    *GROUPS,
    *RULES,
    rationale="A group that lets everybody in on every port is no group at all.",
    remediation=_NAMED.format(name="https", port=_HTTPS),
    references=("CKV_AWS_277", "FSBP EC2.18", "PCI 1.3.1"),
)
def open_everything(resource: Resource) -> Iterator[Fault]:
    """No rule lets the internet in on all ports."""
    for opening in written(resource):
        for udp in (False, True):
            ports = opening.ports(udp=udp)
            if opening.is_ingress and len(ports) >= len(EVERY_PORT) - 1:
                yield from _said(opening, _spans(set(ports)))


@resource_rule(
    "SG-06",
    Severity.HIGH,
    "Everything may leave to the world",
    *GROUPS,
    *RULES,
    rationale="Whoever gets into a server takes the data out by the way that was left open. A "
    "stack that handles cards has to name where its traffic goes.",
    remediation="""\
resource "aws_vpc_security_group_egress_rule" "database" {
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}
""",
    references=("CKV_AWS_382", "AWS-0104", "PCI 1.3.2"),
)
def open_egress(resource: Resource) -> Iterator[Fault]:
    """No rule lets everything out to everywhere."""
    for opening in written(resource):
        if not opening.is_ingress and len(opening.ports()) >= len(EVERY_PORT) - 1:
            for name in opening.anywhere():
                yield opening.fault(f"all ports open to {opening.values.quote(name)}", at=name)


@resource_rule(
    "SG-07",
    Severity.LOW,
    "A security group or a rule of one has no description",
    *GROUPS[:1],
    *RULES,
    rationale="Nobody dares to close a port of which nobody knows what it was opened for, and "
    "every rule has to be reviewed twice a year.",
    remediation="""\
resource "aws_vpc_security_group_ingress_rule" "https" {
  description = "HTTPS from the internet"
}
""",
    references=("CKV_AWS_23", "AWS-0099", "AWS-0124", "PCI 1.2.5", "PCI 1.2.7"),
)
def undescribed(resource: Resource) -> Iterator[Fault]:
    """Every group and every rule says what it is for."""
    if resource.type in GROUPS and resource.text("description") in {"", "Managed by Terraform"}:
        yield resource.fault(resource.quote("description"), at="description")
    for opening in written(resource):
        if not (opening.values.text("description") or "").strip():
            yield opening.fault(opening.values.quote("description"), at="description")


@resource_rule(
    "SG-09",
    Severity.HIGH,
    "A port that is not for the public is open to the world",
    *GROUPS,
    *RULES,
    rationale="The internet needs the ports of the web and no other; all else is reached by a "
    "mistake.",
    remediation=_NAMED.format(name="partner", port=8443),
    references=("FSBP EC2.18", "PCI 1.3.1", "PCI 1.2.5"),
)
def open_other(resource: Resource) -> Iterator[Fault]:
    """The world is let in on ports 80 and 443 alone; other rules name the worst ones."""
    others = {_HTTP, _HTTPS, _SSH, _RDP} | _HIGH_RISK
    for opening in written(resource):
        for udp in (False, True):
            ports = opening.ports(udp=udp) if opening.is_ingress else range(0)
            # SG-05 has all ports.
            left = set(ports) - (set() if udp else others)
            if left and len(ports) < len(EVERY_PORT) - 1:
                yield from _said(opening, _spans(left))


@resource_rule(
    "SG-10",
    Severity.CRITICAL,
    "A port of high risk is open to the world",
    *GROUPS,
    *RULES,
    rationale="Databases, mail, file shares and consoles that the internet can reach are found "
    "within hours.",
    remediation=_NAMED.format(name="database", port=3306),
    references=("FSBP EC2.19", "PCI 1.3.1", "PCI 1.4.4"),
)
def open_high_risk(resource: Resource) -> Iterator[Fault]:
    """No port of a database, a console or an old protocol is opened to the world."""
    for opening in written(resource):
        ports = opening.ports() if opening.is_ingress else range(0)
        if len(ports) < len(EVERY_PORT) - 1 and (found := _HIGH_RISK.intersection(ports)):
            yield from _said(opening, _spans(set(found)))
