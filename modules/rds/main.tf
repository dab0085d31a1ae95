locals {
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
  classes_without_performance_insights = ["db.t2.micro", "db.t2.small", "db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"]

  identifiers = {
    database = "${var.prefix}-database"
    replica  = "${var.prefix}-database-replica"
  }

  instance_classes = {
    database = var.instance.instance_class
    replica  = try(coalesce(var.read_replica.instance_class, var.instance.instance_class), var.instance.instance_class)
  }

  performance_insights = {
    for name, class in local.instance_classes : name => !contains(local.classes_without_performance_insights, class)
  }
}

resource "aws_db_instance" "this" {
  identifier     = local.identifiers.database
  engine         = "mysql"
  engine_version = "8.0"
  instance_class = var.instance.instance_class
  multi_az       = var.instance.multi_az

  # A restored instance brings its databases and its master user along, and RDS refuses to be told.
  snapshot_identifier = try(var.restore.snapshot_identifier, null)
  db_name             = var.restore == null ? var.database_name : null
  username            = var.restore == null ? var.username : null

  manage_master_user_password   = var.read_replica == null ? true : null
  master_user_secret_kms_key_id = var.read_replica == null ? var.kms_key_arn : null
  password_wo                   = var.master_password
  password_wo_version           = try(var.read_replica.master_secret.version, null)

  storage_type          = "gp3"
  allocated_storage     = var.instance.allocated_storage
  max_allocated_storage = var.instance.max_allocated_storage
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_subnet_group_name                = var.subnet_group_name
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

  backup_retention_period   = var.backup.retention_in_days
  backup_window             = var.backup.window
  copy_tags_to_snapshot     = true
  delete_automated_backups  = var.backup.delete_automated_backups
  deletion_protection       = var.backup.deletion_protection
  skip_final_snapshot       = !var.backup.final_snapshot
  final_snapshot_identifier = var.backup.final_snapshot ? "${var.prefix}-final" : null

  enabled_cloudwatch_logs_exports       = local.exported_logs
  monitoring_interval                   = var.monitoring.interval_in_seconds
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = local.performance_insights.database
  performance_insights_kms_key_id       = local.performance_insights.database ? var.kms_key_arn : null
  performance_insights_retention_period = local.performance_insights.database ? var.monitoring.performance_insights_retention_in_days : null

  tags = merge(var.tags, { Name = local.identifiers.database })

  lifecycle {
    # Each of these can only be changed by a new, empty instance, and each may differ after a
    # restore. What they are is decided once, when the database is created.
    ignore_changes = [db_name, kms_key_id, snapshot_identifier, storage_encrypted, username]

    precondition {
      condition     = local.backup_window.length >= 30 && local.maintenance_window.length >= 30 && local.maintenance_window.length < 1440
      error_message = "backup.window and backup.maintenance_window must be at least 30 minutes long, and the latter less than a day; got ${var.backup.window} and ${var.backup.maintenance_window}."
    }

    precondition {
      condition     = !local.windows_overlap
      error_message = "backup.window and backup.maintenance_window must not overlap; got ${var.backup.window} (every day) and ${var.backup.maintenance_window}."
    }

    postcondition {
      condition     = self.storage_encrypted && self.kms_key_id == var.kms_key_arn
      error_message = "The database ${local.identifiers.database} must be encrypted with ${var.kms_key_arn}; it is ${self.storage_encrypted ? "encrypted with ${self.kms_key_id}" : "not encrypted"}. A restored database keeps the key of its snapshot: copy the snapshot under the key (aws rds copy-db-snapshot --kms-key-id), name the copy in restore.snapshot_identifier, and replace the database (-replace)."
    }
  }

  # RDS makes missing log groups itself, without retention or key, and checks at once whether it may
  # use the role.
  depends_on = [aws_cloudwatch_log_group.database, aws_iam_role_policy.monitoring]
}
