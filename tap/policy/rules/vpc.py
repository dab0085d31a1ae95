"""Rules of networks: VPCs, subnets, routes and endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource

_ANYWHERE = ("0.0.0.0/0", "::/0")
_ENDPOINT = """\
resource "aws_vpc_endpoint" "{name}" {{
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.eu-west-1.{name}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
}}
"""


@resource_rule(
    "VPC-01",
    Severity.MEDIUM,
    "A VPC has no flow log",
    "aws_vpc",
    rationale="Without it nobody can tell afterwards who talked to whom, nor see that somebody "
    "tries doors.",
    remediation="""\
resource "aws_flow_log" "this" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = "ALL"
  iam_role_arn    = aws_iam_role.flow_logs.arn
  log_destination = aws_cloudwatch_log_group.flow_logs.arn
}
""",
    references=("CKV2_AWS_11", "AWS-0178", "FSBP EC2.6", "PCI 10.2.1"),
)
def unlogged_network(network: Resource) -> Iterator[Fault]:
    """Each VPC has a flow log of rejected traffic at least."""
    logs = list(network.planned.users(network, "aws_flow_log", "vpc_id"))
    if not logs:
        yield network.fault(f"no aws_flow_log is for {network.quote('cidr_block')}")
    elif all(log.text("traffic_type") == "ACCEPT" for log in logs):
        yield logs[0].fault(f"{logs[0].quote('traffic_type')} hides refused traffic")


@resource_rule(
    "VPC-02",
    Severity.HIGH,
    "The default security group of a VPC is not closed",
    "aws_vpc",
    "aws_default_security_group",
    rationale="What is made without a group lands in this one, and as AWS makes it, it lets its "
    "members reach each other and the internet.",
    remediation="""\
resource "aws_default_security_group" "this" {
  vpc_id  = aws_vpc.this.id
  ingress = []
  egress  = []
}
""",
    references=("CKV2_AWS_12", "AWS-0173", "FSBP EC2.2", "PCI 1.3.1", "PCI 2.2.1"),
)
def open_default_group(resource: Resource) -> Iterator[Fault]:
    """The default group is taken over, and has no rule."""
    if resource.type == "aws_vpc":
        if not any(resource.planned.users(resource, "aws_default_security_group", "vpc_id")):
            yield resource.fault("no aws_default_security_group takes over its default group")
        return
    for name in ("ingress", "egress"):
        if (not resource.is_unknown(name) or resource.is_set(name)) and resource.blocks(name):
            yield resource.fault(f"it has {name} rules", at=name)


@resource_rule(
    "VPC-03",
    Severity.MEDIUM,
    "A subnet gives every instance a public address",
    "aws_subnet",
    rationale="An instance is then on the internet because of the subnet it was put in, and not "
    "because somebody decided it.",
    remediation="""\
resource "aws_subnet" "public" {
  map_public_ip_on_launch = false
}
""",
    references=("CKV_AWS_130", "AWS-0164", "FSBP EC2.15", "PCI 1.4.4"),
)
def public_addresses(subnet: Resource) -> Iterator[Fault]:
    """Public addresses are given one by one."""
    for name in ("map_public_ip_on_launch", "assign_ipv6_address_on_creation"):
        if subnet.flag(name):
            yield subnet.fault(subnet.quote(name), at=name)


def _without_endpoint(network: Resource, service: str) -> Iterator[Fault]:
    """Yield a fault if a VPC has no interface endpoint of a service."""
    for endpoint in network.planned.users(network, "aws_vpc_endpoint", "vpc_id"):
        name = endpoint.text("service_name") or ""
        if name.endswith(f".{service}") and endpoint.text("vpc_endpoint_type") == "Interface":
            if not endpoint.flag("private_dns_enabled"):
                yield endpoint.fault(
                    f"{endpoint.quote('private_dns_enabled')}: clients go around the endpoint",
                    at="private_dns_enabled",
                )
            return
    yield network.fault(f'no interface endpoint of service "{service}"')


@resource_rule(
    "VPC-04",
    Severity.LOW,
    "A VPC has no endpoint for the API of EC2",
    "aws_vpc",
    rationale="Calls to the API otherwise need a way to the internet, which everything else on "
    "the server can use too.",
    remediation=_ENDPOINT.format(name="ec2"),
    references=("FSBP EC2.10",),
)
def no_ec2_endpoint(network: Resource) -> Iterator[Fault]:
    """Each VPC has an interface endpoint of EC2."""
    yield from _without_endpoint(network, "ec2")


@resource_rule(
    "VPC-05",
    Severity.LOW,
    "A VPC has no endpoint for Systems Manager",
    "aws_vpc",
    rationale="Sessions and patches otherwise need a way to the internet, or servers are opened "
    "for SSH because there is none.",
    remediation=_ENDPOINT.format(name="ssm"),
    references=("FSBP EC2.57",),
)
def no_ssm_endpoint(network: Resource) -> Iterator[Fault]:
    """Each VPC has an interface endpoint of Systems Manager."""
    yield from _without_endpoint(network, "ssm")


@resource_rule(
    "VPC-06",
    Severity.MEDIUM,
    "The default route leads to an instance",
    "aws_route",
    "aws_route_table",
    "aws_default_route_table",
    rationale="A server that forwards the traffic of others is one to patch, and when it stops, "
    "so do all behind it. A NAT gateway is neither.",
    remediation="""\
resource "aws_route" "nat" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this.id
}
""",
    references=("CKV2_AWS_35",),
)
def nat_instance(resource: Resource) -> Iterator[Fault]:
    """Default routes lead to gateways, not to network interfaces."""
    if resource.type == "aws_route":
        destinations = ("destination_cidr_block", "destination_ipv6_cidr_block")
        if any(resource.text(name) in _ANYWHERE for name in destinations) and resource.is_set(
            "network_interface_id"
        ):
            yield resource.fault(resource.quote("network_interface_id"), at="network_interface_id")
        return
    # Routes that nobody wrote are those of other resources, as AWS reports them.
    if resource.is_unknown("route") and not resource.is_set("route"):
        return
    for route in resource.blocks("route"):
        if any(
            route.text(name) in _ANYWHERE for name in ("cidr_block", "ipv6_cidr_block")
        ) and route.is_set("network_interface_id"):
            yield route.fault(route.quote("network_interface_id"), at="network_interface_id")
