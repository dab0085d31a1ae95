# ARNs and ids are unknown in a plan. The mock provider invents them.
mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:payments-dev-dns" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:queries" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:payments-dev-dns" }
  }
}

variables {
  account_id = "123456789012"
  endpoints = {
    load_balancer = {
      alias  = { dns_name = "payments-dev-1.eu-west-1.elb.amazonaws.com", zone_id = "Z32O12XQLNTSW2" }
      weight = 100
    }
  }
  prefix        = "payments-dev"
  record_name   = "pay.dev.example.com"
  subscriptions = { team = { endpoint = "alarms@example.com", protocol = "email" } }
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  zone = { name = "dev.example.com" }
}

run "outputs_name_what_was_made" {
  variables {
    dnssec    = true
    query_log = { retention_in_days = 30 }
  }

  assert {
    condition     = output.alarm_arns == { load_balancer = aws_cloudwatch_metric_alarm.health_check["load_balancer"].arn } && output.health_check_ids == { load_balancer = aws_route53_health_check.endpoint["load_balancer"].id }
    error_message = "The health check or its alarm is mixed up in the outputs."
  }

  assert {
    condition     = output.kms_key_arns == { dnssec = aws_kms_key.dnssec[0].arn, logs = aws_kms_key.logs.arn } && output.topic_arn == "arn:aws:sns:us-east-1:123456789012:payments-dev-dns"
    error_message = "The keys or the topic are mixed up in the outputs."
  }

  assert {
    condition     = output.record_names == { load_balancer = aws_route53_record.endpoint["load_balancer"].fqdn } && output.zone_id == aws_route53_zone.this[0].zone_id
    error_message = "The record or the zone is mixed up in the outputs."
  }
}

run "without_signing_and_query_log_there_is_one_key" {
  variables {
    query_log = null
  }

  assert {
    condition     = join(",", keys(output.kms_key_arns)) == "logs" && output.ds_record == null && output.query_log_group_name == null
    error_message = "An output names a key or a log that is not made."
  }
}
