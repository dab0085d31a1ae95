mock_provider "aws" {}

variables {
  account_id              = "123456789012"
  autoscaling_group_names = { blue = "payments-dev-blue", green = "payments-dev-green" }
  database                = { instance_id = "payments-dev" }
  kms_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  load_balancer = {
    arn_suffix                = "app/payments-dev/50dc6c495c0c9188"
    target_group_arn_suffixes = { blue = "targetgroup/payments-dev-blue/1", green = "targetgroup/payments-dev-green/2" }
  }
  metric_namespace = "payments-dev"
  prefix           = "payments-dev"
  region           = "eu-west-1"
  subscriptions    = { team = { endpoint = "alarms@example.com", protocol = "email" } }
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  thresholds = { database_connections = 60, database_free_memory_in_mb = 128, database_free_storage_in_gb = 5 }
}

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id              = "12345"
    autoscaling_group_names = { Blue = "payments-dev-blue" }
    metric_namespace        = "AWS/EC2"
    partition               = "azure"
    prefix                  = "Payments"
    region                  = "eu-west"
    tags                    = { Environment = "dev", ManagedBy = "terraform", Owner = "payments", Project = "payments" }
  }

  expect_failures = [
    var.account_id,
    var.autoscaling_group_names,
    var.metric_namespace,
    var.partition,
    var.prefix,
    var.region,
    var.tags,
  ]
}

run "names_that_are_no_keys_are_refused" {
  command = plan

  variables {
    functions = { Probe-1 = { function_name = "payments-dev-probe" } }
    logs      = { application = { "app/log" = { name = "/payments-dev/application" } } }
    load_balancer = {
      arn_suffix                = "app/payments-dev/50dc6c495c0c9188"
      target_group_arn_suffixes = { dark_blue = "targetgroup/payments-dev-blue/1" }
    }
  }

  expect_failures = [var.functions, var.logs, var.load_balancer]
}

run "a_network_load_balancer_is_refused" {
  command = plan

  variables {
    load_balancer = {
      arn_suffix                = "net/payments-dev/50dc6c495c0c9188"
      target_group_arn_suffixes = { blue = "targetgroup/payments-dev-blue/1" }
    }
  }

  expect_failures = [var.load_balancer]
}

run "the_arn_of_a_target_group_instead_of_its_suffix_is_refused" {
  command = plan

  variables {
    load_balancer = {
      arn_suffix                = "app/payments-dev/50dc6c495c0c9188"
      target_group_arn_suffixes = { blue = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/payments-dev-blue/1" }
    }
  }

  expect_failures = [var.load_balancer]
}

run "a_topic_that_nobody_listens_to_is_refused" {
  command = plan

  variables {
    subscriptions = {}
  }

  expect_failures = [var.subscriptions]
}

run "a_protocol_without_encryption_is_refused" {
  command = plan

  variables {
    subscriptions = { hook = { endpoint = "http://alarms.example.com", protocol = "http" } }
  }

  expect_failures = [var.subscriptions]
}

run "an_address_without_a_domain_is_refused" {
  command = plan

  variables {
    subscriptions = { team = { endpoint = "alarms@example", protocol = "email" } }
  }

  expect_failures = [var.subscriptions]
}

run "a_url_without_encryption_is_refused" {
  command = plan

  variables {
    subscriptions = { hook = { endpoint = "http://alarms.example.com/hook", protocol = "https" } }
  }

  expect_failures = [var.subscriptions]
}

run "a_threshold_of_100_percent_is_refused" {
  command = plan

  variables {
    thresholds = { database_connections = 60, database_cpu_percent = 100, database_free_memory_in_mb = 128, database_free_storage_in_gb = 5 }
  }

  expect_failures = [var.thresholds]
}

run "a_threshold_of_nothing_is_refused" {
  command = plan

  variables {
    thresholds = { database_connections = 0, database_free_memory_in_mb = 128, database_free_storage_in_gb = 5 }
  }

  expect_failures = [var.thresholds]
}

run "the_outermost_allowed_values_are_accepted" {
  command = plan

  variables {
    subscriptions = {
      hook = { endpoint = "https://alarms.example.com:8443/hook?key=1", protocol = "https" }
      team = { endpoint = "alarms+payments@mail.example.co.uk", protocol = "email" }
    }
    thresholds = { autoscaling_cpu_percent = 99.9, database_connections = 1, database_free_memory_in_mb = 1, database_free_storage_in_gb = 0.5, error_ratio_percent = 0.1 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database_free_storage"].threshold == 536870912
    error_message = "Half a gigabyte must be accepted."
  }
}
