output "kms_key_arn" {
  description = "ARN of the key that encrypts states and locks."
  value       = aws_kms_key.state.arn
}

output "lock_table_name" {
  description = "Name of the DynamoDB table that holds the locks."
  value       = aws_dynamodb_table.locks.name
}

output "log_bucket_name" {
  description = "Name of the bucket that receives the access logs of the state bucket."
  value       = aws_s3_bucket.logs.id
}

output "reader_policy_arns" {
  description = "ARNs of the policies for readers of a state, by environment."
  value       = { for name, policy in aws_iam_policy.reader : name => policy.arn }
}

output "state_bucket_arn" {
  description = "ARN of the bucket that holds the states."
  value       = aws_s3_bucket.state.arn
}

output "state_bucket_name" {
  description = "Name of the bucket that holds the states."
  value       = aws_s3_bucket.state.id
}

output "writer_policy_arns" {
  description = "ARNs of the policies for those who plan and apply, by environment."
  value       = { for name, policy in aws_iam_policy.writer : name => policy.arn }
}
