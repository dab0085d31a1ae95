module "vpc" {
  source = "../../modules/vpc"

  account_id         = local.account_id
  availability_zones = var.availability_zones
  cidr_block         = var.network.cidr_block
  nat_gateways       = var.network.nat_gateways
  partition          = local.partition
  ports              = local.ports
  prefix             = local.prefix
  region             = var.region
  subnet_cidr_blocks = var.network.subnet_cidr_blocks
  tags               = local.tags

  ssh_cidr_blocks = var.network.bastion_cidr_blocks

  flow_logs = {
    kms_key_arn       = module.security.kms_key_arns.logs
    retention_in_days = var.log_retention_in_days
  }

  interface_endpoints = length(var.network.interface_endpoints) == 0 ? null : {
    security_group_ids = [module.security.security_group_ids.endpoints]
    services           = var.network.interface_endpoints
  }
}

module "security" {
  source = "../../modules/security"

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  account_id               = local.account_id
  application_egress       = var.network.egress
  bastion_cidr_blocks      = var.network.bastion_cidr_blocks
  gateway_prefix_list_ids  = module.vpc.gateway_endpoint_prefix_list_ids
  log_retention_in_days    = var.log_retention_in_days
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  ports                    = local.ports
  prefix                   = local.prefix
  region                   = var.region
  replica                  = var.replica
  tags                     = local.tags
  vpc_id                   = module.vpc.vpc_id
  web_acl                  = var.web_acl

  application = {
    log_group_prefix = "/${local.prefix}/"
    metric_namespace = local.prefix

    bucket   = { arn = module.storage.bucket_arn, prefix = local.bucket_prefix }
    database = { resource_id = module.database.resource_id, user = local.database_user }
    secret   = { arn = module.database.secret_arn }
  }
}
