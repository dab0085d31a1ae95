module "database" {
  source = "../../modules/rds"

  account_id               = local.account_id
  ca_cert_identifier       = var.database.ca_cert_identifier
  database_name            = var.project
  event_topic              = { arn = module.monitoring.topic_arn }
  kms_key_arn              = module.security.kms_key_arns.data
  log_retention_in_days    = var.log_retention_in_days
  logs_kms_key_arn         = module.security.kms_key_arns.logs
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  port                     = local.ports.database
  prefix                   = local.prefix
  region                   = var.region
  security_group_ids       = [module.security.security_group_ids.database]
  subnet_group_name        = module.vpc.database_subnet_group_name
  tags                     = local.tags

  instance = {
    instance_class        = var.database.instance_class
    allocated_storage     = var.database.allocated_storage
    max_allocated_storage = var.database.max_allocated_storage
    multi_az              = var.database.multi_az
  }

  backup = {
    deletion_protection = var.deletion_protection
    final_snapshot      = var.database.final_snapshot
    retention_in_days   = var.database.backup_retention_in_days
  }

  monitoring = {
    performance_insights_retention_in_days = var.database.performance_insights_retention_in_days
  }

  restore = var.database.restore_from_snapshot == null ? null : {
    snapshot_identifier = var.database.restore_from_snapshot
  }
}
