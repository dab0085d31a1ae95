mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mock" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  account_id       = "123456789012"
  instance         = { instance_class = "db.m5.large" }
  kms_key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/data"
  logs_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/logs"
  master_password  = "made-up-password" # kingfisher:ignore
  prefix           = "payments-dev"
  region           = "eu-west-1"
  read_replica = {
    master_secret = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf", version = 1 }
  }
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

run "a_database_is_created" {
  assert {
    condition     = output.kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/data"
    error_message = "The database must be encrypted with the data key."
  }

  assert {
    condition     = output.final_snapshot_identifier == "payments-dev-final"
    error_message = "Deletion must leave the snapshot payments-dev-final."
  }
}

# A mocked provider replaces nothing, so the arguments whose change would are compared instead.
run "a_snapshot_named_later_does_not_change_it" {
  variables {
    restore = { snapshot_identifier = "payments-dev-final" }
  }

  assert {
    condition     = aws_db_instance.this.snapshot_identifier != "payments-dev-final"
    error_message = "A snapshot counts only when the database is created."
  }
}

run "another_user_and_database_do_not_change_it" {
  variables {
    database_name = "other"
    username      = "other"
  }

  assert {
    condition     = output.username == "dbmaster" && output.database_name == "application"
    error_message = "User and database are those the database was created with."
  }
}

run "another_data_key_is_refused_instead_of_replacing_it" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/other"
  }

  expect_failures = [aws_db_instance.this]
}
