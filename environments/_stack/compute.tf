module "alb_bluegreen" {
  source = "../../modules/alb-bluegreen"

  account_id                   = local.account_id
  access_log_retention_in_days = var.log_retention_in_days
  ami_id                       = coalesce(var.compute.ami_id, try(nonsensitive(data.aws_ssm_parameter.ami[0].value), null))
  autoscaling_role_arn         = module.security.autoscaling_role_arn
  colors                       = { blue = var.compute.blue, green = var.compute.green }
  deletion_protection          = var.deletion_protection
  instance_profile_arn         = module.security.instance_profile_arn
  kms_key_arn                  = module.security.kms_key_arns.data
  log_retention_in_days        = var.log_retention_in_days
  logs_kms_key_arn             = module.security.kms_key_arns.logs
  partition                    = local.partition
  prefix                       = local.prefix
  private_subnet_ids           = module.vpc.subnet_ids.private
  public_subnet_ids            = module.vpc.subnet_ids.public
  region                       = var.region
  tags                         = local.tags
  vpc_id                       = module.vpc.vpc_id
  web_acl_arn                  = module.security.web_acl_arn

  application = {
    metric_namespace = local.prefix
    port             = local.ports.application

    environment = {
      BUCKET        = module.storage.bucket_name
      BUCKET_PREFIX = local.bucket_prefix
      DATABASE_HOST = module.database.address
      DATABASE_NAME = module.database.database_name
      DATABASE_PORT = tostring(module.database.port)
      DATABASE_USER = local.database_user
    }
  }

  domain = {
    name    = local.domain_name
    zone_id = module.dns.zone_id
  }

  traffic = {
    phase = var.traffic.initial_phase
    split = var.domain.legacy == null ? "listener" : "dns"
  }

  security_group_ids = {
    application   = module.security.security_group_ids.application
    load_balancer = module.security.security_group_ids.load_balancer
  }
}

module "probe" {
  source = "../../modules/lambda"

  account_id               = local.account_id
  dead_letter_queue        = {}
  kms_key_arn              = module.security.kms_key_arns.logs
  log_retention_in_days    = var.log_retention_in_days
  metric_namespace         = local.prefix
  partition                = local.partition
  permissions_boundary_arn = var.permissions_boundary_arn
  prefix                   = local.prefix
  region                   = var.region
  schedule                 = { expression = "rate(1 minute)" }
  tags                     = local.tags

  environment_variables = {
    PROBE_URL = "https://${local.domain_name}${module.alb_bluegreen.health_path}"
  }

  function = {
    description = "Checks the health endpoint of ${local.prefix} and publishes what it found"
    handler     = "probe.handler"
    name        = "probe"
  }

  limits = { reserved_concurrency = 1 }
}
