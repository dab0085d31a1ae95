mock_provider "aws" {}

mock_provider "aws" {
  alias = "us_east_1"
}

variables {
  account_id = "123456789012"
  endpoints = {
    load_balancer = {
      alias  = { dns_name = "payments-dev-1.eu-west-1.elb.amazonaws.com", zone_id = "Z32O12XQLNTSW2" }
      weight = 100
    }
  }
  prefix        = "payments-dev"
  record_name   = "pay.dev.example.com"
  subscriptions = { team = { endpoint = "alarms@example.com", protocol = "email" } }
  tags = {
    CostCenter  = "4711"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
  zone = { name = "dev.example.com" }
}

run "malformed_identifiers_are_refused" {
  command = plan

  variables {
    account_id                  = "12345"
    health_check                = { interval_in_seconds = 20 }
    key_deletion_window_in_days = 6
    prefix                      = "Payments"
    query_log                   = { retention_in_days = 2 }
    subscriptions               = {}
    tags                        = { Environment = "dev", ManagedBy = "terraform", Owner = "payments", Project = "payments" }
    zone                        = { name = "dev.example.com." }
  }

  expect_failures = [
    var.account_id,
    var.health_check,
    var.key_deletion_window_in_days,
    var.prefix,
    var.query_log,
    var.subscriptions,
    var.tags,
    var.zone,
  ]
}

run "the_arn_of_a_zone_instead_of_its_id_is_refused" {
  command = plan

  variables {
    zone = { id = "arn:aws:route53:::hostedzone/Z1", name = "dev.example.com" }
  }

  expect_failures = [var.zone]
}

run "a_name_in_capitals_is_refused" {
  command = plan

  variables {
    record_name = "Pay.dev.example.com"
  }

  expect_failures = [var.record_name]
}

run "a_name_of_another_zone_is_refused" {
  command = plan

  variables {
    record_name = "pay.notdev.example.com"
  }

  expect_failures = [var.record_name]
}

run "a_cname_with_the_name_of_the_zone_is_refused" {
  command = plan

  variables {
    endpoints   = { legacy = { cname = { target = "old.example.net" }, weight = 100 } }
    record_name = "dev.example.com"
  }

  expect_failures = [var.record_name]
}

run "no_endpoint_is_refused" {
  command = plan

  variables {
    endpoints = {}
  }

  expect_failures = [var.endpoints]
}

run "an_endpoint_that_leads_nowhere_is_refused" {
  command = plan

  variables {
    endpoints = { legacy = { weight = 100 } }
  }

  expect_failures = [var.endpoints]
}

run "an_alias_beside_a_cname_is_refused" {
  command = plan

  variables {
    endpoints = {
      legacy = { cname = { target = "old.example.net" }, weight = 50 }
      load_balancer = {
        alias  = { dns_name = "payments-dev-1.eu-west-1.elb.amazonaws.com", zone_id = "Z32O12XQLNTSW2" }
        weight = 50
      }
    }
  }

  expect_failures = [var.endpoints]
}

run "weights_that_are_all_zero_are_refused" {
  command = plan

  variables {
    endpoints = { legacy = { cname = { target = "old.example.net" }, weight = 0 } }
  }

  expect_failures = [var.endpoints]
}

run "weights_that_add_up_to_99_are_refused" {
  command = plan

  variables {
    endpoints = {
      legacy = { cname = { target = "old.example.net" }, weight = 49 }
      new    = { cname = { target = "new.example.net" }, weight = 50 }
    }
  }

  expect_failures = [var.endpoints]
}

run "a_time_to_live_of_61_seconds_is_refused" {
  command = plan

  variables {
    endpoints = { legacy = { cname = { target = "old.example.net", ttl = 61 }, weight = 100 } }
  }

  expect_failures = [var.endpoints]
}

run "a_health_check_without_a_path_is_refused" {
  command = plan

  variables {
    endpoints = { legacy = { cname = { target = "old.example.net" }, health_check_path = "health", weight = 100 } }
  }

  expect_failures = [var.endpoints]
}

run "two_checking_regions_are_refused" {
  command = plan

  variables {
    health_check = { regions = ["eu-west-1", "us-east-1"] }
  }

  expect_failures = [var.health_check]
}

run "eleven_failures_in_a_row_are_refused" {
  command = plan

  variables {
    health_check = { failure_threshold = 11 }
  }

  expect_failures = [var.health_check]
}

run "a_protocol_without_encryption_is_refused" {
  command = plan

  variables {
    subscriptions = { hook = { endpoint = "http://alarms.example.com", protocol = "http" } }
  }

  expect_failures = [var.subscriptions]
}

run "addresses_that_are_none_are_refused" {
  command = plan

  variables {
    subscriptions = { team = { endpoint = "alarms", protocol = "email" } }
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

run "the_outermost_allowed_values_are_accepted" {
  command = plan

  variables {
    endpoints = {
      legacy = { cname = { target = "old.example.net", ttl = 1 }, weight = 0 }
      new    = { cname = { target = "new.example.net", ttl = 60 }, weight = 100 }
    }
    health_check                = { failure_threshold = 10, interval_in_seconds = 10, regions = ["eu-west-1", "us-east-1", "us-west-1"] }
    key_deletion_window_in_days = 7
    query_log                   = null
    record_name                 = "_pay.a.dev.example.com"
  }

  assert {
    condition     = { for name, record in aws_route53_record.endpoint : name => record.ttl } == { legacy = 1, new = 60 }
    error_message = "Times to live from 1 to 60 seconds must be accepted."
  }
}
