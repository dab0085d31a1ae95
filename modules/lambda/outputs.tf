output "dead_letter_queue_arn" {
  description = "ARN of the queue of failed events, or null."
  value       = one(aws_sqs_queue.dead_letters[*].arn)
}

output "dead_letter_queue_name" {
  description = "Name of the queue of failed events, or null."
  value       = one(aws_sqs_queue.dead_letters[*].name)
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "function_name" {
  description = "Name of the function; also the value of the dimension FunctionName of its metrics."
  value       = aws_lambda_function.this.function_name
}

output "log_group_arn" {
  description = "ARN of the function's log group."
  value       = aws_cloudwatch_log_group.this.arn
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "metric_namespace" {
  description = "Namespace of the metrics the function puts."
  value       = var.metric_namespace
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "schedule_rule_name" {
  description = "Name of the rule that calls the function, or null."
  value       = one(aws_cloudwatch_event_rule.schedule[*].name)
}
