mock_provider "aws" {}

mock_provider "aws" {
  alias = "replica"
}

variables {
  account_id = "123456789012"
  application = {
    log_group_prefix = "/payments-dev/"
    metric_namespace = "Payments"
  }
  gateway_prefix_list_ids = { dynamodb = "pl-dynamodb", s3 = "pl-s3" }
  prefix                  = "payments-dev"
  region                  = "eu-west-1"
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  vpc_id = "vpc-0a1b2c3d"
}

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id               = "12345"
    partition                = "aws-cn"
    permissions_boundary_arn = "payments-boundary"
    prefix                   = "1-payments-dev"
    region                   = "eu-west"
    tags                     = { Environment = "dev", ManagedBy = "terraform", Owner = "payments", Project = "payments" }
    vpc_id                   = "subnet-0a1b2c3d"
  }

  expect_failures = [
    var.account_id,
    var.partition,
    var.permissions_boundary_arn,
    var.prefix,
    var.region,
    var.tags,
    var.vpc_id,
  ]
}

run "malformed_names_are_refused" {
  command = plan

  variables {
    application = {
      log_group_prefix = "/payments*/"
      metric_namespace = "Payments"
    }
    application_egress = { Processor = { cidr_block = "192.0.2.0/24" } }
    replica            = { region = "eu-central" }
    web_acl            = { blocked_countries = ["korea"] }
  }

  expect_failures = [
    var.application,
    var.application_egress,
    var.replica,
    var.web_acl,
  ]
}

run "values_just_outside_their_range_are_refused" {
  command = plan

  variables {
    application_egress    = { processor = { cidr_block = "192.0.2.0/24", port = 65536 } }
    bastion_cidr_blocks   = ["10.0.0.0/15"]
    keys                  = { deletion_window_in_days = 6 }
    log_retention_in_days = 0
    ports                 = { application = 80 }
    prefix                = "payments-with-a-suffix-of-some-lengt"
    web_acl               = { rate_limit = 99 }
  }

  expect_failures = [
    var.application_egress,
    var.bastion_cidr_blocks,
    var.keys,
    var.log_retention_in_days,
    var.ports,
    var.prefix,
    var.web_acl,
  ]
}

run "a_rotation_period_of_89_days_and_a_replica_in_the_same_region_are_refused" {
  command = plan

  variables {
    keys    = { rotation_period_in_days = 89 }
    replica = { region = "eu-west-1" }
  }

  expect_failures = [var.keys, var.replica]
}

run "networks_open_to_the_world_are_refused" {
  command = plan

  variables {
    application_egress  = { mail = { cidr_block = "0.0.0.0/0", port = 25 } }
    bastion_cidr_blocks = ["0.0.0.0/0"]
  }

  expect_failures = [var.application_egress, var.bastion_cidr_blocks]
}

run "networks_with_host_bits_are_refused" {
  command = plan

  variables {
    application_egress  = { processor = { cidr_block = "192.0.2.1/24" } }
    bastion_cidr_blocks = ["10.1.2.3/24"]
  }

  expect_failures = [var.application_egress, var.bastion_cidr_blocks]
}

run "a_metric_namespace_of_aws_is_refused" {
  command = plan

  variables {
    application = {
      log_group_prefix = "/payments-dev/"
      metric_namespace = "AWS/EC2"
    }
  }

  expect_failures = [var.application]
}

run "access_to_a_whole_bucket_is_refused" {
  command = plan

  variables {
    application = {
      log_group_prefix = "/payments-dev/"
      metric_namespace = "Payments"
      bucket           = { arn = "arn:aws:s3:::payments", prefix = "" }
    }
  }

  expect_failures = [var.application]
}

run "access_as_any_database_user_is_refused" {
  command = plan

  variables {
    application = {
      log_group_prefix = "/payments-dev/"
      metric_namespace = "Payments"
      database         = { resource_id = "db-ABCDEFGH", user = "*" }
    }
  }

  expect_failures = [var.application]
}

run "the_outermost_allowed_values_are_accepted" {
  command = plan

  variables {
    application_egress  = { everywhere = { cidr_block = "0.0.0.0/0" } }
    bastion_cidr_blocks = ["10.0.0.0/16"]
    keys                = { deletion_window_in_days = 7, rotation_period_in_days = 2560 }
    ports               = { application = 1024, database = 65535 }
    prefix              = "payments-with-a-suffix-of-some-leng"
    web_acl             = { rate_limit = 2000000000 }
  }

  assert {
    condition     = length(var.prefix) == 35 && aws_iam_service_linked_role.autoscaling.custom_suffix == var.prefix
    error_message = "A prefix of 35 characters must be accepted."
  }
}
