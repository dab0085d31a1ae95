locals {
  # Each tier's computed subnets fill one range of their own, so that one network ACL rule can
  # name the whole tier: private the lower half of the VPC, public and database a sixteenth each.
  reserved_cidr_blocks = {
    database = cidrsubnet(var.cidr_block, 4, 9)
    private  = cidrsubnet(var.cidr_block, 1, 0)
    public   = cidrsubnet(var.cidr_block, 4, 8)
  }

  computed_cidr_blocks = {
    database = { for zone, slot in local.zone_slots : zone => cidrsubnet(var.cidr_block, 8, 144 + slot) }
    private  = { for zone, slot in local.zone_slots : zone => cidrsubnet(var.cidr_block, 4, slot) }
    public   = { for zone, slot in local.zone_slots : zone => cidrsubnet(var.cidr_block, 8, 128 + slot) }
  }

  subnet_cidr_blocks = { for tier, computed in local.computed_cidr_blocks : tier => coalesce(var.subnet_cidr_blocks[tier], computed) }

  given_cidr_blocks = merge([
    for tier, blocks in var.subnet_cidr_blocks : { for zone, block in coalesce(blocks, {}) : "${tier}/${zone}" => block }
  ]...)

  claimed_cidr_blocks = merge(local.given_cidr_blocks, {
    for tier, block in local.reserved_cidr_blocks : "${tier} (computed)" => block if var.subnet_cidr_blocks[tier] == null
  })

  # As numbers: the first address of a block, and the first one after it.
  ranges = { for name, block in merge(local.claimed_cidr_blocks, { vpc = var.cidr_block }) : name => {
    start = sum([for place, octet in split(".", split("/", block)[0]) : tonumber(octet) * pow(256, 3 - place)])
    end   = sum([for place, octet in split(".", split("/", block)[0]) : tonumber(octet) * pow(256, 3 - place)]) + pow(2, 32 - tonumber(split("/", block)[1]))
  } }

  outside_cidr_blocks = [
    for name, block in local.given_cidr_blocks : "${name} = ${block}"
    if local.ranges[name].start < local.ranges.vpc.start || local.ranges[name].end > local.ranges.vpc.end
  ]

  overlapping_cidr_blocks = flatten([
    for place, one in keys(local.claimed_cidr_blocks) : [
      for other in slice(keys(local.claimed_cidr_blocks), place + 1, length(local.claimed_cidr_blocks)) :
      "${one} = ${local.claimed_cidr_blocks[one]} and ${other} = ${local.claimed_cidr_blocks[other]}"
      if local.ranges[one].start < local.ranges[other].end && local.ranges[other].start < local.ranges[one].end
    ]
  ])
}

resource "aws_subnet" "public" {
  for_each = local.subnet_cidr_blocks.public

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(var.tags, { Name = "${var.prefix}-public-${each.key}", Tier = "public" })
}

resource "aws_subnet" "private" {
  for_each = local.subnet_cidr_blocks.private

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(var.tags, { Name = "${var.prefix}-private-${each.key}", Tier = "private" })
}

resource "aws_subnet" "database" {
  for_each = local.subnet_cidr_blocks.database

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(var.tags, { Name = "${var.prefix}-database-${each.key}", Tier = "database" })
}

resource "aws_db_subnet_group" "this" {
  name        = "${var.prefix}-database"
  description = "Database subnets of ${var.prefix}"
  subnet_ids  = [for subnet in aws_subnet.database : subnet.id]

  tags = merge(var.tags, { Name = "${var.prefix}-database" })
}
