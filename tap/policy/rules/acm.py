"""Rules of certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_CERTIFICATE = "aws_acm_certificate"
_WEAK = {"RSA_1024"}


@resource_rule(
    "ACM-01",
    Severity.HIGH,
    "A certificate is never proved",
    _CERTIFICATE,
    rationale="It stays pending, and the listener that names it cannot be made.",
    remediation="""\
resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}
""",
)
def unproved(certificate: Resource) -> Iterator[Fault]:
    """What is validated by DNS is waited for."""
    if certificate.text("validation_method") != "DNS":
        return
    kind = "aws_acm_certificate_validation"
    if not any(certificate.planned.users(certificate, kind, "certificate_arn")):
        yield certificate.fault(f"no {kind} is for {certificate.quote('domain_name')}")


@resource_rule(
    "ACM-02",
    Severity.MEDIUM,
    "The key of a certificate is too short",
    _CERTIFICATE,
    rationale="RSA with 1024 bits can be broken.",
    remediation="""\
resource "aws_acm_certificate" "this" {
  key_algorithm = "EC_prime256v1"
}
""",
    references=("FSBP ACM.2", "PCI 4.2.1"),
)
def short_key(certificate: Resource) -> Iterator[Fault]:
    """Keys are of RSA with 2048 bits, or of elliptic curves."""
    # AWS takes RSA with 2048 bits where nothing is given.
    if certificate.is_set("key_algorithm") and certificate.text("key_algorithm") in _WEAK:
        yield certificate.fault(certificate.quote("key_algorithm"), at="key_algorithm")


@resource_rule(
    "ACM-03",
    Severity.LOW,
    "A certificate waits for an e-mail",
    _CERTIFICATE,
    rationale="It is renewed only if somebody reads the mail each year.",
    remediation="""\
resource "aws_acm_certificate" "this" {
  validation_method = "DNS"
}
""",
)
def by_mail(certificate: Resource) -> Iterator[Fault]:
    """Certificates are validated by DNS."""
    if certificate.text("validation_method") == "EMAIL":
        yield certificate.fault(certificate.quote("validation_method"), at="validation_method")
