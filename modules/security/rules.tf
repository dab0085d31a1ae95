# A rule is named <group>_from_<peer> or <group>_to_<peer>. Its other end is exactly one of `peer`
# (a group of this module), `prefix_list` (a gateway endpoint) or `cidr_block`; the provider refuses
# a rule with none.
locals {
  ingress_rules = merge(
    {
      application_from_load_balancer = {
        group       = "application"
        peer        = "load_balancer"
        port        = var.ports.application
        description = "Requests and health checks from the load balancer"
      }
      database_from_application = {
        group       = "database"
        peer        = "application"
        port        = var.ports.database
        description = "Queries from the application"
      }
      database_from_bastion = {
        group       = "database"
        peer        = "bastion"
        port        = var.ports.database
        description = "Administration from the bastion"
      }
      endpoints_from_application = {
        group       = "endpoints"
        peer        = "application"
        port        = 443
        description = "AWS API calls from the application"
      }
      endpoints_from_bastion = {
        group       = "endpoints"
        peer        = "bastion"
        port        = 443
        description = "AWS API calls from the bastion"
      }
      load_balancer_from_internet_http = {
        group       = "load_balancer"
        cidr_block  = "0.0.0.0/0"
        port        = 80
        description = "HTTP from the internet, answered by a redirect to HTTPS only"
      }
      load_balancer_from_internet_https = {
        group       = "load_balancer"
        cidr_block  = "0.0.0.0/0"
        port        = 443
        description = "HTTPS from the internet"
      }
    },
    {
      for block in var.bastion_cidr_blocks : "bastion_from_${block}" => {
        group       = "bastion"
        cidr_block  = block
        port        = 22
        description = "SSH from ${block}"
      }
    },
  )

  egress_rules = merge(
    {
      application_to_database = {
        group       = "application"
        peer        = "database"
        port        = var.ports.database
        description = "Queries to the database"
      }
      application_to_dynamodb = {
        group       = "application"
        prefix_list = "dynamodb"
        port        = 443
        description = "DynamoDB through its gateway endpoint"
      }
      application_to_endpoints = {
        group       = "application"
        peer        = "endpoints"
        port        = 443
        description = "AWS API calls through the interface endpoints"
      }
      application_to_s3 = {
        group       = "application"
        prefix_list = "s3"
        port        = 443
        description = "S3 and Amazon Linux packages through the gateway endpoint"
      }
      bastion_to_database = {
        group       = "bastion"
        peer        = "database"
        port        = var.ports.database
        description = "Administration of the database"
      }
      bastion_to_endpoints = {
        group       = "bastion"
        peer        = "endpoints"
        port        = 443
        description = "AWS API calls through the interface endpoints"
      }
      bastion_to_s3 = {
        group       = "bastion"
        prefix_list = "s3"
        port        = 443
        description = "S3 and Amazon Linux packages through the gateway endpoint"
      }
      load_balancer_to_application = {
        group       = "load_balancer"
        peer        = "application"
        port        = var.ports.application
        description = "Requests and health checks to the application"
      }
    },
    {
      for name, destination in var.application_egress : "application_to_destination_${name}" => {
        group       = "application"
        cidr_block  = destination.cidr_block
        port        = destination.port
        description = "Calls to ${name}"
      }
    },
  )
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = {
    for name, rule in local.ingress_rules : name => rule
    if length(setsubtract([rule.group, try(rule.peer, rule.group)], keys(local.enabled_security_groups))) == 0
  }

  security_group_id            = aws_security_group.this[each.value.group].id
  description                  = each.value.description
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  cidr_ipv4                    = try(each.value.cidr_block, null)
  referenced_security_group_id = try(aws_security_group.this[each.value.peer].id, null)

  tags = merge(var.tags, { Name = "${var.prefix}-${replace(each.key, "_", "-")}" })
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = {
    for name, rule in local.egress_rules : name => rule
    if length(setsubtract([rule.group, try(rule.peer, rule.group)], keys(local.enabled_security_groups))) == 0
  }

  security_group_id            = aws_security_group.this[each.value.group].id
  description                  = each.value.description
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  cidr_ipv4                    = try(each.value.cidr_block, null)
  prefix_list_id               = try(var.gateway_prefix_list_ids[each.value.prefix_list], null)
  referenced_security_group_id = try(aws_security_group.this[each.value.peer].id, null)

  tags = merge(var.tags, { Name = "${var.prefix}-${replace(each.key, "_", "-")}" })
}
