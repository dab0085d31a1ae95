module "monitoring" {
  source = "../../modules/monitoring"

  account_id              = local.account_id
  autoscaling_group_names = module.alb_bluegreen.autoscaling_group_names
  database                = { instance_id = module.database.instance_id }
  kms_key_arn             = module.security.kms_key_arns.logs
  metric_namespace        = local.prefix
  partition               = local.partition
  prefix                  = local.prefix
  probe                   = { function_name = module.probe.function_name }
  region                  = var.region
  subscriptions           = var.alarms.subscriptions
  tags                    = local.tags
  thresholds              = var.alarms.thresholds

  functions = {
    probe = {
      function_name     = module.probe.function_name
      dead_letter_queue = { name = module.probe.dead_letter_queue_name }
    }
  }

  load_balancer = {
    arn_suffix                = module.alb_bluegreen.load_balancer_arn_suffix
    target_group_arn_suffixes = module.alb_bluegreen.target_group_arn_suffixes
  }

  logs = {
    application = {
      for name, group in module.alb_bluegreen.application_log_group_names : name => { name = group }
    }
    cloudtrail = var.alarms.cloudtrail_log_group_name == null ? null : {
      name = var.alarms.cloudtrail_log_group_name
    }
  }

  network = {
    nat_gateway_ids = module.vpc.nat_gateway_ids
    web_acl         = { metric_name = module.security.web_acl_name }
  }
}
