locals {
  # Actions without a resource level are bound to calls from this account's instances instead: the
  # role's credentials are of no use for them elsewhere.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
  from_instances = {
    ArnLike = { "ec2:SourceInstanceARN" = "arn:${var.partition}:ec2:${var.region}:${var.account_id}:instance/*" }
  }

  # One policy per concern: a plan that changes one shows that one.
  application_statements = {
    logs = [{
      Sid      = "WriteOwnLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${var.application.log_group_prefix}*"
    }]

    metrics = [{
      Sid       = "WriteOwnMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = var.application.metric_namespace } }
    }]

    # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    sessions = [{
      Sid    = "OpenSessions"
      Effect = "Allow"
      Action = [
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      Resource  = "*"
      Condition = local.from_instances
    }]

    traces = [{
      Sid       = "WriteTraces"
      Effect    = "Allow"
      Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource  = "*"
      Condition = local.from_instances
    }]
  }

  database_statements = {
    for name, database in { database = var.application.database } : name => [{
      Sid      = "ConnectAsOneUser"
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = "arn:${var.partition}:rds-db:${var.region}:${var.account_id}:dbuser:${database.resource_id}/${database.user}"
    }] if database != null
  }

  secret_statements = {
    for name, secret in { secret = var.application.secret } : name => [{
      Sid      = "ReadOneSecret"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      Resource = secret.arn
    }] if secret != null
  }

  bucket_statements = {
    for name, bucket in { bucket = var.application.bucket } : name => [
      {
        Sid      = "UseObjectsOfOwnPrefix"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${bucket.arn}/${bucket.prefix}*"
      },
      {
        Sid       = "ListOwnPrefix"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = bucket.arn
        Condition = { StringLike = { "s3:prefix" = "${bucket.prefix}*" } }
      },
    ] if bucket != null
  }

  services_with_data = concat(
    var.application.bucket == null ? [] : ["s3.${var.region}.amazonaws.com"],
    var.application.secret == null ? [] : ["secretsmanager.${var.region}.amazonaws.com"],
  )

  key_statements = length(local.services_with_data) == 0 ? {} : {
    key = [{
      Sid       = "UseDataKeyThroughServices"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = aws_kms_key.this["data"].arn
      Condition = { StringEquals = { "kms:ViaService" = local.services_with_data } }
    }]
  }
}

# EC2 sends no aws:SourceAccount when an instance takes its role, so a condition on it would lock
# the instances out. The trust needs none: a role can only be passed to instances of its own account.
resource "aws_iam_role" "application" {
  name                 = "${var.prefix}-application"
  description          = "Application instances of ${var.prefix}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumeByInstances"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-application" })
}

resource "aws_iam_role_policy" "application" {
  for_each = merge(
    local.application_statements,
    local.bucket_statements,
    local.database_statements,
    local.key_statements,
    local.secret_statements,
  )

  name   = "${var.prefix}-application-${each.key}"
  role   = aws_iam_role.application.name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_instance_profile" "application" {
  name = "${var.prefix}-application"
  role = aws_iam_role.application.name

  tags = merge(var.tags, { Name = "${var.prefix}-application" })
}
