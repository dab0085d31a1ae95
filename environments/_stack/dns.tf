locals {
  # DNS knows no mixture at one name: next to a legacy CNAME this stack is a CNAME, too.
  by_cname = var.domain.legacy == null ? false : var.domain.legacy.zone_id == null

  # While a stack is being migrated from, the record splits the traffic here, between that stack
  # (which is then what blue stands for) and this one, and the listener sends everything to green.
  endpoints = merge(
    {
      stack = {
        weight = var.domain.legacy == null ? 100 : module.alb_bluegreen.traffic_weights.green
        alias = local.by_cname ? null : {
          dns_name = module.alb_bluegreen.load_balancer_dns_name
          zone_id  = module.alb_bluegreen.load_balancer_zone_id
        }
        cname = local.by_cname ? { target = module.alb_bluegreen.load_balancer_dns_name } : null
      }
    },
    var.domain.legacy == null ? {} : {
      legacy = {
        weight = module.alb_bluegreen.traffic_weights.blue
        alias  = local.by_cname ? null : var.domain.legacy
        cname  = local.by_cname ? { target = var.domain.legacy.dns_name } : null
      }
    },
  )
}

module "dns" {
  source = "../../modules/route53"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  account_id    = local.account_id
  endpoints     = local.endpoints
  prefix        = local.prefix
  query_log     = { retention_in_days = var.log_retention_in_days }
  record_name   = local.domain_name
  subscriptions = var.alarms.subscriptions
  tags          = local.tags

  zone = {
    id   = var.domain.zone_id
    name = local.zone_name
  }
}
