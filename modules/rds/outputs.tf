output "address" {
  description = "Host name of the database."
  value       = aws_db_instance.this.address
}

output "arn" {
  description = "ARN of the database."
  value       = aws_db_instance.this.arn
}

output "database_name" {
  description = "Name of the database in the instance."
  value       = aws_db_instance.this.db_name
}

output "endpoint" {
  description = "Host name and port of the database, host:port."
  value       = aws_db_instance.this.endpoint
}

output "event_subscription_names" {
  description = "Names of the event subscriptions by source: instances, parameter-groups and security-groups. Empty without event_topic."
  value       = { for source, subscription in aws_db_event_subscription.this : source => subscription.name }
}

output "final_snapshot_identifier" {
  description = "Identifier of the snapshot that deletion leaves, or null where it leaves none."
  value       = aws_db_instance.this.final_snapshot_identifier
}

output "instance_id" {
  description = "Identifier of the database, which its metrics carry as DBInstanceIdentifier."
  value       = aws_db_instance.this.identifier
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the database."
  value       = aws_db_instance.this.kms_key_id
}

output "log_group_names" {
  description = "Names of the log groups of the database: audit, error and slowquery."
  value       = { for log, group in aws_cloudwatch_log_group.database : log => group.name }
}

output "monitoring_role_arn" {
  description = "ARN of the role of Enhanced Monitoring."
  value       = aws_iam_role.monitoring.arn
}

output "option_group_name" {
  description = "Name of the option group."
  value       = aws_db_option_group.this.name
}

output "parameter_group_name" {
  description = "Name of the parameter group."
  value       = aws_db_parameter_group.this.name
}

output "port" {
  description = "Port of the database."
  value       = aws_db_instance.this.port
}

output "replica_address" {
  description = "Host name of the read replica, or null."
  value       = one(aws_db_instance.replica[*].address)
}

output "replica_arn" {
  description = "ARN of the read replica, or null."
  value       = one(aws_db_instance.replica[*].arn)
}

output "replica_endpoint" {
  description = "Host name and port of the read replica, host:port, or null."
  value       = one(aws_db_instance.replica[*].endpoint)
}

output "replica_instance_id" {
  description = "Identifier of the read replica, or null."
  value       = one(aws_db_instance.replica[*].identifier)
}

output "replica_log_group_names" {
  description = "Names of the log groups of the read replica: audit, error and slowquery. Empty without a replica."
  value       = { for log, group in aws_cloudwatch_log_group.replica : log => group.name }
}

output "replica_resource_id" {
  description = "Resource id of the read replica, which rds-db:connect names, or null."
  value       = one(aws_db_instance.replica[*].resource_id)
}

output "resource_id" {
  description = "Resource id of the database, which rds-db:connect names."
  value       = aws_db_instance.this.resource_id
}

output "secret_arn" {
  description = "ARN of the secret that holds the master user's name and password."
  value       = var.read_replica == null ? one(aws_db_instance.this.master_user_secret[*].secret_arn) : var.read_replica.master_secret.arn
}

output "username" {
  description = "Name of the master user."
  value       = aws_db_instance.this.username
}
