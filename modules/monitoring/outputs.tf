output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.arn }
}

output "alarm_names" {
  description = "Names of the alarms, by what they watch."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.alarm_name }
}

output "dashboard_arn" {
  description = "ARN of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_arn
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "gate_alarm_arn" {
  description = "ARN of the composite alarm that holds traffic shifts."
  value       = aws_cloudwatch_composite_alarm.gate.arn
}

output "gate_alarm_name" {
  description = "Name of the composite alarm that holds traffic shifts."
  value       = aws_cloudwatch_composite_alarm.gate.alarm_name
}

output "gating_alarm_names" {
  description = "Names of the alarms the gate is made of, by what they watch."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.alarm_name if local.alarms[name].gates }
}

output "metric_filter_names" {
  description = "Names of the metric filters, by what they count."
  value       = { for name, filter in aws_cloudwatch_log_metric_filter.this : name => filter.name }
}

output "subscription_arns" {
  description = "ARNs of the subscriptions by name; until one is confirmed, AWS says so instead."
  value       = { for name, subscription in aws_sns_topic_subscription.alarms : name => subscription.arn }
}

output "topic_arn" {
  description = "ARN of the topic of all alarms."
  value       = aws_sns_topic.alarms.arn
}

output "topic_name" {
  description = "Name of the topic of all alarms."
  value       = aws_sns_topic.alarms.name
}
