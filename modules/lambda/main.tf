locals {
  name    = "${var.prefix}-${var.function.name}"
  package = coalesce(var.function.package, "${path.module}/functions/${var.function.name}.zip")

  # From the inputs and not from the resources, so that a plan already shows what the role may do.
  log_group_arn         = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${local.name}"
  dead_letter_queue_arn = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.name}-failed"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_in_days

  tags = merge(var.tags, { Name = "/aws/lambda/${local.name}" })
}

resource "aws_sqs_queue" "dead_letters" {
  count = var.dead_letter_queue == null ? 0 : 1

  name                              = "${local.name}-failed"
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = var.dead_letter_queue.retention_in_days * 86400

  tags = merge(var.tags, { Name = "${local.name}-failed" })
}

resource "aws_lambda_function" "this" {
  function_name    = local.name
  description      = var.function.description
  role             = aws_iam_role.this.arn
  runtime          = "python3.12"
  handler          = var.function.handler
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  memory_size      = var.limits.memory_in_mb
  timeout          = var.limits.timeout_in_seconds
  kms_key_arn      = var.kms_key_arn

  reserved_concurrent_executions = coalesce(var.limits.reserved_concurrency, -1)

  environment {
    variables = merge(var.environment_variables, {
      ENVIRONMENT      = var.tags["Environment"]
      FUNCTION_NAME    = local.name
      METRIC_NAMESPACE = var.metric_namespace
      REGION           = var.region
    })
  }

  logging_config {
    application_log_level = "INFO"
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "dead_letter_config" {
    for_each = aws_sqs_queue.dead_letters

    content {
      target_arn = dead_letter_config.value.arn
    }
  }

  tags = merge(var.tags, { Name = local.name })

  # Lambda refuses a dead-letter queue its role cannot write to.
  depends_on = [aws_iam_role_policy.this]
}
