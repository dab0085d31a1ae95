resource "aws_db_instance" "replica" {
  count = var.read_replica == null ? 0 : 1

  identifier          = local.identifiers.replica
  replicate_source_db = aws_db_instance.this.identifier
  instance_class      = local.instance_classes.replica
  multi_az            = var.read_replica.multi_az

  # In the region of its source a replica has the key, the subnet group, the storage and the version
  # of its source, and RDS refuses to be told the key.
  storage_encrypted     = true
  max_allocated_storage = var.instance.max_allocated_storage

  vpc_security_group_ids              = var.security_group_ids
  port                                = var.port
  publicly_accessible                 = false
  iam_database_authentication_enabled = true
  ca_cert_identifier                  = var.ca_cert_identifier
  parameter_group_name                = aws_db_parameter_group.this.name
  option_group_name                   = aws_db_option_group.this.name

  auto_minor_version_upgrade = true
  apply_immediately          = var.instance.apply_immediately
  maintenance_window         = var.backup.maintenance_window

  # A replica that is promoted in an emergency has backups from its first minute.
  backup_retention_period  = var.backup.retention_in_days
  backup_window            = var.backup.window
  copy_tags_to_snapshot    = true
  delete_automated_backups = true
  deletion_protection      = var.backup.deletion_protection

  # RDS takes no final snapshot of a replica.
  skip_final_snapshot = true

  enabled_cloudwatch_logs_exports       = local.exported_logs
  monitoring_interval                   = var.monitoring.interval_in_seconds
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = local.performance_insights.replica
  performance_insights_kms_key_id       = local.performance_insights.replica ? var.kms_key_arn : null
  performance_insights_retention_period = local.performance_insights.replica ? var.monitoring.performance_insights_retention_in_days : null

  tags = merge(var.tags, { Name = local.identifiers.replica })

  depends_on = [aws_cloudwatch_log_group.replica, aws_iam_role_policy.monitoring]
}
