# Which resource hangs on which is decided by ids, and ids are unknown in a plan. The mock
# provider invents them, so an apply shows the wiring.
mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:flow-logs" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flow-logs" }
  }
}

variables {
  account_id         = "123456789012"
  availability_zones = ["eu-west-1b", "eu-west-1a", "eu-west-1c"]
  cidr_block         = "10.0.0.0/16"
  flow_logs          = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a" }
  interface_endpoints = {
    security_group_ids = ["sg-1"]
    services           = ["ssm"]
  }
  prefix = "shop-dev"
  region = "eu-west-1"
  tags = {
    CostCenter  = "payments"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "platform"
    Project     = "shop"
  }
}

run "every_subnet_has_the_network_acl_of_its_tier" {
  assert {
    condition     = aws_network_acl.tier["public"].subnet_ids == toset([for subnet in aws_subnet.public : subnet.id]) && length(aws_network_acl.tier["public"].subnet_ids) == 3
    error_message = "The public ACL holds ${join(", ", aws_network_acl.tier["public"].subnet_ids)}."
  }

  assert {
    condition     = aws_network_acl.tier["private"].subnet_ids == toset([for subnet in aws_subnet.private : subnet.id]) && length(aws_network_acl.tier["private"].subnet_ids) == 3
    error_message = "The private ACL holds ${join(", ", aws_network_acl.tier["private"].subnet_ids)}."
  }

  assert {
    condition     = aws_network_acl.tier["database"].subnet_ids == toset([for subnet in aws_subnet.database : subnet.id]) && length(aws_network_acl.tier["database"].subnet_ids) == 3
    error_message = "The database ACL holds ${join(", ", aws_network_acl.tier["database"].subnet_ids)}."
  }

  assert {
    condition     = alltrue([for key, rule in aws_network_acl_rule.tier : rule.network_acl_id == aws_network_acl.tier[split("/", key)[0]].id])
    error_message = "A rule is in the ACL of another tier."
  }
}

run "every_zone_leaves_by_its_own_nat_gateway" {
  assert {
    condition     = alltrue([for zone, gateway in aws_nat_gateway.this : gateway.subnet_id == aws_subnet.public[zone].id && gateway.allocation_id == aws_eip.nat[zone].id])
    error_message = "A NAT gateway is not in the public subnet of its zone, or has the address of another."
  }

  assert {
    condition     = keys(aws_route.nat) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"] && alltrue([for zone, route in aws_route.nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id && route.route_table_id == aws_route_table.private[zone].id])
    error_message = "A private route table does not lead to the NAT gateway of its zone."
  }

  assert {
    condition     = aws_route.internet.gateway_id == aws_internet_gateway.this.id && aws_route.internet.route_table_id == aws_route_table.public.id
    error_message = "The public route table does not lead to the internet gateway."
  }
}

run "a_single_nat_gateway_serves_every_zone" {
  variables {
    nat_gateways = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1b"] && alltrue([for zone in var.availability_zones : aws_route.nat[zone].nat_gateway_id == aws_nat_gateway.this["eu-west-1b"].id])
    error_message = "The routes do not all lead to the NAT gateway of the first zone."
  }
}

run "every_subnet_has_the_route_table_of_its_tier_and_zone" {
  assert {
    condition     = alltrue([for zone, association in aws_route_table_association.public : association.route_table_id == aws_route_table.public.id && association.subnet_id == aws_subnet.public[zone].id])
    error_message = "A public subnet has the wrong route table."
  }

  assert {
    condition     = alltrue([for zone, association in aws_route_table_association.private : association.route_table_id == aws_route_table.private[zone].id && association.subnet_id == aws_subnet.private[zone].id])
    error_message = "A private subnet has the wrong route table."
  }

  assert {
    condition     = alltrue([for zone, association in aws_route_table_association.database : association.route_table_id == aws_route_table.database[zone].id && association.subnet_id == aws_subnet.database[zone].id])
    error_message = "A database subnet has the wrong route table."
  }

  assert {
    condition     = length(aws_route_table_association.public) + length(aws_route_table_association.private) + length(aws_route_table_association.database) == 9
    error_message = "A subnet has no route table of its own."
  }
}

