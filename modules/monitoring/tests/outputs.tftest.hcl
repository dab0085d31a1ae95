# ARNs are unknown in a plan. The mock provider invents them.
mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:payments-dev-alarms" }
  }
}

variables {
  account_id              = "123456789012"
  autoscaling_group_names = { blue = "payments-dev-blue", green = "payments-dev-green" }
  database                = { instance_id = "payments-dev" }
  kms_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  load_balancer = {
    arn_suffix                = "app/payments-dev/50dc6c495c0c9188"
    target_group_arn_suffixes = { blue = "targetgroup/payments-dev-blue/1", green = "targetgroup/payments-dev-green/2" }
  }
  metric_namespace = "payments-dev"
  prefix           = "payments-dev"
  region           = "eu-west-1"
  subscriptions    = { team = { endpoint = "alarms@example.com", protocol = "email" } }
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  thresholds = { database_connections = 60, database_free_memory_in_mb = 128, database_free_storage_in_gb = 5 }
}

run "outputs_name_what_was_made" {
  assert {
    condition     = output.alarm_arns["database_cpu"] == aws_cloudwatch_metric_alarm.this["database_cpu"].arn && keys(output.alarm_arns) == keys(aws_cloudwatch_metric_alarm.this)
    error_message = "Alarms are mixed up in the outputs."
  }

  assert {
    condition     = output.gate_alarm_arn == aws_cloudwatch_composite_alarm.gate.arn && output.dashboard_arn == aws_cloudwatch_dashboard.this.dashboard_arn
    error_message = "The gate or the dashboard is mixed up in the outputs."
  }

  assert {
    condition     = output.topic_arn == "arn:aws:sns:eu-west-1:123456789012:payments-dev-alarms" && output.subscription_arns == { team = aws_sns_topic_subscription.alarms["team"].arn }
    error_message = "The topic or its subscription is mixed up in the outputs."
  }
}

run "a_function_without_a_queue_and_an_account_without_a_trail_have_no_alarms_for_them" {
  command = plan

  variables {
    functions = { probe = { function_name = "payments-dev-probe" } }
    logs      = { application = { app = { name = "/payments-dev/application" } } }
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "failed_events_probe") && !contains(keys(aws_cloudwatch_metric_alarm.this), "root_use")
    error_message = "There is an alarm for a queue or a trail that is not there."
  }

  assert {
    condition     = keys(aws_cloudwatch_log_metric_filter.this) == ["application_errors_app"]
    error_message = "Only the application's log may be filtered."
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "AWS/SQS")
    error_message = "The dashboard shows a queue that is not there."
  }
}
