output "security" {
  description = "Security groups, keys, the application's role and the web ACL."
  value = {
    application_role_arn  = module.security.application_role_arn
    instance_profile_arn  = module.security.instance_profile_arn
    instance_profile_name = module.security.instance_profile_name
    kms_alias_names       = module.security.kms_alias_names
    kms_key_arns          = module.security.kms_key_arns
    kms_key_ids           = module.security.kms_key_ids
    security_group_ids    = module.security.security_group_ids
    waf_log_group_name    = module.security.waf_log_group_name
    web_acl_arn           = module.security.web_acl_arn
  }
}

output "stack" {
  description = "Account, region and prefix of all names."
  value = {
    account_id         = local.account_id
    availability_zones = var.availability_zones
    environment        = var.environment
    prefix             = local.prefix
    region             = var.region
    replica_region     = try(var.replica.region, null)
  }
}

output "vpc" {
  description = "Network, subnets, routes, gateways and endpoints."
  value = {
    database_subnet_group_name       = module.vpc.database_subnet_group_name
    flow_log_group_name              = module.vpc.flow_log_group_name
    flow_log_id                      = module.vpc.flow_log_id
    gateway_endpoint_ids             = module.vpc.gateway_endpoint_ids
    gateway_endpoint_prefix_list_ids = module.vpc.gateway_endpoint_prefix_list_ids
    interface_endpoint_ids           = module.vpc.interface_endpoint_ids
    internet_gateway_id              = module.vpc.internet_gateway_id
    nat_gateway_ids                  = module.vpc.nat_gateway_ids
    nat_public_ips                   = module.vpc.nat_public_ips
    network_acl_ids                  = module.vpc.network_acl_ids
    route_table_ids                  = module.vpc.route_table_ids
    subnet_cidr_blocks               = module.vpc.subnet_cidr_blocks
    subnet_ids                       = module.vpc.subnet_ids
    vpc_arn                          = module.vpc.vpc_arn
    vpc_cidr_block                   = module.vpc.vpc_cidr_block
    vpc_id                           = module.vpc.vpc_id
  }
}
