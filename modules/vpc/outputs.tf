output "availability_zones" {
  description = "Availability zones of the subnets, sorted."
  value       = sort(var.availability_zones)
}

output "database_subnet_group_name" {
  description = "Name of the database subnet group."
  value       = aws_db_subnet_group.this.name
}

output "flow_log_group_arn" {
  description = "ARN of the log group that receives the flow logs."
  value       = aws_cloudwatch_log_group.flow_logs.arn
}

output "flow_log_group_name" {
  description = "Name of the log group that receives the flow logs."
  value       = aws_cloudwatch_log_group.flow_logs.name
}

output "flow_log_id" {
  description = "Id of the VPC's flow log."
  value       = aws_flow_log.this.id
}

output "flow_log_role_arn" {
  description = "ARN of the role that writes the flow logs."
  value       = aws_iam_role.flow_logs.arn
}

output "gateway_endpoint_ids" {
  description = "Ids of the gateway endpoints, by service (dynamodb, s3)."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.id }
}

output "gateway_endpoint_prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints for use in security group rules, by service (dynamodb, s3)."
  value       = { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.prefix_list_id }
}

output "interface_endpoint_ids" {
  description = "Ids of the interface endpoints, by service."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "internet_gateway_id" {
  description = "Id of the internet gateway."
  value       = aws_internet_gateway.this.id
}

output "nat_gateway_ids" {
  description = "Ids of the NAT gateways, by availability zone."
  value       = { for zone, gateway in aws_nat_gateway.this : zone => gateway.id }
}

output "nat_public_ips" {
  description = "Public addresses of the NAT gateways, by availability zone: what partners see and may allow."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "network_acl_ids" {
  description = "Ids of the network ACLs, by tier (database, private, public)."
  value       = { for tier, acl in aws_network_acl.tier : tier => acl.id }
}

output "route_table_ids" {
  description = "Ids of the route tables: one for the public tier, one per availability zone for the others."
  value = {
    database = { for zone, table in aws_route_table.database : zone => table.id }
    private  = { for zone, table in aws_route_table.private : zone => table.id }
    public   = aws_route_table.public.id
  }
}

output "subnet_cidr_blocks" {
  description = "CIDR blocks of the subnets, by tier (database, private, public) and availability zone."
  value       = local.subnet_cidr_blocks
}

output "subnet_ids" {
  description = "Ids of the subnets, by tier (database, private, public) and availability zone."
  value = {
    database = { for zone, subnet in aws_subnet.database : zone => subnet.id }
    private  = { for zone, subnet in aws_subnet.private : zone => subnet.id }
    public   = { for zone, subnet in aws_subnet.public : zone => subnet.id }
  }
}

output "vpc_arn" {
  description = "ARN of the VPC."
  value       = aws_vpc.this.arn
}

output "vpc_cidr_block" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}
