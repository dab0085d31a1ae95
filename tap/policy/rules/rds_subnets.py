"""Rules of the subnets that databases stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_ANYWHERE = ("0.0.0.0/0", "::/0")
# Attributes of a route that lead out of the VPC to the internet.
_WAYS_OUT = ("gateway_id", "nat_gateway_id", "egress_only_gateway_id")


@resource_rule(
    "RDS-20",
    Severity.MEDIUM,
    "Databases stand in a subnet with a way to the internet",
    "aws_db_subnet_group",
    rationale="One more rule in a security group or a network ACL, and whoever is in the database "
    "can take its data out, or is let in. A database calls nobody; without a route none of that "
    "helps.",
    remediation="""\
resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table_association" "database" {
  for_each = aws_subnet.database

  route_table_id = aws_route_table.database.id
  subnet_id      = each.value.id
}
""",
    # https://docs.aws.amazon.com/config/latest/developerguide/rds-instance-subnet-igw-check.html
    references=("FSBP RDS.46",),
)
def way_out(group: Resource) -> Iterator[Fault]:
    """No default route of its subnets leads to the internet, also not by way of a NAT gateway."""
    for subnet in group.targets("subnet_ids", "aws_subnet"):
        for association in group.planned.users(subnet, "aws_route_table_association", "subnet_id"):
            for table in association.targets(
                "route_table_id", "aws_route_table", "aws_default_route_table"
            ):
                yield from _of_table(group, subnet, table)


def _of_table(group: Resource, subnet: Resource, table: Resource) -> Iterator[Fault]:
    places = ("destination_cidr_block", "destination_ipv6_cidr_block")
    for route in group.planned.users(table, "aws_route", "route_table_id"):
        if way := _way_out(route, places):
            yield route.fault(f"{way} leads to the internet, from {subnet.address}", at=way)
    if table.is_unknown("route") and not table.is_set("route"):
        return
    for written in table.blocks("route"):
        if way := _way_out(written, ("cidr_block", "ipv6_cidr_block")):
            yield written.fault(f"{way} leads to the internet, from {subnet.address}", at=way)


def _way_out(route: Values, places: tuple[str, ...]) -> str:
    """Return the attribute by which a default route leads to the internet; empty for others."""
    if not any(route.text(place) in _ANYWHERE for place in places if route.is_set(place)):
        return ""
    return next((name for name in _WAYS_OUT if route.is_set(name)), "")
