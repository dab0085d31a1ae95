module "storage" {
  source = "../../modules/s3-replication"

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  access_log_retention_in_days = var.log_retention_in_days
  permissions_boundary_arn     = var.permissions_boundary_arn
  account_id                   = local.account_id
  force_destroy                = !var.deletion_protection
  kms_key_arn                  = module.security.kms_key_arns.data
  partition                    = local.partition
  prefix                       = local.prefix
  region                       = var.region
  tags                         = local.tags

  replica = var.replica == null ? null : {
    kms_key_arn = module.security.kms_key_arns.replica
    region      = var.replica.region
  }
}
