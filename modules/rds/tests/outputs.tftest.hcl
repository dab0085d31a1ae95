# Addresses, ARNs and secrets are unknown in a plan. The mock provider invents them there already:
# terraform test applies nothing that has an ephemeral variable without a value.
mock_provider "aws" {
  override_during = plan

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mock" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ kms_key_id = "", secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds-AbCdEf", secret_status = "active" }]
    }
  }
}

override_resource {
  override_during = plan
  target          = aws_db_instance.replica[0]
  values = {
    address     = "replica.example.com"
    arn         = "arn:aws:rds:eu-west-1:123456789012:db:payments-dev-replica"
    endpoint    = "replica.example.com:3306"
    resource_id = "db-REPLICA"
  }
}

variables {
  account_id         = "123456789012"
  instance           = { instance_class = "db.m5.large" }
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/data"
  logs_kms_key_arn   = "arn:aws:kms:eu-west-1:123456789012:key/logs"
  prefix             = "payments-dev"
  region             = "eu-west-1"
  security_group_ids = ["sg-0a1b2c3d"]
  subnet_group_name  = "payments-dev-database"
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
}

run "outputs_name_the_database" {
  command = plan

  assert {
    condition     = output.address == aws_db_instance.this.address && output.arn == aws_db_instance.this.arn && output.endpoint == aws_db_instance.this.endpoint && output.resource_id == aws_db_instance.this.resource_id
    error_message = "Address, ARN, endpoint or resource id of the database are mixed up in the outputs."
  }

  assert {
    condition     = output.monitoring_role_arn == "arn:aws:iam::123456789012:role/mock" && output.secret_arn == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds-AbCdEf"
    error_message = "The role or the secret that RDS manages is mixed up in the outputs."
  }

  assert {
    condition     = output.replica_address == null && output.replica_arn == null && output.replica_endpoint == null && output.replica_resource_id == null
    error_message = "An output names a replica that is not made."
  }
}

run "outputs_name_the_replica" {
  command = plan

  variables {
    master_password = "made-up-password" # kingfisher:ignore
    read_replica = {
      master_secret = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf", version = 1 }
    }
  }

  assert {
    condition     = output.replica_address == "replica.example.com" && output.replica_arn == "arn:aws:rds:eu-west-1:123456789012:db:payments-dev-replica" && output.replica_endpoint == "replica.example.com:3306" && output.replica_resource_id == "db-REPLICA"
    error_message = "The replica is mixed up in the outputs."
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf"
    error_message = "The secret must be the one that is given."
  }

  assert {
    condition     = aws_db_instance.replica[0].performance_insights_enabled && aws_db_instance.replica[0].performance_insights_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/data" && aws_db_instance.replica[0].performance_insights_retention_period == 7
    error_message = "Performance Insights of the replica must be on, under the data key."
  }
}

run "an_empty_subnet_group_is_refused" {
  command = plan

  variables {
    subnet_group_name = "-"
  }

  expect_failures = [var.subnet_group_name]
}
