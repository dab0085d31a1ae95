mock_provider "aws" {}

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

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id               = "12345"
    ca_cert_identifier       = "rds-ca-2019"
    kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:alias/data"
    logs_kms_key_arn         = "logs"
    partition                = "aws-cn"
    permissions_boundary_arn = "payments-boundary"
    prefix                   = "Payments"
    region                   = "eu-west"
    security_group_ids       = []
    subnet_group_name        = "Payments"
    tags                     = { Environment = "dev" }
  }

  expect_failures = [
    var.account_id,
    var.ca_cert_identifier,
    var.kms_key_arn,
    var.logs_kms_key_arn,
    var.partition,
    var.permissions_boundary_arn,
    var.prefix,
    var.region,
    var.security_group_ids,
    var.subnet_group_name,
    var.tags,
  ]
}

run "two_hyphens_in_a_row_are_refused" {
  command = plan

  variables {
    prefix = "payments--dev"
  }

  expect_failures = [var.prefix]
}

run "wrong_names_sizes_and_times_are_refused" {
  command = plan

  variables {
    backup                = { retention_in_days = 0 }
    database_name         = "1st"
    instance              = { instance_class = "m5.large" }
    log_retention_in_days = 42
    monitoring            = { interval_in_seconds = 0 }
    port                  = 80
    username              = "admin"
  }

  expect_failures = [
    var.backup,
    var.database_name,
    var.instance,
    var.log_retention_in_days,
    var.monitoring,
    var.port,
    var.username,
  ]
}

run "a_reserved_user_is_refused" {
  command = plan

  variables {
    username = "root"
  }

  expect_failures = [var.username]
}

run "too_little_storage_and_another_insights_retention_are_refused" {
  command = plan

  variables {
    instance   = { instance_class = "db.m5.large", allocated_storage = 10 }
    monitoring = { performance_insights_retention_in_days = 90 }
  }

  expect_failures = [var.instance, var.monitoring]
}

run "storage_that_cannot_grow_by_a_tenth_is_refused" {
  command = plan

  variables {
    instance = { instance_class = "db.m5.large", allocated_storage = 100, max_allocated_storage = 109 }
  }

  expect_failures = [var.instance]
}

run "a_backup_window_under_half_an_hour_is_refused" {
  command = plan

  variables {
    backup = { window = "02:00-02:29" }
  }

  expect_failures = [aws_db_instance.this]
}

run "a_backup_window_with_seconds_is_refused" {
  command = plan

  variables {
    backup = { window = "02:00:00-03:00:00" }
  }

  expect_failures = [var.backup]
}

run "a_maintenance_window_without_a_weekday_is_refused" {
  command = plan

  variables {
    backup = { maintenance_window = "04:00-05:00" }
  }

  expect_failures = [var.backup]
}

run "a_maintenance_window_of_a_day_is_refused" {
  command = plan

  variables {
    backup = { maintenance_window = "sun:04:00-mon:04:00" }
  }

  expect_failures = [aws_db_instance.this]
}

run "maintenance_during_the_backup_is_refused" {
  command = plan

  variables {
    backup = { window = "02:00-03:00", maintenance_window = "wed:02:59-wed:03:30" }
  }

  expect_failures = [aws_db_instance.this]
}

run "a_backup_that_starts_during_maintenance_is_refused" {
  command = plan

  variables {
    backup = { window = "02:00-03:00", maintenance_window = "mon:01:30-mon:02:01" }
  }

  expect_failures = [aws_db_instance.this]
}

run "windows_that_overlap_around_midnight_are_refused" {
  command = plan

  variables {
    backup = { window = "23:30-00:30", maintenance_window = "mon:00:00-mon:01:00" }
  }

  expect_failures = [aws_db_instance.this]
}

run "windows_that_overlap_around_the_end_of_the_week_are_refused" {
  command = plan

  variables {
    backup = { window = "00:15-00:45", maintenance_window = "sun:23:45-mon:00:30" }
  }

  expect_failures = [aws_db_instance.this]
}

run "windows_that_touch_are_accepted" {
  command = plan

  variables {
    backup = { window = "23:00-00:00", maintenance_window = "mon:00:00-mon:00:30" }
  }
}

run "a_cluster_snapshot_is_refused" {
  command = plan

  variables {
    restore = { snapshot_identifier = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:payments" }
  }

  expect_failures = [var.restore]
}

run "an_automated_cluster_snapshot_is_refused" {
  command = plan

  variables {
    restore = { snapshot_identifier = "rds:cluster-payments-2025-01-31-02-10" }
  }

  expect_failures = [var.restore]
}

run "a_malformed_snapshot_is_refused" {
  command = plan

  variables {
    restore = { snapshot_identifier = "payments_prod" }
  }

  expect_failures = [var.restore]
}

run "a_snapshot_of_another_region_is_refused" {
  command = plan

  variables {
    restore = { snapshot_identifier = "arn:aws:rds:eu-central-1:123456789012:snapshot:payments" }
  }

  expect_failures = [var.restore]
}

run "a_replica_without_a_password_is_refused" {
  command = plan

  variables {
    read_replica = {
      master_secret = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf", version = 1 }
    }
  }

  expect_failures = [var.master_password]
}

run "a_password_without_a_replica_is_refused" {
  command = plan

  variables {
    master_password = "made-up-password" # kingfisher:ignore
  }

  expect_failures = [var.master_password]
}

run "a_malformed_replica_class_is_refused" {
  command = plan

  variables {
    master_password = "made-up-password" # kingfisher:ignore
    read_replica = {
      instance_class = "large"
      master_secret  = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf", version = 1 }
    }
  }

  expect_failures = [var.read_replica]
}

run "a_secret_version_that_is_no_number_from_one_is_refused" {
  command = plan

  variables {
    master_password = "made-up-password" # kingfisher:ignore
    read_replica = {
      master_secret = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master-AbCdEf", version = 0 }
    }
  }

  expect_failures = [var.read_replica]
}
