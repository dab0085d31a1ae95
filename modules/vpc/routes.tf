locals {
  # Zone of each private subnet -> zone of the NAT gateway it leaves through.
  nat_zones = var.nat_gateways == "none" ? {} : {
    for zone in var.availability_zones : zone => var.nat_gateways == "single" ? var.availability_zones[0] : zone
  }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.prefix}-internet" })
}

resource "aws_eip" "nat" {
  for_each = toset(values(local.nat_zones))

  domain = "vpc"

  tags = merge(var.tags, { Name = "${var.prefix}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(values(local.nat_zones))

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = merge(var.tags, { Name = "${var.prefix}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.prefix}-public" })
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  route_table_id = aws_route_table.public.id
  subnet_id      = each.value.id
}

resource "aws_route_table" "private" {
  for_each = local.zone_slots

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.prefix}-private-${each.key}" })
}

resource "aws_route" "nat" {
  for_each = local.nat_zones

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = each.value.id
}

# Tables without a route of their own: nothing but the VPC itself is reachable.
resource "aws_route_table" "database" {
  for_each = local.zone_slots

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.prefix}-database-${each.key}" })
}

resource "aws_route_table_association" "database" {
  for_each = aws_subnet.database

  route_table_id = aws_route_table.database[each.key].id
  subnet_id      = each.value.id
}
