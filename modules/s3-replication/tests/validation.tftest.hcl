mock_provider "aws" {}

mock_provider "aws" {
  alias = "replica"
}

variables {
  account_id  = "123456789012"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/data"
  prefix      = "payments-dev"
  region      = "eu-west-1"
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
}

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id               = "12345"
    kms_key_arn              = "alias/data"
    partition                = "aws-cn"
    permissions_boundary_arn = "payments-boundary"
    prefix                   = "1-payments"
    region                   = "eu-west"
    tags                     = { Environment = "dev" }
  }

  expect_failures = [
    var.account_id,
    var.kms_key_arn,
    var.partition,
    var.permissions_boundary_arn,
    var.prefix,
    var.region,
    var.tags,
  ]
}

run "a_prefix_too_long_for_bucket_names_and_retentions_under_a_day_are_refused" {
  command = plan

  variables {
    access_log_retention_in_days         = 0
    noncurrent_version_retention_in_days = 0.5
    prefix                               = "payments-with-a-name-that-is-too-long1"
  }

  expect_failures = [
    var.access_log_retention_in_days,
    var.noncurrent_version_retention_in_days,
    var.prefix,
  ]
}

run "a_malformed_replica_region_is_refused" {
  command = plan

  variables {
    replica = { kms_key_arn = "arn:aws:kms:Frankfurt:123456789012:key/replica", region = "Frankfurt" }
  }

  expect_failures = [var.replica]
}

run "a_replica_in_the_same_region_is_refused" {
  command = plan

  variables {
    replica = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/replica", region = "eu-west-1" }
  }

  expect_failures = [var.replica]
}

run "a_replica_key_that_is_an_alias_is_refused" {
  command = plan

  variables {
    replica = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/replica", region = "eu-central-1" }
  }

  expect_failures = [var.replica]
}

run "a_replica_key_of_another_region_is_refused" {
  command = plan

  variables {
    replica = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/data", region = "eu-central-1" }
  }

  expect_failures = [var.replica]
}
