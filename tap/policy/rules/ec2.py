"""Rules of instances and of the launch templates that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule
from tap.policy.user_data import secrets_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_TEMPLATE = "aws_launch_template"
_INSTANCE = "aws_instance"
_CONFIGURATION = "aws_launch_configuration"
_OPTIONS = "metadata_options"


@resource_rule(
    "EC2-01",
    Severity.HIGH,
    "The metadata of an instance can be read without a token",
    _TEMPLATE,
    _INSTANCE,
    _CONFIGURATION,
    rationale="An application that can be made to fetch an address gives away its role.",
    remediation="""\
resource "aws_launch_template" "this" {
  metadata_options {
    http_tokens = "required"
  }
}
""",
    references=("CKV_AWS_79", "AWS-0028", "AWS-0130", "FSBP EC2.8", "FSBP EC2.170"),
)
def no_token(made: Resource) -> Iterator[Fault]:
    """IMDSv2 is required, or the metadata service is off."""
    block = made.block(_OPTIONS) if made.is_set(_OPTIONS) else None
    if block is None:
        yield made.fault(f"{_OPTIONS} is missing")
        return
    endpoint = block.text("http_endpoint") if block.is_set("http_endpoint") else "enabled"
    if endpoint != "disabled" and block.text("http_tokens") != "required":
        yield block.fault(block.quote("http_tokens"), at="http_tokens")


@resource_rule(
    "EC2-02",
    Severity.MEDIUM,
    "Tokens for the metadata travel further than the instance",
    _TEMPLATE,
    _INSTANCE,
    _CONFIGURATION,
    rationale="A container or a forwarder on the instance gets the role of the instance.",
    remediation="""\
resource "aws_launch_template" "this" {
  metadata_options {
    http_put_response_hop_limit = 1
  }
}
""",
    references=("CKV_AWS_341",),
)
def far_token(made: Resource) -> Iterator[Fault]:
    """The hop limit is 1."""
    name = "http_put_response_hop_limit"
    for block in made.blocks(_OPTIONS) if made.is_set(_OPTIONS) else ():
        # AWS takes 1 where nothing is given.
        if block.is_set(name) and (block.number(name) or 1) > 1:
            yield block.fault(block.quote(name), at=name)


@resource_rule(
    "EC2-03",
    Severity.HIGH,
    "Instances get public addresses",
    _TEMPLATE,
    _INSTANCE,
    _CONFIGURATION,
    rationale="They are reached around the load balancer and everything that it filters.",
    remediation="""\
resource "aws_launch_template" "this" {
  network_interfaces {
    associate_public_ip_address = false
  }
}
""",
    references=("CKV_AWS_88", "FSBP EC2.9", "FSBP EC2.25", "PCI 1.4.4"),
)
def public_address(made: Resource) -> Iterator[Fault]:
    """Neither an instance nor an interface of a template takes a public address."""
    name = "associate_public_ip_address"
    blocks = made.blocks("network_interfaces") if made.type == _TEMPLATE else (made,)
    for block in blocks:
        # A text in launch templates, a truth value elsewhere; unset on an instance it is the
        # subnet's default, which VPC-03 judges.
        value = None if block.is_unknown(name) and block is made else block.get(name)
        if str(value).lower() == "true":
            yield block.fault(block.quote(name), at=name)


@resource_rule(
    "EC2-04",
    Severity.HIGH,
    "A volume of an instance is not encrypted",
    _TEMPLATE,
    _INSTANCE,
    _CONFIGURATION,
    rationale="Whoever gets a snapshot of it reads everything.",
    remediation="""\
resource "aws_launch_template" "this" {
  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted  = true
      kms_key_id = aws_kms_key.data.arn
    }
  }
}
""",
    references=("CKV_AWS_8", "AWS-0008", "AWS-0131", "FSBP EC2.181", "PCI 3.5.1"),
)
def unencrypted(made: Resource) -> Iterator[Fault]:
    """The root volume and each further one is encrypted."""
    name = "encrypted"
    if made.type == _TEMPLATE:
        mappings = made.blocks("block_device_mappings")
        if not mappings:
            yield made.fault("block_device_mappings is missing, so that the image decides")
        for mapping in mappings:
            for volume in mapping.blocks("ebs"):
                # A text in the provider's schema.
                if str(volume.get(name)).lower() != "true":
                    yield volume.fault(volume.quote(name), at=name)
        return
    if not made.is_set("root_block_device"):
        yield made.fault("root_block_device is missing, so that the image decides")
    for kind in ("root_block_device", "ebs_block_device"):
        for volume in made.blocks(kind) if made.is_set(kind) else ():
            if not volume.flag(name):
                yield volume.fault(volume.quote(name), at=name)


@resource_rule(
    "EC2-05",
    Severity.CRITICAL,
    "What an instance starts with holds a secret",
    _TEMPLATE,
    _INSTANCE,
    _CONFIGURATION,
    rationale="Every process on the instance, and whoever may describe it, reads user data.",
    remediation="""\
resource "aws_launch_template" "this" {
  # The instance asks Secrets Manager with its role.
  user_data = base64encode("aws secretsmanager get-secret-value --secret-id app")
}
""",
    references=("CKV_AWS_46", "AWS-0029", "PCI 8.6.2"),
    reads_sources=True,
)
def secret_in_user_data(made: Resource) -> Iterator[Fault]:
    """User data holds neither keys nor passwords."""
    for name in ("user_data", "user_data_base64"):
        if made.is_set(name):
            for secret in secrets_in(made, name):
                yield made.fault(f"{secret} in {name} is a secret", at=name)
