output "bucket_arn" {
  description = "ARN of the application's bucket."
  value       = aws_s3_bucket.application.arn
}

output "bucket_name" {
  description = "Name of the application's bucket."
  value       = aws_s3_bucket.application.id
}

output "bucket_regional_domain_name" {
  description = "Host name of the application's bucket in its region."
  value       = aws_s3_bucket.application.bucket_regional_domain_name
}

output "log_bucket_name" {
  description = "Name of the bucket that receives the access logs of the application's bucket."
  value       = aws_s3_bucket.logs.id
}

output "replica_bucket_arn" {
  description = "ARN of the replica bucket, or null."
  value       = one(aws_s3_bucket.replica[*].arn)
}

output "replica_bucket_name" {
  description = "Name of the replica bucket, or null."
  value       = one(aws_s3_bucket.replica[*].id)
}

output "replica_log_bucket_name" {
  description = "Name of the bucket that receives the access logs of the replica bucket, or null."
  value       = one(aws_s3_bucket.replica_logs[*].id)
}

output "replication_role_arn" {
  description = "ARN of the role S3 replicates with, or null."
  value       = one(aws_iam_role.replication[*].arn)
}

output "replication_rule_id" {
  description = "Id of the replication rule, which its metrics carry as RuleId, or null."
  value       = one(aws_s3_bucket_replication_configuration.application[*].rule[0].id)
}
