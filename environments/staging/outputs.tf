output "security" {
  description = "Security groups, keys, the application's role and the web ACL."
  value       = module.stack.security
}

output "stack" {
  description = "Account, region and prefix of all names."
  value       = module.stack.stack
}

output "vpc" {
  description = "Network, subnets, routes, gateways and endpoints."
  value       = module.stack.vpc
}