run "endpoints_serve_the_private_tier_only" {
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.gateway : endpoint.route_table_ids == toset([for table in aws_route_table.private : table.id])])
    error_message = "A gateway endpoint is not in exactly the private route tables."
  }

  assert {
    condition     = aws_vpc_endpoint.interface["ssm"].subnet_ids == toset([for subnet in aws_subnet.private : subnet.id]) && aws_vpc_endpoint.interface["ssm"].security_group_ids == toset(["sg-1"])
    error_message = "The interface endpoint is not in exactly the private subnets, or has another group."
  }
}

run "the_database_subnet_group_holds_the_database_subnets" {
  assert {
    condition     = aws_db_subnet_group.this.subnet_ids == toset([for subnet in aws_subnet.database : subnet.id]) && length(aws_db_subnet_group.this.subnet_ids) == 3
    error_message = "The subnet group holds ${join(", ", aws_db_subnet_group.this.subnet_ids)}."
  }
}

run "the_defaults_of_the_vpc_are_adopted" {
  assert {
    condition     = aws_default_network_acl.this.default_network_acl_id == aws_vpc.this.default_network_acl_id && aws_default_route_table.this.default_route_table_id == aws_vpc.this.default_route_table_id && aws_default_security_group.this.vpc_id == aws_vpc.this.id
    error_message = "A default of another VPC is adopted."
  }
}

run "flow_logs_of_the_vpc_go_to_their_log_group" {
  assert {
    condition     = aws_flow_log.this.vpc_id == aws_vpc.this.id && aws_flow_log.this.log_destination == aws_cloudwatch_log_group.flow_logs.arn && aws_flow_log.this.iam_role_arn == aws_iam_role.flow_logs.arn && aws_iam_role_policy.flow_logs.role == aws_iam_role.flow_logs.id
    error_message = "The flow log does not join this VPC, its log group and its role."
  }
}

run "outputs_name_what_was_made" {
  assert {
    condition     = output.subnet_ids.database["eu-west-1c"] == aws_subnet.database["eu-west-1c"].id && output.route_table_ids.public == aws_route_table.public.id && output.route_table_ids.private["eu-west-1a"] == aws_route_table.private["eu-west-1a"].id
    error_message = "Subnets or route tables are mixed up in the outputs."
  }

  assert {
    condition     = output.nat_gateway_ids["eu-west-1a"] == aws_nat_gateway.this["eu-west-1a"].id && output.nat_public_ips["eu-west-1a"] == aws_eip.nat["eu-west-1a"].public_ip && output.internet_gateway_id == aws_internet_gateway.this.id
    error_message = "Gateways are mixed up in the outputs."
  }

  assert {
    condition     = output.network_acl_ids.database == aws_network_acl.tier["database"].id && output.gateway_endpoint_ids.s3 == aws_vpc_endpoint.gateway["s3"].id && output.gateway_endpoint_prefix_list_ids.dynamodb == aws_vpc_endpoint.gateway["dynamodb"].prefix_list_id && output.interface_endpoint_ids.ssm == aws_vpc_endpoint.interface["ssm"].id
    error_message = "Network ACLs or endpoints are mixed up in the outputs."
  }

  assert {
    condition     = output.flow_log_id == aws_flow_log.this.id && output.flow_log_group_arn == aws_cloudwatch_log_group.flow_logs.arn && output.flow_log_role_arn == aws_iam_role.flow_logs.arn && output.vpc_id == aws_vpc.this.id && output.vpc_arn == aws_vpc.this.arn
    error_message = "The flow log or the VPC is mixed up in the outputs."
  }
}
