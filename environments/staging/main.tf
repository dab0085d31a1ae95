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
}
