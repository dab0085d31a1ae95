locals {
  region         = "eu-west-1"
  replica_region = "eu-central-1"
}

module "stack" {
  source = "../_stack"

  providers = {
    aws           = aws
    aws.replica   = aws.replica
    aws.us_east_1 = aws.us_east_1
  }

  project     = "payments"
  environment = "prod"
  name_suffix = var.name_suffix
  owner       = "platform"
  cost_center = "payments-production"

  region             = local.region
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  replica            = { region = local.replica_region }

  network = {
    cidr_block   = "10.48.0.0/16"
    nat_gateways = "per_az"
    interface_endpoints = [
      "ec2", "ec2messages", "kms", "logs", "monitoring", "secretsmanager", "ssm", "ssmmessages",
      "xray",
    ]
  }

  log_retention_in_days = 365
  web_acl               = { rate_limit = 4000 }
  deletion_protection   = coalesce(var.deletion_protection, true)

  database = {
    instance_class                         = "db.m5.large"
    multi_az                               = true
    allocated_storage                      = 100
    max_allocated_storage                  = 1000
    backup_retention_in_days               = 35
    performance_insights_retention_in_days = 731
  }

  compute = {
    blue  = { instance_type = "t3.micro", min = 3, max = 6, desired = 3 }
    green = { instance_type = "m5.large", min = 3, max = 12, desired = 3 }
  }

  domain = { zone_name = "payments.example.com" }

  alarms = {
    subscriptions = {
      on-call = { protocol = "https", endpoint = "https://alerts.example.com/payments" }
      team    = { protocol = "email", endpoint = "payments@example.com" }
    }
    thresholds = {
      database_connections        = 500
      database_free_memory_in_mb  = 500
      database_free_storage_in_gb = 20
      error_ratio_percent         = 1
      latency_p99_in_seconds      = 1
    }
  }
}
