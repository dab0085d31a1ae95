resource "aws_sns_topic" "alarms" {
  name              = "${var.prefix}-alarms"
  display_name      = "Alarms of ${var.prefix}"
  kms_master_key_id = var.kms_key_arn
  signature_version = 2

  tags = merge(var.tags, { Name = "${var.prefix}-alarms" })
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  # People and pipelines of the account publish by what IAM allows them.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishByServicesOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
      Action    = "sns:Publish"
      Resource  = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.prefix}-alarms"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = local.alarm_names[each.key]
  alarm_description   = each.value.description
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  namespace   = try(each.value.namespace, null)
  metric_name = try(each.value.metric, null)
  dimensions  = try(each.value.dimensions, null)
  statistic   = try(each.value.statistic, null)
  period      = try(each.value.period, null)

  dynamic "metric_query" {
    for_each = try({ result = each.value.expression }, {})

    content {
      id          = metric_query.key
      expression  = metric_query.value
      label       = each.value.label
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = try(each.value.queries, {})

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = 60
      }
    }
  }

  tags = merge(var.tags, { Name = local.alarm_names[each.key] })
}

# It names the alarms through the resource, so that they exist before it and outlive it: CloudWatch
# deletes no alarm that a rule names.
resource "aws_cloudwatch_composite_alarm" "gate" {
  alarm_name        = "${var.prefix}-traffic-gate"
  alarm_description = "While it is in ALARM, no traffic of ${var.prefix} should be shifted, and a shift under way should go back."
  alarm_rule = join(" OR ", [
    for name, alarm in local.alarms : "ALARM(\"${aws_cloudwatch_metric_alarm.this[name].alarm_name}\")" if alarm.gates
  ])
  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]

  tags = merge(var.tags, { Name = "${var.prefix}-traffic-gate" })
}
