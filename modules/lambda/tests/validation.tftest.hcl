mock_provider "aws" {}

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

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id               = "12345"
    metric_namespace         = "AWS/Lambda"
    partition                = "azure"
    permissions_boundary_arn = "boundary"
    prefix                   = "Payments"
    region                   = "eu-west"
    tags                     = { Environment = "dev", ManagedBy = "terraform", Owner = "payments", Project = "payments" }
  }

  expect_failures = [
    var.account_id,
    var.metric_namespace,
    var.partition,
    var.permissions_boundary_arn,
    var.prefix,
    var.region,
    var.tags,
  ]
}

run "values_just_outside_their_range_are_refused" {
  command = plan

  variables {
    dead_letter_queue     = { retention_in_days = 15 }
    limits                = { timeout_in_seconds = 901 }
    log_retention_in_days = 2
    schedule              = { expression = "rate(1 minutes)" }
  }

  expect_failures = [
    var.dead_letter_queue,
    var.limits,
    var.log_retention_in_days,
    var.schedule,
  ]
}

run "too_little_memory_is_refused" {
  command = plan

  variables {
    limits = { memory_in_mb = 127 }
  }

  expect_failures = [var.limits]
}

run "reserving_nothing_which_would_stop_the_function_is_refused" {
  command = plan

  variables {
    limits = { reserved_concurrency = 0 }
  }

  expect_failures = [var.limits]
}

run "a_function_without_code_is_refused" {
  command = plan

  variables {
    function = { description = "Nothing", handler = "nothing.handler", name = "nothing" }
  }

  expect_failures = [var.function]
}

run "a_handler_without_a_module_is_refused" {
  command = plan

  variables {
    function = { description = "Checks the health endpoint", handler = "handler", name = "probe" }
  }

  expect_failures = [var.function]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    function = { description = "Checks the health endpoint", handler = "probe.handler", name = "Probe", package = "functions/probe.zip" }
  }

  expect_failures = [var.function]
}

run "a_name_of_more_than_64_characters_is_refused" {
  command = plan

  variables {
    function = { description = "Long", handler = "probe.handler", name = "a-function-whose-name-is-longer-than-any-role-can-bear", package = "functions/probe.zip" }
  }

  expect_failures = [var.function]
}

run "an_environment_variable_of_lambda_is_refused" {
  command = plan

  variables {
    environment_variables = { AWS_REGION = "eu-west-1" }
  }

  expect_failures = [var.environment_variables]
}

run "an_environment_variable_the_module_sets_is_refused" {
  command = plan

  variables {
    environment_variables = { ENVIRONMENT = "prod" }
  }

  expect_failures = [var.environment_variables]
}

run "a_secret_in_an_environment_variable_is_refused" {
  command = plan

  variables {
    environment_variables = { DATABASE_PASSWORD = "hunter2" }
  }

  expect_failures = [var.environment_variables]
}

run "the_outermost_allowed_values_are_accepted" {
  command = plan

  variables {
    dead_letter_queue     = { retention_in_days = 1 }
    environment_variables = { DATABASE_PASSWORD_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:payments" }
    limits                = { memory_in_mb = 10240, reserved_concurrency = 1, timeout_in_seconds = 900 }
    schedule              = { expression = "cron(0 6 ? * MON-FRI *)" }
  }

  assert {
    condition     = aws_lambda_function.this.timeout == 900 && aws_lambda_function.this.memory_size == 10240
    error_message = "The largest function must be accepted."
  }
}
