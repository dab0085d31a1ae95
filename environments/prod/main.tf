locals {
  region         = "eu-west-1"
  replica_region = "eu-central-1"
}

module "stack" {
  source = "../_stack"

  providers = {
    aws         = aws
    aws.replica = aws.replica
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
}
