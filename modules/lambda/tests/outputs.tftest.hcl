# ARNs are unknown in a plan. The mock provider invents them.
mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:probe" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/probe" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:probe" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:failed" }
  }
}

variables {
  account_id       = "123456789012"
  function         = { description = "Checks the health endpoint", handler = "probe.handler", name = "probe" }
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  metric_namespace = "payments-dev"
  prefix           = "payments-dev"
  region           = "eu-west-1"
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
}

run "a_function_that_nobody_calls_keeps_no_failed_events" {
  assert {
    condition     = output.dead_letter_queue_arn == null && output.dead_letter_queue_name == null && output.schedule_rule_name == null
    error_message = "An output names a queue or a schedule that is not made."
  }

  assert {
    condition     = keys(aws_iam_role_policy.this) == ["logs", "metrics", "traces"] && length(aws_lambda_function.this.dead_letter_config) == 0
    error_message = "The function may write to a queue that is not there."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 && aws_iam_role.this.permissions_boundary == null
    error_message = "What is not given must not be set."
  }
}

run "outputs_name_what_was_made" {
  variables {
    dead_letter_queue = {}
    schedule          = { expression = "rate(1 minute)" }
  }

  assert {
    condition     = output.function_arn == "arn:aws:lambda:eu-west-1:123456789012:function:probe" && output.role_arn == "arn:aws:iam::123456789012:role/probe" && output.log_group_arn == "arn:aws:logs:eu-west-1:123456789012:log-group:probe"
    error_message = "Function, role or log group are mixed up in the outputs."
  }

  assert {
    condition     = output.dead_letter_queue_arn == "arn:aws:sqs:eu-west-1:123456789012:failed" && one(aws_lambda_function.this.dead_letter_config).target_arn == "arn:aws:sqs:eu-west-1:123456789012:failed"
    error_message = "Failed events do not go to the function's own queue."
  }
}
