output "compute" {
  description = "Auto Scaling groups with the sizes they have while they have capacity, launch templates and target groups by color, and log groups of the application."
  value = {
    application_log_group_arns  = module.alb_bluegreen.application_log_group_arns
    application_log_group_names = module.alb_bluegreen.application_log_group_names
    autoscaling_group_arns      = module.alb_bluegreen.autoscaling_group_arns
    autoscaling_group_names     = module.alb_bluegreen.autoscaling_group_names
    autoscaling_group_sizes     = module.alb_bluegreen.autoscaling_group_sizes
    launch_template_ids         = module.alb_bluegreen.launch_template_ids
    target_group_arn_suffixes   = module.alb_bluegreen.target_group_arn_suffixes
    target_group_arns           = module.alb_bluegreen.target_group_arns
    target_group_names          = module.alb_bluegreen.target_group_names
  }
}

output "database" {
  description = "Database: where it is, how it is called, and where its password is kept (never the password)."
  value = {
    address              = module.database.address
    arn                  = module.database.arn
    database_name        = module.database.database_name
    endpoint             = module.database.endpoint
    instance_id          = module.database.instance_id
    log_group_names      = module.database.log_group_names
    monitoring_role_arn  = module.database.monitoring_role_arn
    option_group_name    = module.database.option_group_name
    parameter_group_name = module.database.parameter_group_name
    port                 = module.database.port
    resource_id          = module.database.resource_id
    secret_arn           = module.database.secret_arn
  }
}

output "dns" {
  description = "Hosted zone, its name servers, records and health checks."
  value = {
    alarm_names          = module.dns.alarm_names
    health_check_ids     = module.dns.health_check_ids
    kms_key_arns         = module.dns.kms_key_arns
    name_servers         = module.dns.name_servers
    query_log_group_name = module.dns.query_log_group_name
    record_names         = module.dns.record_names
    topic_arn            = module.dns.topic_arn
    weights              = module.dns.weights
    zone_id              = module.dns.zone_id
    zone_name            = module.dns.zone_name
  }
}

output "load_balancer" {
  description = "Load balancer, listeners and rules, certificate and access logs."
  value = {
    access_log_bucket_name = module.alb_bluegreen.access_log_bucket_name
    arn                    = module.alb_bluegreen.load_balancer_arn
    arn_suffix             = module.alb_bluegreen.load_balancer_arn_suffix
    certificate_arn        = module.alb_bluegreen.certificate_arn
    dns_name               = module.alb_bluegreen.load_balancer_dns_name
    http_listener_arn      = module.alb_bluegreen.http_listener_arn
    https_listener_arn     = module.alb_bluegreen.https_listener_arn
    preview_header         = module.alb_bluegreen.preview_header
    preview_rule_arn       = module.alb_bluegreen.preview_rule_arn
    traffic_rule_arn       = module.alb_bluegreen.traffic_rule_arn
    zone_id                = module.alb_bluegreen.load_balancer_zone_id
  }
}

output "monitoring" {
  description = "Topic, alarms, the alarm that gates traffic shifts, dashboard and metric filters."
  value = {
    alarm_arns          = module.monitoring.alarm_arns
    alarm_names         = module.monitoring.alarm_names
    dashboard_arn       = module.monitoring.dashboard_arn
    dashboard_name      = module.monitoring.dashboard_name
    gate_alarm_arn      = module.monitoring.gate_alarm_arn
    gate_alarm_name     = module.monitoring.gate_alarm_name
    metric_filter_names = module.monitoring.metric_filter_names
    subscription_arns   = module.monitoring.subscription_arns
    topic_arn           = module.monitoring.topic_arn
    topic_name          = module.monitoring.topic_name
  }
}

output "probe" {
  description = "Function that checks the health endpoint."
  value = {
    dead_letter_queue_arn = module.probe.dead_letter_queue_arn
    function_arn          = module.probe.function_arn
    function_name         = module.probe.function_name
    log_group_name        = module.probe.log_group_name
    metric_namespace      = module.probe.metric_namespace
    role_arn              = module.probe.role_arn
    schedule_rule_name    = module.probe.schedule_rule_name
  }
}

output "security" {
  description = "Security groups, keys, the application's role and the web ACL."
  value = {
    application_role_arn  = module.security.application_role_arn
    instance_profile_arn  = module.security.instance_profile_arn
    instance_profile_name = module.security.instance_profile_name
    kms_alias_names       = module.security.kms_alias_names
    kms_key_arns          = module.security.kms_key_arns
    kms_key_ids           = module.security.kms_key_ids
    security_group_ids    = module.security.security_group_ids
    waf_log_group_name    = module.security.waf_log_group_name
    web_acl_arn           = module.security.web_acl_arn
  }
}

output "stack" {
  description = "Account, region and prefix of all names."
  value = {
    account_id         = local.account_id
    availability_zones = var.availability_zones
    environment        = var.environment
    prefix             = local.prefix
    region             = var.region
    replica_region     = try(var.replica.region, null)
  }
}

output "storage" {
  description = "Bucket of the application, its replica in the second region, and the role that replicates (null where nothing is replicated)."
  value = {
    bucket_arn           = module.storage.bucket_arn
    bucket_name          = module.storage.bucket_name
    log_bucket_name      = module.storage.log_bucket_name
    replica_bucket_arn   = module.storage.replica_bucket_arn
    replica_bucket_name  = module.storage.replica_bucket_name
    replication_role_arn = module.storage.replication_role_arn
    replication_rule_id  = module.storage.replication_rule_id
  }
}

output "traffic" {
  description = "The live traffic record: where it is, weights, phase and status of the migration, and what splits the traffic (listener or dns)."
  value = {
    idle_color       = module.alb_bluegreen.idle_color
    migration_phase  = module.alb_bluegreen.migration_phase
    migration_status = module.alb_bluegreen.migration_status
    parameter_arn    = module.alb_bluegreen.traffic_parameter_arn
    parameter_name   = module.alb_bluegreen.traffic_parameter_name
    split            = var.domain.legacy == null ? "listener" : "dns"
    weights          = module.alb_bluegreen.traffic_weights
  }
}

output "vpc" {
  description = "Network, subnets, routes, gateways and endpoints."
  value = {
    database_subnet_group_name       = module.vpc.database_subnet_group_name
    flow_log_group_name              = module.vpc.flow_log_group_name
    flow_log_id                      = module.vpc.flow_log_id
    gateway_endpoint_ids             = module.vpc.gateway_endpoint_ids
    gateway_endpoint_prefix_list_ids = module.vpc.gateway_endpoint_prefix_list_ids
    interface_endpoint_ids           = module.vpc.interface_endpoint_ids
    internet_gateway_id              = module.vpc.internet_gateway_id
    nat_gateway_ids                  = module.vpc.nat_gateway_ids
    nat_public_ips                   = module.vpc.nat_public_ips
    network_acl_ids                  = module.vpc.network_acl_ids
    route_table_ids                  = module.vpc.route_table_ids
    subnet_cidr_blocks               = module.vpc.subnet_cidr_blocks
    subnet_ids                       = module.vpc.subnet_ids
    vpc_arn                          = module.vpc.vpc_arn
    vpc_cidr_block                   = module.vpc.vpc_cidr_block
    vpc_id                           = module.vpc.vpc_id
  }
}
