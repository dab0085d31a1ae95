locals {
  # Root use and refused calls as the CIS AWS Foundations Benchmark words them:
  # https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
  trail_patterns = {
    root_use           = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }"
    unauthorized_calls = "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }"
  }

  metric_names = {
    application_errors = "ApplicationErrors"
    root_use           = "RootUse"
    unauthorized_calls = "UnauthorizedCalls"
  }

  # All groups of the application count into one metric.
  log_filters = merge(
    {
      for name, group in var.logs.application : "application_errors_${name}" => {
        group   = group.name
        metric  = local.metric_names.application_errors
        pattern = group.error_pattern
      }
    },
    {
      for name, pattern in local.trail_patterns : name => {
        group   = var.logs.cloudtrail.name
        metric  = local.metric_names[name]
        pattern = pattern
      } if var.logs.cloudtrail != null
    },
  )

  log_measures = merge(
    {
      for name in ["application_errors"] : name => {
        description = "The application logged more than ${var.thresholds.application_errors} errors in five minutes."
        metric      = local.metric_names[name]
        threshold   = var.thresholds.application_errors
      } if length(var.logs.application) > 0
    },
    {
      for name, description in {
        root_use           = "Somebody used the root user of the account."
        unauthorized_calls = "AWS refused more than ${var.thresholds.unauthorized_calls} calls in five minutes for want of permission."
        } : name => {
        description = description
        metric      = local.metric_names[name]
        threshold   = name == "root_use" ? 0 : var.thresholds.unauthorized_calls
      } if var.logs.cloudtrail != null
    },
  )
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.log_filters

  name           = "${var.prefix}-${replace(each.key, "_", "-")}"
  log_group_name = each.value.group
  pattern        = each.value.pattern

  metric_transformation {
    namespace     = var.metric_namespace
    name          = each.value.metric
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}
