output "alarm_arns" {
  description = "ARNs of the health checks' alarms, which are in us-east-1, by endpoint."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.health_check : name => alarm.arn }
}

output "alarm_names" {
  description = "Names of the health checks' alarms, which are in us-east-1, by endpoint."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.health_check : name => alarm.alarm_name }
}

output "ds_record" {
  description = "The DS record that the parent zone must hold for signed answers to be checked, or null without DNSSEC."
  value       = one(aws_route53_key_signing_key.this[*].ds_record)
}

output "health_check_ids" {
  description = "Ids of the health checks by endpoint."
  value       = { for name, check in aws_route53_health_check.endpoint : name => check.id }
}

output "kms_key_arns" {
  description = "ARNs of the keys in us-east-1: logs and, where answers are signed, dnssec."
  value = merge(
    { logs = aws_kms_key.logs.arn },
    { for key in aws_kms_key.dnssec : "dnssec" => key.arn },
  )
}

output "name_servers" {
  description = "Name servers the parent zone must delegate to, or null for a zone that existed already."
  value       = one(aws_route53_zone.this[*].name_servers)
}

output "query_log_group_name" {
  description = "Name of the log group of queries, which is in us-east-1, or null."
  value       = one(aws_cloudwatch_log_group.queries[*].name)
}

output "record_name" {
  description = "The name that leads to the endpoints."
  value       = var.record_name
}

output "record_names" {
  description = "Fully qualified names of the weighted records by endpoint; they are equal."
  value       = { for name, record in aws_route53_record.endpoint : name => record.fqdn }
}

output "topic_arn" {
  description = "ARN of the topic of the health checks' alarms, which is in us-east-1."
  value       = aws_sns_topic.alarms.arn
}

output "weights" {
  description = "Weights of the records by endpoint."
  value       = { for name, endpoint in var.endpoints : name => endpoint.weight }
}

output "zone_id" {
  description = "Id of the zone."
  value       = local.zone_id
}

output "zone_name" {
  description = "Name of the zone."
  value       = var.zone.name
}
