resource "aws_route53_health_check" "endpoint" {
  for_each = var.endpoints

  type              = "HTTPS"
  fqdn              = local.hosts[each.key]
  port              = 443
  resource_path     = each.value.health_check_path
  enable_sni        = true
  failure_threshold = var.health_check.failure_threshold
  measure_latency   = true
  regions           = var.health_check.regions
  request_interval  = var.health_check.interval_in_seconds

  tags = merge(var.tags, { Name = "${var.prefix}-${replace(each.key, "_", "-")}" })
}

# Route 53 reports to CloudWatch in us-east-1 only, and an alarm reports to topics of its own region
# only.
resource "aws_cloudwatch_metric_alarm" "health_check" {
  provider = aws.us_east_1
  for_each = var.endpoints

  alarm_name          = "${var.prefix}-health-check-${replace(each.key, "_", "-")}"
  alarm_description   = "Route 53 finds ${each.key} of ${var.record_name} unhealthy, or does not report."
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = aws_route53_health_check.endpoint[each.key].id }
  statistic           = "Minimum"
  period              = 60
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  tags = merge(var.tags, { Name = "${var.prefix}-health-check-${replace(each.key, "_", "-")}" })
}

resource "aws_sns_topic" "alarms" {
  provider = aws.us_east_1

  name              = "${var.prefix}-dns-alarms"
  display_name      = "DNS alarms of ${var.prefix}"
  kms_master_key_id = aws_kms_key.logs.arn
  signature_version = 2

  tags = merge(var.tags, { Name = "${var.prefix}-dns-alarms" })
}

resource "aws_sns_topic_policy" "alarms" {
  provider = aws.us_east_1

  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PublishByAlarmsOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:us-east-1:${var.account_id}:${var.prefix}-dns-alarms"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "alarms" {
  provider = aws.us_east_1
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}
