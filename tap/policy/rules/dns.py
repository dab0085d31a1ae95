"""Rules of zones, names and certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.plan import references
from tap.policy.rule import Severity, resource_rule, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.sources import SourceModule

_ZONE = "aws_route53_zone"
_RECORD = "aws_route53_record"
_CERTIFICATE = "aws_acm_certificate"


def _is_private(zone: Resource) -> bool:
    """Tell whether a zone is for networks only; the blocks are there before their ids are."""
    known = zone.known.get("vpc")
    return bool(known) or (not zone.is_unknown("vpc") and bool(zone.get("vpc")))


@resource_rule(
    "DNS-01",
    Severity.MEDIUM,
    "Answers of a zone are not signed",
    _ZONE,
    rationale="Whoever can forge an answer leads customers to another server.",
    remediation="""\
resource "aws_route53_hosted_zone_dnssec" "this" {
  hosted_zone_id = aws_route53_key_signing_key.this.hosted_zone_id
}
""",
    references=("CKV2_AWS_38",),
)
def unsigned_zone(zone: Resource) -> Iterator[Fault]:
    """A public zone has DNSSEC."""
    if _is_private(zone):
        return
    if not any(zone.planned.users(zone, "aws_route53_hosted_zone_dnssec", "hosted_zone_id")):
        yield zone.fault(f"no aws_route53_hosted_zone_dnssec is for {zone.quote('name')}")


@resource_rule(
    "DNS-02",
    Severity.LOW,
    "Queries of a zone are not logged",
    _ZONE,
    rationale="Names that are tried, and data that leaves in names, are seen nowhere else.",
    remediation="""\
resource "aws_route53_query_log" "this" {
  zone_id                  = aws_route53_zone.this.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.queries.arn
}
""",
    references=("CKV2_AWS_39", "FSBP Route53.2", "PCI 10.2.1"),
)
def unlogged_zone(zone: Resource) -> Iterator[Fault]:
    """A public zone has a query log."""
    if _is_private(zone):
        return
    if not any(zone.planned.users(zone, "aws_route53_query_log", "zone_id")):
        yield zone.fault(f"no aws_route53_query_log is for {zone.quote('name')}")


@resource_rule(
    "DNS-03",
    Severity.HIGH,
    "A name leads to something that the plan does not hold",
    _RECORD,
    rationale="When the address is given back, the next who gets it has the name, and can have a "
    "certificate for it.",
    remediation="""\
resource "aws_route53_record" "this" {
  type = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
""",
    references=("CKV2_AWS_23",),
)
def dangling_record(record: Resource) -> Iterator[Fault]:
    """An A or AAAA record leads to a resource of the plan, or to what a data source found."""
    if _reads_data(record):
        return
    alias = record.block("alias")
    values, name = (alias, "name") if alias else (record, "records")
    if not values.is_set(name) or values.targets(name):
        return
    if record.text("type") in {"A", "AAAA"}:
        yield values.fault(values.quote(name), at=name)


def _reads_data(record: Resource) -> bool:
    """Tell whether a record takes its target from a data source, which is read before a plan."""
    if record.configuration is None:
        return False
    expressions = record.configuration.expressions
    written = [expressions.get("records"), *_aliases(expressions.get("alias"))]
    return any(item.startswith("data.") for tree in written for item in references(tree))


def _aliases(blocks: object) -> Iterator[object]:
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            yield block.get("name")


@source_rule(
    "DNS-04",
    Severity.MEDIUM,
    "A certificate is deleted before there is a new one",
    rationale="A certificate in use cannot be deleted, so a change of its names fails at apply, "
    "or takes the listener down.",
    remediation="""\
resource "aws_acm_certificate" "this" {
  lifecycle {
    create_before_destroy = true
  }
}
""",
    references=("CKV_AWS_233",),
)
def certificate_gap(module: SourceModule) -> Iterator[Fault]:
    """A certificate is made before the one that it replaces goes."""
    for resource in module.declared.resources.values():
        if resource.type != _CERTIFICATE or resource.mode != "managed":
            continue
        found = (
            resource.lifecycle.attributes.get("create_before_destroy")
            if resource.lifecycle
            else None
        )
        if found is None or found.value is not True:
            told = f"create_before_destroy = {found.text}" if found else "is not set"
            yield module.fault(
                resource, told if found else f"lifecycle create_before_destroy {told}"
            )


@resource_rule(
    "DNS-05",
    Severity.MEDIUM,
    "A certificate is for every name of a domain",
    _CERTIFICATE,
    rationale="Whoever gets its key can pretend to be each service of the domain.",
    remediation="""\
resource "aws_acm_certificate" "this" {
  domain_name = "pay.example.com"
}
""",
    references=("CKV2_AWS_71",),
)
def wildcard_certificate(certificate: Resource) -> Iterator[Fault]:
    """Every name of a certificate is written out."""
    if (certificate.text("domain_name") or "").startswith("*"):
        yield certificate.fault(certificate.quote("domain_name"), at="domain_name")
    name = "subject_alternative_names"
    # Without further names it is the domain name, as AWS fills it in.
    if certificate.is_unknown(name) and not certificate.is_set(name):
        return
    main = certificate.text("domain_name")
    found = [item for item in certificate.each(name) if item.startswith("*") and item != main]
    if found:
        yield certificate.fault(f"{name} has {', '.join(found)}", at=name)
