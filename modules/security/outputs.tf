output "application_role_arn" {
  description = "ARN of the instance role."
  value       = aws_iam_role.application.arn
}

output "application_role_name" {
  description = "Name of the instance role."
  value       = aws_iam_role.application.name
}

output "autoscaling_role_arn" {
  description = "ARN of the service-linked role the Auto Scaling groups must use (service_linked_role_arn): the data key knows no other."
  value       = aws_iam_service_linked_role.autoscaling.arn
}

output "instance_profile_arn" {
  description = "ARN of the instance profile."
  value       = aws_iam_instance_profile.application.arn
}

output "instance_profile_name" {
  description = "Name of the instance profile."
  value       = aws_iam_instance_profile.application.name
}

output "kms_alias_arns" {
  description = "ARNs of the aliases by key: data, logs and, where there is one, replica."
  value = merge(
    { for name, alias in aws_kms_alias.this : name => alias.arn },
    { for alias in aws_kms_alias.replica : "replica" => alias.arn },
  )
}

output "kms_alias_names" {
  description = "Names of the aliases by key: data, logs and, where there is one, replica."
  value = merge(
    { for name, alias in aws_kms_alias.this : name => alias.name },
    { for alias in aws_kms_alias.replica : "replica" => alias.name },
  )
}

output "kms_key_arns" {
  description = "ARNs of the keys: data, logs and, where there is one, replica."
  value = merge(
    { for name, key in aws_kms_key.this : name => key.arn },
    { for key in aws_kms_key.replica : "replica" => key.arn },
  )
}

output "kms_key_ids" {
  description = "Ids of the keys: data, logs and, where there is one, replica."
  value = merge(
    { for name, key in aws_kms_key.this : name => key.key_id },
    { for key in aws_kms_key.replica : "replica" => key.key_id },
  )
}

output "security_group_arns" {
  description = "ARNs of the security groups: application, database, endpoints, load_balancer and, where there is one, bastion."
  value       = { for name, group in aws_security_group.this : name => group.arn }
}

output "security_group_ids" {
  description = "Ids of the security groups: application, database, endpoints, load_balancer and, where there is one, bastion."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "waf_log_group_arn" {
  description = "ARN of the log group of the web ACL."
  value       = aws_cloudwatch_log_group.waf.arn
}

output "waf_log_group_name" {
  description = "Name of the log group of the web ACL."
  value       = aws_cloudwatch_log_group.waf.name
}

output "web_acl_arn" {
  description = "ARN of the web ACL."
  value       = aws_wafv2_web_acl.this.arn
}

output "web_acl_id" {
  description = "Id of the web ACL."
  value       = aws_wafv2_web_acl.this.id
}

output "web_acl_name" {
  description = "Name of the web ACL."
  value       = aws_wafv2_web_acl.this.name
}
