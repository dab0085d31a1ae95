mock_provider "aws" {}

variables {
  account_id           = "123456789012"
  ami_id               = "ami-0a1b2c3d4e5f60718"
  application          = { metric_namespace = "payments-dev" }
  autoscaling_role_arn = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments-dev"
  domain               = { name = "pay.example.com", zone_id = "Z0123456789ABCDEFGHIJ" }
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/payments-dev-application"
  kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  logs_kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/66666666-7777-8888-9999-000000000000"
  prefix               = "payments-dev"
  private_subnet_ids   = { eu-west-1a = "subnet-0a1", eu-west-1b = "subnet-0b1" }
  public_subnet_ids    = { eu-west-1a = "subnet-0a0", eu-west-1b = "subnet-0b0" }
  region               = "eu-west-1"
  security_group_ids   = { application = "sg-0a1", load_balancer = "sg-0a0" }
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  vpc_id      = "vpc-0a1b2c3d"
  web_acl_arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/payments-dev-web-acl/1b2c3d4e"
}

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id           = "12345"
    ami_id               = "al2023"
    autoscaling_role_arn = "arn:aws:iam::123456789012:role/autoscaling"
    instance_profile_arn = "arn:aws:iam::123456789012:role/payments-dev-application"
    kms_key_arn          = "alias/payments-dev-data"
    logs_kms_key_arn     = "alias/payments-dev-logs"
    partition            = "aws-cn"
    prefix               = "1-payments-dev"
    region               = "eu-west"
    tags                 = { Environment = "dev", ManagedBy = "terraform", Owner = "payments", Project = "payments" }
    vpc_id               = "subnet-0a1b2c3d"
    web_acl_arn          = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/payments-dev-web-acl/1b2c3d4e"
  }

  expect_failures = [
    var.account_id,
    var.ami_id,
    var.autoscaling_role_arn,
    var.instance_profile_arn,
    var.kms_key_arn,
    var.logs_kms_key_arn,
    var.partition,
    var.prefix,
    var.region,
    var.tags,
    var.vpc_id,
    var.web_acl_arn,
  ]
}

run "values_just_outside_their_range_are_refused" {
  command = plan

  variables {
    access_log_retention_in_days = 0
    application                  = { metric_namespace = "payments-dev", port = 1023 }
    colors                       = { blue = { min = 2, desired = 1 } }
    domain                       = { name = "a.very.long.name.that.is.one.character.longer.than.sixtyfour.com", zone_id = "Z0123456789ABCDEFGHIJ", alternative_names = ["*.example.com"] }
    log_retention_in_days        = 2
    prefix                       = "payments-staging-and-pr4243"
    root_volume                  = { size_in_gib = 7 }
    scaling                      = { cpu_percent = 9 }
    target_groups                = { slow_start_in_seconds = 29 }
    traffic                      = { phase = "done" }
  }

  expect_failures = [
    var.access_log_retention_in_days,
    var.application,
    var.colors,
    var.domain,
    var.log_retention_in_days,
    var.prefix,
    var.root_volume,
    var.scaling,
    var.target_groups,
    var.traffic,
  ]
}

run "values_just_inside_their_range_are_accepted" {
  command = plan

  variables {
    access_log_retention_in_days = 1
    application                  = { metric_namespace = "payments-dev", port = 1024 }
    colors                       = { blue = { instance_type = "u7i-12tb.224xlarge", min = 1, desired = 1, max = 1 }, green = { instance_type = "m7i.metal-24xl" } }
    prefix                       = "payments-staging-and-pr424"
    root_volume                  = { size_in_gib = 8 }
    scaling                      = { cpu_percent = 10, requests_per_target = 1, grace_period_in_seconds = 0, warmup_in_seconds = 3600 }
    target_groups                = { slow_start_in_seconds = 0, stickiness = { duration_in_seconds = 604800 } }
    traffic                      = { phase = "rolled-back" }
  }
}

run "names_under_every_limit_fit_the_preview_of_a_pull_request" {
  command = plan

  variables {
    prefix = "payments-staging-pr42"
  }

  assert {
    condition     = alltrue([for name in concat([aws_lb.this.name], values(output.target_group_names)) : length(name) <= 32])
    error_message = "A load balancer or target group name is longer than 32 characters."
  }

  assert {
    condition     = length(output.access_log_bucket_name) <= 63
    error_message = "The bucket name is longer than 63 characters."
  }
}

run "a_load_balancer_in_one_zone_is_refused" {
  command = plan

  variables {
    public_subnet_ids = { eu-west-1a = "subnet-0a0" }
  }

  expect_failures = [var.public_subnet_ids]
}

run "instances_in_one_zone_are_refused" {
  command = plan

  variables {
    private_subnet_ids = { eu-west-1a = "subnet-0a1" }
  }

  expect_failures = [var.private_subnet_ids]
}

run "instances_in_a_zone_without_load_balancer_are_refused" {
  command = plan

  variables {
    private_subnet_ids = { eu-west-1a = "subnet-0a1", eu-west-1c = "subnet-0c1" }
  }

  expect_failures = [var.private_subnet_ids]
}

run "secrets_in_user_data_are_refused" {
  command = plan

  variables {
    application = { metric_namespace = "payments-dev", environment = { DATABASE_PASSWORD = "x" } }
  }

  expect_failures = [var.application]
}

run "an_artifact_that_would_break_out_of_the_script_is_refused" {
  command = plan

  variables {
    application = {
      metric_namespace = "payments-dev"
      artifact = {
        bucket = "payments-dev-data"
        key    = "$(reboot).tar.gz"
        sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    }
  }

  expect_failures = [var.application]
}

run "a_preview_value_with_a_wildcard_is_refused" {
  command = plan

  variables {
    traffic = { preview = { value = "*" } }
  }

  expect_failures = [var.traffic]
}
