"""Route 53: signing of zones, with real keys and digests."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from moto.core.responses import ActionResult
from moto.kms.models import kms_backends
from moto.route53 import urls
from moto.route53.exceptions import Route53ClientError
from moto.route53.responses import Route53

from tap.emulator.extensions import Client, Extension, Patch
from tap.emulator.policies import Call
from tap.emulator.service_access import allows

_SERVICE = "dnssec-route53.amazonaws.com"
_REGION = "us-east-1"
_FLAGS, _PROTOCOL, _ALGORITHM, _DIGEST = 257, 3, 13, 2
"""Key-signing key, DNSSEC, ECDSAP256SHA256 (RFC 6605) and SHA-256 (RFC 4509)."""


@dataclass
class _SigningKey:
    name: str
    kms_arn: str
    public_key: bytes
    zone: str
    status: str
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def describe(self) -> dict[str, Any]:
        data = _FLAGS.to_bytes(2) + bytes([_PROTOCOL, _ALGORITHM]) + self.public_key
        digest = hashlib.sha256(_wire(self.zone) + data).hexdigest().upper()
        public_key = base64.b64encode(self.public_key).decode()
        tag = _key_tag(data)
        return {
            "Name": self.name,
            "KmsArn": self.kms_arn,
            "Flag": _FLAGS,
            "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
            "SigningAlgorithmType": _ALGORITHM,
            "DigestAlgorithmMnemonic": "SHA-256",
            "DigestAlgorithmType": _DIGEST,
            "KeyTag": tag,
            "DigestValue": digest,
            "PublicKey": public_key,
            "DSRecord": f"{tag} {_ALGORITHM} {_DIGEST} {digest}",
            "DNSKEYRecord": f"{_FLAGS} {_PROTOCOL} {_ALGORITHM} {public_key}",
            "Status": self.status,
            "CreatedDate": self.created_at,
            "LastModifiedDate": self.created_at,
        }


def _wire(name: str) -> bytes:
    """Write a name as DNS does, for its digest (RFC 4034, 5.1.4)."""
    labels = name.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def _key_tag(data: bytes) -> int:
    """Compute the tag of a key (RFC 4034, appendix B)."""
    total = sum(byte if at & 1 else byte << 8 for at, byte in enumerate(data))
    return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


def _add_signing() -> None:
    base = r"{0}/(?P<api_version>[\d_-]+)"
    for path in (
        "/keysigningkey",
        "/keysigningkey/(?P<zone_id>[^/]+)/(?P<name>[^/]+)",
        "/keysigningkey/(?P<zone_id>[^/]+)/(?P<name>[^/]+)/activate",
        "/keysigningkey/(?P<zone_id>[^/]+)/(?P<name>[^/]+)/deactivate",
        "/hostedzone/(?P<zone_id>[^/]+)/enable-dnssec",
        "/hostedzone/(?P<zone_id>[^/]+)/disable-dnssec",
    ):
        urls.url_paths[f"{base}{path}$"] = Route53.dispatch
    methods: dict[str, Any] = {
        "activate_key_signing_key": lambda self: _set_status(self, "ACTIVE"),
        "create_key_signing_key": _create_key,
        "deactivate_key_signing_key": lambda self: _set_status(self, "INACTIVE"),
        "delete_key_signing_key": _delete_key,
        "disable_hosted_zone_dnssec": lambda self: _sign(self, wanted=False),
        "enable_hosted_zone_dnssec": lambda self: _sign(self, wanted=True),
        "get_dnssec": _get,
    }
    for name, method in methods.items():
        setattr(Route53, name, method)


def _get(response: Any) -> Any:
    zone = _zone(response)
    return ActionResult(
        {
            "Status": {"ServeSignature": "SIGNING" if _is_signed(zone) else "NOT_SIGNING"},
            "KeySigningKeys": [key.describe() for key in _keys(zone).values()],
        }
    )


def _create_key(response: Any) -> Any:
    zone, name = _zone(response), response._get_param("Name")  # noqa: SLF001 - no other way to it
    arn = response._get_param("KeyManagementServiceArn")  # noqa: SLF001 - see above
    if name in _keys(zone):
        raise Route53ClientError("KeySigningKeyAlreadyExists", f"{name} already exists")
    key = _SigningKey(
        name=name,
        kms_arn=arn,
        public_key=_public_key(response.current_account, arn, zone),
        zone=zone.name,
        status=response._get_param("Status"),  # noqa: SLF001 - see above
    )
    _keys(zone)[name] = key
    return ActionResult(
        {
            "ChangeInfo": _change_info(),
            "KeySigningKey": key.describe(),
            "Location": f"https://route53.amazonaws.com/2013-04-01/keysigningkey/{name}",
        }
    )


def _public_key(account_id: str, arn: str, zone: Any) -> bytes:
    backend = kms_backends[account_id][_REGION]
    key: Any = backend.keys.get(arn.rpartition("/")[2])
    if key is None or f":{_REGION}:" not in arn or key.key_spec != "ECC_NIST_P256":
        raise Route53ClientError(
            "InvalidKMSArn", f"{arn} is no ECC_NIST_P256 key of this account in {_REGION}"
        )
    context: dict[str, tuple[str, ...]] = {
        "aws:sourceaccount": (account_id,),
        "aws:sourcearn": (f"arn:aws:route53:::{zone.id.lstrip('/')}",),
    }
    for action in ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"):
        call = Call(action=action, resource=key.arn, context=context)
        if not allows(key.policy, _SERVICE, call):
            raise Route53ClientError(
                "InvalidKMSArn", f"the key's policy does not let {_SERVICE} call {action}"
            )
    point: bytes = key.private_key.private_key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    # DNSKEY leaves out the octet that says "uncompressed" (RFC 6605, 4).
    return point[1:]


def _set_status(response: Any, status: str) -> Any:
    zone = _zone(response)
    key = _key(response, zone)
    others = [each for each in _keys(zone).values() if each is not key]
    if (
        status == "INACTIVE"
        and _is_signed(zone)
        and not any(each.status == "ACTIVE" for each in others)
    ):
        raise Route53ClientError(
            "KeySigningKeyInParentDSRecord", "the last active key of a signed zone is in use"
        )
    key.status = status
    return ActionResult({"ChangeInfo": _change_info()})


def _delete_key(response: Any) -> Any:
    zone = _zone(response)
    key = _key(response, zone)
    if key.status == "ACTIVE":
        raise Route53ClientError("InvalidKeySigningKeyStatus", f"{key.name} is active")
    del _keys(zone)[key.name]
    return ActionResult({"ChangeInfo": _change_info()})


def _sign(response: Any, *, wanted: bool) -> Any:
    zone = _zone(response)
    if wanted and not any(key.status == "ACTIVE" for key in _keys(zone).values()):
        raise Route53ClientError(
            "KeySigningKeyWithActiveStatusNotFound", f"{zone.name} has no active key-signing key"
        )
    zone.is_signed = wanted
    return ActionResult({"ChangeInfo": _change_info()})


def _zone(response: Any) -> Any:
    return response.backend.get_hosted_zone(response._get_param("HostedZoneId"))  # noqa: SLF001 - no other way to it


def _keys(zone: Any) -> dict[str, _SigningKey]:
    keys: dict[str, _SigningKey] = zone.__dict__.setdefault("key_signing_keys", {})
    return keys


def _key(response: Any, zone: Any) -> _SigningKey:
    name = response._get_param("Name")  # noqa: SLF001 - no other way to it
    if name not in _keys(zone):
        raise Route53ClientError("NoSuchKeySigningKey", f"{name} does not exist")
    return _keys(zone)[name]


def _is_signed(zone: Any) -> bool:
    return bool(getattr(zone, "is_signed", False))


def _change_info() -> dict[str, Any]:
    return {"Id": "/change/C2682N5HXP0BZ4", "Status": "INSYNC", "SubmittedAt": datetime.now(UTC)}


def _lacks_signing(client: Client) -> bool:
    route53 = client("route53")
    reference = f"tap-probe-{time.monotonic_ns()}"
    zone = route53.create_hosted_zone(Name="probe.test", CallerReference=reference)
    try:
        route53.create_key_signing_key(
            HostedZoneId=zone["HostedZone"]["Id"].rpartition("/")[2],
            CallerReference=reference,
            KeyManagementServiceArn="arn:aws:kms:us-east-1:123456789012:key/none",
            Name="probe",
            Status="ACTIVE",
        )
    except ClientError as error:
        return bool(error.response["Error"]["Code"] != "InvalidKMSArn")
    return True


EXTENSION = Extension(
    patches=(
        Patch(
            id="route53-dnssec",
            symptom="aws_route53_key_signing_key fails with HTTP 404",
            apply=_add_signing,
            probe=_lacks_signing,
        ),
    ),
)
