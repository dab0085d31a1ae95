locals {
  exported_logs = toset(["audit", "error", "slowquery"])

  # RDS writes Enhanced Monitoring of all instances of a region to this one group.
  os_metrics_log_group_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:RDSOSMetrics"
}

resource "aws_cloudwatch_log_group" "database" {
  for_each = local.exported_logs

  name              = "/aws/rds/instance/${local.identifiers.database}/${each.key}"
  kms_key_id        = var.logs_kms_key_arn
  retention_in_days = var.log_retention_in_days

  tags = merge(var.tags, { Name = "${local.identifiers.database}-${each.key}" })
}

resource "aws_cloudwatch_log_group" "replica" {
  for_each = var.read_replica == null ? [] : local.exported_logs

  name              = "/aws/rds/instance/${local.identifiers.replica}/${each.key}"
  kms_key_id        = var.logs_kms_key_arn
  retention_in_days = var.log_retention_in_days

  tags = merge(var.tags, { Name = "${local.identifiers.replica}-${each.key}" })
}

resource "aws_iam_role" "monitoring" {
  name                 = "${var.prefix}-database-monitoring"
  description          = "Enhanced Monitoring of the database of ${var.prefix}"
  permissions_boundary = var.permissions_boundary_arn

  # The conditions keep other accounts and other databases from borrowing the role:
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumeByEnhancedMonitoring"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:rds:${var.region}:${var.account_id}:db:${var.prefix}-database*" }
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-database-monitoring" })
}

# What the managed policy AmazonRDSEnhancedMonitoringRole allows, in this account and region only.
resource "aws_iam_role_policy" "monitoring" {
  name = "${var.prefix}-database-monitoring"
  role = aws_iam_role.monitoring.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "KeepLogGroup"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:PutRetentionPolicy"]
        Resource = [local.os_metrics_log_group_arn, "${local.os_metrics_log_group_arn}:*"]
      },
      {
        Sid      = "WriteMetrics"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:PutLogEvents"]
        Resource = "${local.os_metrics_log_group_arn}:log-stream:*"
      },
    ]
  })
}
