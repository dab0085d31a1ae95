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
  environment = "staging"
  name_suffix = var.name_suffix
  owner       = "platform"
  cost_center = "payments-staging"

  region             = local.region
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]

  network = {
    cidr_block   = "10.32.0.0/16"
    nat_gateways = "single"
    interface_endpoints = [
      "ec2", "ec2messages", "kms", "logs", "monitoring", "secretsmanager", "ssm", "ssmmessages",
    ]
  }

  log_retention_in_days = 90
  deletion_protection   = coalesce(var.deletion_protection, false)

  database = {
    instance_class           = "db.t3.small"
    multi_az                 = true
    allocated_storage        = 50
    max_allocated_storage    = 200
    backup_retention_in_days = 7
    final_snapshot           = false
  }

  compute = {
    blue  = { instance_type = "t3.micro", min = 2, max = 4, desired = 2 }
    green = { instance_type = "m5.large", min = 2, max = 4, desired = 2 }
  }

  domain = { zone_name = "staging.payments.example.com" }

  alarms = {
    subscriptions = {
      team = { protocol = "email", endpoint = "payments-staging@example.com" }
    }
    thresholds = {
      database_connections        = 100
      database_free_memory_in_mb  = 200
      database_free_storage_in_gb = 5
      error_ratio_percent         = 2
      latency_p99_in_seconds      = 2
    }
  }
}
