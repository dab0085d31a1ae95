"""ACM: certificates that are issued once their validation records exist."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import time
from typing import Any

from moto.acm.models import CertBundle
from moto.route53.models import route53_backends

from tap.emulator.extensions import Client, Extension, Patch, wrap


def _issue_when_validated() -> None:
    @wrap(CertBundle, "check")
    def _(original: Any, self: Any) -> None:
        if self.type != "AMAZON_ISSUED" or self.status != "PENDING_VALIDATION":
            original(self)
        elif _is_validated(self):
            self.status = "ISSUED"


def _is_validated(certificate: Any) -> bool:
    options = certificate.describe()["Certificate"]["DomainValidationOptions"]
    wanted = {
        (each["ResourceRecord"]["Name"].lower(), each["ResourceRecord"]["Value"].lower())
        for each in options
    }
    account_id = certificate.arn.split(":")[4]
    zones = list(route53_backends[account_id]["aws"].zones.values())
    found = {
        (record.name.lower(), f"{value.lower().rstrip('.')}.")
        for zone in zones
        for record in list(zone.rrsets)
        if record.type == "CNAME"
        for value in record.records or []
    }
    return wanted <= found


def _issues_late(client: Client) -> bool:
    acm, route53 = client("acm"), client("route53")
    domain = f"probe-{time.monotonic_ns()}.test"
    certificate = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")
    arn = certificate["CertificateArn"]
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = found["DomainValidationOptions"][0]["ResourceRecord"]
    zone = route53.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
    change = {
        "Action": "CREATE",
        "ResourceRecordSet": {
            "Name": record["Name"],
            "Type": record["Type"],
            "TTL": 60,
            "ResourceRecords": [{"Value": record["Value"]}],
        },
    }
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    status = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"]
    return bool(status != "ISSUED")


EXTENSION = Extension(
    patches=(
        Patch(
            id="acm-validation",
            symptom="a certificate is issued after a minute, whether its validation record "
            "exists or not",
            apply=_issue_when_validated,
            probe=_issues_late,
        ),
    ),
)
