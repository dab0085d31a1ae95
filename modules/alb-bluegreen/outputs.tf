output "access_log_bucket_arn" {
  description = "ARN of the bucket that receives the access logs."
  value       = aws_s3_bucket.access_logs.arn
}

output "access_log_bucket_name" {
  description = "Name of the bucket that receives the access logs."
  value       = aws_s3_bucket.access_logs.bucket
}

output "application_log_group_arns" {
  description = "ARNs of the log groups of the instances: application and bootstrap."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.arn }
}

output "application_log_group_names" {
  description = "Names of the log groups of the instances: application and bootstrap."
  value       = { for name, group in aws_cloudwatch_log_group.this : name => group.name }
}

output "application_port" {
  description = "Port the application listens on."
  value       = var.application.port
}

output "autoscaling_group_arns" {
  description = "ARNs of the Auto Scaling groups, by color."
  value       = { for color, group in aws_autoscaling_group.this : color => group.arn }
}

output "autoscaling_group_names" {
  description = "Names of the Auto Scaling groups, by color."
  value       = { for color, group in aws_autoscaling_group.this : color => group.name }
}

output "autoscaling_group_sizes" {
  description = "Sizes of the Auto Scaling groups while they have capacity, by color."
  value       = { for color, size in var.colors : color => { desired = size.desired, max = size.max, min = size.min } }
}

output "certificate_arn" {
  description = "ARN of the certificate, known once it is issued."
  value       = aws_acm_certificate_validation.this.certificate_arn
}

output "color_capacity" {
  description = "Whether each color has capacity, as the traffic record says."
  value       = local.has_capacity
}

output "domain_name" {
  description = "First name of the certificate."
  value       = var.domain.name
}

output "health_path" {
  description = "Path of the health checks."
  value       = var.application.health_path
}

output "http_listener_arn" {
  description = "ARN of the listener on port 80, which only redirects."
  value       = aws_lb_listener.http.arn
}

output "https_listener_arn" {
  description = "ARN of the listener on port 443."
  value       = aws_lb_listener.https.arn
}

output "idle_color" {
  description = "Color with the smaller share, which the preview rule reaches; with equal shares green."
  value       = local.idle_color
}

output "launch_template_ids" {
  description = "Ids of the launch templates, by color."
  value       = { for color, template in aws_launch_template.this : color => template.id }
}

output "launch_template_versions" {
  description = "Versions of the launch templates the groups use, by color."
  value       = { for color, template in aws_launch_template.this : color => template.latest_version }
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "load_balancer_arn_suffix" {
  description = "End of the load balancer's ARN, which its metrics have as dimension LoadBalancer."
  value       = aws_lb.this.arn_suffix
}

output "load_balancer_dns_name" {
  description = "DNS name of the load balancer, the target of alias records."
  value       = aws_lb.this.dns_name
}

output "load_balancer_name" {
  description = "Name of the load balancer."
  value       = aws_lb.this.name
}

output "load_balancer_zone_id" {
  description = "Hosted zone of the load balancer's DNS name, for alias records."
  value       = aws_lb.this.zone_id
}

output "migration_phase" {
  description = "Phase of the migration, as the traffic record says: initial, canary, half, complete or rolled-back."
  value       = local.phase
}

output "migration_status" {
  description = "What the phase means: not started, in progress, complete or rolled back."
  value       = lookup(local.statuses, local.phase, "unknown")
}

output "preview_header" {
  description = "Header and value by which a request reaches the idle color."
  value       = var.traffic.preview
}

output "preview_rule_arn" {
  description = "ARN of the listener rule that sends requests with the preview header to the idle color."
  value       = aws_lb_listener_rule.preview.arn
}

output "target_group_arn_suffixes" {
  description = "Ends of the target groups' ARNs, which their metrics have as dimension TargetGroup, by color."
  value       = { for color, group in aws_lb_target_group.this : color => group.arn_suffix }
}

output "target_group_arns" {
  description = "ARNs of the target groups, by color."
  value       = { for color, group in aws_lb_target_group.this : color => group.arn }
}

output "target_group_names" {
  description = "Names of the target groups, by color."
  value       = { for color, group in aws_lb_target_group.this : color => group.name }
}

output "traffic_parameter_arn" {
  description = "ARN of the parameter that holds the traffic record."
  value       = aws_ssm_parameter.traffic.arn
}

output "traffic_parameter_name" {
  description = "Name of the parameter that holds the traffic record."
  value       = aws_ssm_parameter.traffic.name
}

output "traffic_rule_arn" {
  description = "ARN of the listener rule that carries the weights."
  value       = aws_lb_listener_rule.traffic.arn
}

output "traffic_weights" {
  description = "Share of each color in percent, as the traffic record says."
  value       = local.weights
}
