"""Rules of load balancers: how they are reached, and what they let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.forwarding import BALANCERS, LISTENER
from tap.policy.production import is_production
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_HTTPS = {"HTTPS", "TLS"}
# Policies that refuse everything below TLS 1.2, by how their names begin.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_MODERN = (
    "ELBSecurityPolicy-TLS13-1-2",
    "ELBSecurityPolicy-TLS13-1-3",
    "ELBSecurityPolicy-TLS-1-2",
    "ELBSecurityPolicy-FS-1-2",
)
_STRICT = {"defensive", "strictest"}


def _is_application(balancer: Resource) -> bool:
    return (balancer.text("load_balancer_type") or "application") == "application"


def _is_public(balancer: Resource) -> bool:
    # AWS makes it public where nothing is given.
    return not (balancer.is_set("internal") and balancer.flag("internal"))


@resource_rule(
    "LB-01",
    Severity.HIGH,
    "A load balancer serves plain HTTP",
    LISTENER,
    rationale="Whoever is on the way reads and changes requests; only a redirect is harmless.",
    remediation="""\
resource "aws_lb_listener" "http" {
  port     = 80
  protocol = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}
""",
    references=("CKV_AWS_2", "CKV2_AWS_20", "AWS-0054", "FSBP ELB.1", "FSBP ELB.18", "PCI 4.2.1"),
)
def plain_http(listener: Resource) -> Iterator[Fault]:
    """What listens for HTTP only redirects to HTTPS."""
    if listener.text("protocol") != "HTTP":
        return
    for action in listener.blocks("default_action"):
        kind = action.text("type")
        redirect = action.block("redirect")
        if kind != "redirect":
            yield action.fault(action.quote("type"), at="type")
        elif redirect is not None and redirect.text("protocol") != "HTTPS":
            yield redirect.fault(redirect.quote("protocol"), at="protocol")


@resource_rule(
    "LB-02",
    Severity.MEDIUM,
    "A load balancer takes old versions of TLS",
    LISTENER,
    rationale="TLS 1.0 and 1.1 are broken, and PCI DSS forbids them.",
    remediation="""\
resource "aws_lb_listener" "https" {
  protocol   = "HTTPS"
  ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}
""",
    references=("CKV_AWS_103", "AWS-0047", "FSBP ELB.17", "PCI 4.2.1"),
)
def old_tls(listener: Resource) -> Iterator[Fault]:
    """The policy of what listens for TLS begins with 1.2."""
    if listener.text("protocol") not in _HTTPS:
        return
    if not listener.is_set("ssl_policy"):
        yield listener.fault("ssl_policy is not set, and AWS chooses one that takes TLS 1.0")
        return
    policy = listener.text("ssl_policy") or ""
    if not policy.startswith(_MODERN):
        yield listener.fault(listener.quote("ssl_policy"), at="ssl_policy")


@resource_rule(
    "LB-03",
    Severity.MEDIUM,
    "A load balancer passes on headers that are invalid",
    *BALANCERS,
    rationale="Such headers make the application see another request than the load balancer did.",
    remediation="""\
resource "aws_lb" "this" {
  drop_invalid_header_fields = true
}
""",
    references=("CKV_AWS_131", "AWS-0052", "FSBP ELB.4", "PCI 6.2.4"),
)
def invalid_headers(balancer: Resource) -> Iterator[Fault]:
    """Application load balancers drop invalid headers."""
    name = "drop_invalid_header_fields"
    if _is_application(balancer) and not balancer.flag(name):
        yield balancer.fault(balancer.quote(name), at=name)


@resource_rule(
    "LB-04",
    Severity.MEDIUM,
    "A load balancer lets requests be smuggled",
    *BALANCERS,
    rationale="A request that two servers read differently can carry a second one past all checks.",
    remediation="""\
resource "aws_lb" "this" {
  desync_mitigation_mode = "strictest"
}
""",
    references=("CKV_AWS_328", "FSBP ELB.12", "PCI 6.2.4"),
)
def smuggled_requests(balancer: Resource) -> Iterator[Fault]:
    """The mode against desynchronisation is defensive or strictest."""
    name = "desync_mitigation_mode"
    # AWS takes "defensive" where nothing is given.
    if _is_application(balancer) and (balancer.text(name) or "defensive") not in _STRICT:
        yield balancer.fault(balancer.quote(name), at=name)


@resource_rule(
    "LB-05",
    Severity.MEDIUM,
    "A load balancer keeps no log of requests",
    *BALANCERS,
    rationale="After an incident nobody can tell who asked for what.",
    remediation="""\
resource "aws_lb" "this" {
  access_logs {
    bucket  = aws_s3_bucket.logs.id
    enabled = true
  }
}
""",
    references=("CKV_AWS_91", "FSBP ELB.5", "PCI 10.2.1"),
)
def no_access_log(balancer: Resource) -> Iterator[Fault]:
    """Every request is logged."""
    block = balancer.block("access_logs")
    if block is None:
        yield balancer.fault("access_logs is missing")
    elif not block.flag("enabled"):
        yield block.fault(block.quote("enabled"), at="enabled")


@resource_rule(
    "LB-06",
    Severity.MEDIUM,
    "A load balancer of production can be deleted",
    *BALANCERS,
    rationale="One wrong plan takes the address that every client uses.",
    remediation="""\
resource "aws_lb" "this" {
  enable_deletion_protection = true
}
""",
    references=("CKV_AWS_150", "FSBP ELB.6"),
)
def deletable(balancer: Resource) -> Iterator[Fault]:
    """A load balancer of production is protected from deletion."""
    name = "enable_deletion_protection"
    if is_production(balancer.planned) and not balancer.flag(name):
        yield balancer.fault(balancer.quote(name), at=name)


@resource_rule(
    "LB-07",
    Severity.MEDIUM,
    "A load balancer stands in one zone",
    *BALANCERS,
    rationale="When the zone fails nothing is reached any more, wherever the targets are.",
    remediation="""\
resource "aws_lb" "this" {
  subnets = values(module.vpc.subnet_ids.public)
}
""",
    references=("FSBP ELB.13",),
)
def one_zone(balancer: Resource) -> Iterator[Fault]:
    """A load balancer is in at least two subnets, which are of different zones."""
    if not balancer.is_set("subnets"):
        number = len(balancer.blocks("subnet_mapping"))
    elif balancer.is_unknown("subnets"):
        number = len(balancer.targets("subnets", "aws_subnet"))
        if number == 0:
            # Subnets of elsewhere, of which the plan knows nothing.
            balancer.get("subnets")
    else:
        number = len(tuple(balancer.each("subnets")))
    if number == 1:
        yield balancer.fault("it is in 1 subnet", at="subnets")


@resource_rule(
    "LB-08",
    Severity.HIGH,
    "Nothing filters what comes to a public load balancer",
    *BALANCERS,
    rationale="Known attacks and floods of requests reach the application.",
    remediation="""\
resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this.arn
}
""",
    references=("CKV2_AWS_28", "FSBP ELB.16", "PCI 6.4.2"),
)
def unfiltered(balancer: Resource) -> Iterator[Fault]:
    """A web ACL is associated with every public application load balancer."""
    if not _is_application(balancer) or not _is_public(balancer):
        return
    users = balancer.planned.users(balancer, "aws_wafv2_web_acl_association", "resource_arn")
    if not any(users):
        yield balancer.fault("no aws_wafv2_web_acl_association is for it")
