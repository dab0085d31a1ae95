output "compute" {
  description = "Auto Scaling groups with the sizes they have while they have capacity, launch templates and target groups by color, and log groups of the application."
  value       = module.stack.compute
}

output "database" {
  description = "Database: where it is, how it is called, and where its password is kept (never the password)."
  value       = module.stack.database
}

output "dns" {
  description = "Hosted zone, its name servers, records and health checks."
  value       = module.stack.dns
}

output "load_balancer" {
  description = "Load balancer, listeners and rules, certificate and access logs."
  value       = module.stack.load_balancer
}

output "monitoring" {
  description = "Topic, alarms, the alarm that gates traffic shifts, dashboard and metric filters."
  value       = module.stack.monitoring
}

output "probe" {
  description = "Function that checks the health endpoint."
  value       = module.stack.probe
}

output "security" {
  description = "Security groups, keys, the application's role and the web ACL."
  value       = module.stack.security
}

output "stack" {
  description = "Account, region and prefix of all names."
  value       = module.stack.stack
}

output "storage" {
  description = "Bucket of the application, its replica in the second region, and the role that replicates (null where nothing is replicated)."
  value       = module.stack.storage
}

output "traffic" {
  description = "The live traffic record: where it is, weights, phase and status of the migration, and what splits the traffic (listener or dns)."
  value       = module.stack.traffic
}

output "vpc" {
  description = "Network, subnets, routes, gateways and endpoints."
  value       = module.stack.vpc
}
