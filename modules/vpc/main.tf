locals {
  # The place of a zone in the address plan follows from its own letter, never from its position
  # in a list, so that adding a zone renumbers nothing.
  zone_slots = { for zone in var.availability_zones : zone => index(["a", "b", "c", "d", "e", "f"], trimprefix(zone, var.region)) }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = merge(var.tags, { Name = "${var.prefix}-vpc" })

  lifecycle {
    precondition {
      condition     = length(local.outside_cidr_blocks) == 0
      error_message = "subnet_cidr_blocks must lie inside cidr_block ${var.cidr_block}; outside: ${join(", ", local.outside_cidr_blocks)}."
    }

    precondition {
      condition     = length(local.overlapping_cidr_blocks) == 0
      error_message = "subnet_cidr_blocks must not overlap one another, nor the ranges kept for computed tiers; overlapping: ${join("; ", local.overlapping_cidr_blocks)}."
    }
  }
}

# AWS makes a security group, a network ACL and a route table with every VPC. They are adopted
# without rules, so that what is attached to nothing else can reach nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  # Said aloud: rules left out would be read back, and one added by hand would be no drift.
  egress  = []
  ingress = []

  tags = merge(var.tags, { Name = "${var.prefix}-default-closed" })
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id

  tags = merge(var.tags, { Name = "${var.prefix}-default-closed" })

  # A new subnet starts in this ACL. Reading it before the tiers have taken theirs
  # would leave a difference for the next plan.
  depends_on = [aws_network_acl.tier]
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []

  tags = merge(var.tags, { Name = "${var.prefix}-default-closed" })
}
