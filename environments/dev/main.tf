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
  environment = "dev"
  name_suffix = var.name_suffix
  owner       = "platform"
  cost_center = "payments-development"

  region             = local.region
  availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]

  network = {
    cidr_block          = "10.16.0.0/16"
    nat_gateways        = "single"
    interface_endpoints = ["ec2messages", "logs", "ssm", "ssmmessages"]
  }

  log_retention_in_days = 7
  deletion_protection   = coalesce(var.deletion_protection, false)

  database = {
    instance_class           = "db.t3.micro"
    multi_az                 = false
    allocated_storage        = 20
    max_allocated_storage    = 50
    backup_retention_in_days = 1
    final_snapshot           = false
  }

  compute = {
    blue  = { instance_type = "t3.micro", min = 1, max = 2, desired = 1 }
    green = { instance_type = "t3.micro", min = 1, max = 2, desired = 1 }
  }

  domain = { zone_name = "dev.payments.example.com" }

  alarms = {
    subscriptions = {
      team = { protocol = "email", endpoint = "payments-dev@example.com" }
    }
    thresholds = {
      database_connections        = 40
      database_free_memory_in_mb  = 100
      database_free_storage_in_gb = 2
      error_ratio_percent         = 5
      latency_p99_in_seconds      = 3
    }
  }
}
