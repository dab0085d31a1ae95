locals {
  flow_log_group_name = "/aws/vpc/${var.prefix}/flow-logs"
  # From the inputs and not from the resource, so that a plan already shows what the role may do.
  flow_log_group_arn = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.flow_log_group_name}"
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  name              = local.flow_log_group_name
  kms_key_id        = var.flow_logs.kms_key_arn
  retention_in_days = var.flow_logs.retention_in_days

  tags = merge(var.tags, { Name = "${var.prefix}-flow-logs" })
}

resource "aws_iam_role" "flow_logs" {
  name        = "${var.prefix}-flow-logs"
  description = "Writes the flow logs of ${var.prefix} to their log group"

  # The conditions keep other accounts' flow logs from borrowing the role:
  # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:ec2:${var.region}:${var.account_id}:vpc-flow-log/*" }
      }
    }]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-flow-logs" })
}

resource "aws_iam_role_policy" "flow_logs" {
  name = "write-flow-logs"
  role = aws_iam_role.flow_logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
      ]
      Resource = [local.flow_log_group_arn, "${local.flow_log_group_arn}:*"]
    }]
  })
}

resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = var.flow_logs.traffic_type
  max_aggregation_interval = var.flow_logs.aggregation_seconds
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow_logs.arn
  iam_role_arn             = aws_iam_role.flow_logs.arn

  tags = merge(var.tags, { Name = "${var.prefix}-flow-logs" })

  depends_on = [aws_iam_role_policy.flow_logs]
}
