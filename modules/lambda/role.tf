locals {
  # One policy per concern: a plan that changes one shows that one.
  statements = {
    logs = [{
      Sid      = "WriteOwnLogStreams"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:log-stream:*"
    }]

    metrics = [{
      Sid       = "WriteMetricsOfOneNamespace"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = var.metric_namespace } }
    }]

    # X-Ray has no resource level for these two.
    traces = [{
      Sid       = "WriteTraces"
      Effect    = "Allow"
      Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    }]
  }

  dead_letter_statements = {
    for name, queue in { dead_letters = var.dead_letter_queue } : name => [
      {
        Sid      = "KeepFailedEvents"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = local.dead_letter_queue_arn
      },
      {
        Sid       = "EncryptFailedEvents"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${var.region}.amazonaws.com" } }
      },
    ] if queue != null
  }
}

resource "aws_iam_role" "this" {
  name                 = local.name
  description          = "Function ${local.name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumeByLambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = local.name })
}

resource "aws_iam_role_policy" "this" {
  for_each = merge(local.statements, local.dead_letter_statements)

  name   = "${local.name}-${replace(each.key, "_", "-")}"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
