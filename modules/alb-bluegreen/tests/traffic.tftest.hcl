mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    }
  }

  mock_resource "aws_acm_certificate_validation" {
    defaults = {
      certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    }
  }

  mock_resource "aws_lb" {
    defaults = {
      arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/payments-dev-alb/1"
      arn_suffix = "app/payments-dev-alb/1"
    }
  }

  mock_resource "aws_lb_listener" {
    defaults = {
      arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/payments-dev-alb/1/2"
    }
  }

  mock_resource "aws_launch_template" {
    defaults = {
      id             = "lt-0a1b2c3d4e5f60718"
      latest_version = 7
    }
  }
}

override_resource {
  target = aws_lb_target_group.this["blue"]
  values = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/payments-dev-blue/3"
    arn_suffix = "targetgroup/payments-dev-blue/3"
  }
}

override_resource {
  target = aws_lb_target_group.this["green"]
  values = {
    arn        = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/payments-dev-green/4"
    arn_suffix = "targetgroup/payments-dev-green/4"
  }
}

override_resource {
  target = aws_acm_certificate.this
  values = {
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
    domain_validation_options = [
      { domain_name = "pay.example.com", resource_record_name = "_a.pay.example.com", resource_record_type = "CNAME", resource_record_value = "_a.acm-validations.aws" },
      { domain_name = "www.pay.example.com", resource_record_name = "_b.pay.example.com", resource_record_type = "CNAME", resource_record_value = "_b.acm-validations.aws" },
    ]
  }
}

variables {
  account_id           = "123456789012"
  ami_id               = "ami-0a1b2c3d4e5f60718"
  application          = { metric_namespace = "payments-dev" }
  autoscaling_role_arn = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments-dev"
  domain               = { name = "pay.example.com", zone_id = "Z0123456789ABCDEFGHIJ", alternative_names = ["www.pay.example.com"] }
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

run "a_migration_by_dns_sends_all_that_arrives_to_green" {
  state_key = "migration"

  variables {
    traffic = { phase = "canary", split = "dns" }
  }

  assert {
    condition = {
      for group in one(one(aws_lb_listener_rule.traffic.action).forward).target_group : group.arn => group.weight
      } == {
      (output.target_group_arns.blue)  = 0
      (output.target_group_arns.green) = 100
    }
    error_message = "The traffic rule splits traffic that the DNS records have split already."
  }

  assert {
    condition     = output.traffic_weights == { blue = 90, green = 10 }
    error_message = "The weights of the record, which the DNS records follow, are not 90 and 10."
  }
}

run "a_canary_is_created_with_a_tenth_on_green" {
  variables {
    traffic = { phase = "canary" }
  }

  assert {
    condition = {
      for group in one(one(aws_lb_listener_rule.traffic.action).forward).target_group : group.arn => group.weight
      } == {
      (output.target_group_arns.blue)  = 90
      (output.target_group_arns.green) = 10
    }
    error_message = "The traffic rule gives the colors other weights than the record."
  }

  assert {
    condition     = one(aws_lb_listener_rule.preview.action).target_group_arn == output.target_group_arns.green
    error_message = "The preview rule does not reach the idle color."
  }

  assert {
    condition     = { for color, group in aws_autoscaling_group.this : color => group.target_group_arns } == { for color, arn in output.target_group_arns : color => toset([arn]) }
    error_message = "A group registers its instances with the other color."
  }

  assert {
    condition = {
      for color, policy in aws_autoscaling_policy.requests : color => one(one(policy.target_tracking_configuration).predefined_metric_specification).resource_label
      } == {
      blue  = "app/payments-dev-alb/1/targetgroup/payments-dev-blue/3"
      green = "app/payments-dev-alb/1/targetgroup/payments-dev-green/4"
    }
    error_message = "A scaling policy counts the requests of another target group."
  }

  assert {
    condition     = alltrue([for group in aws_autoscaling_group.this : one(group.launch_template).version == "7"])
    error_message = "A group does not use the latest version of its launch template by number."
  }

  assert {
    condition     = { for name, record in aws_route53_record.validation : name => "${record.name} ${record.type} ${one(record.records)}" } == { "pay.example.com" = "_a.pay.example.com CNAME _a.acm-validations.aws", "www.pay.example.com" = "_b.pay.example.com CNAME _b.acm-validations.aws" }
    error_message = "A validation record does not prove the name it is keyed by."
  }

  assert {
    condition     = aws_acm_certificate_validation.this.certificate_arn == aws_acm_certificate.this.arn && aws_acm_certificate_validation.this.validation_record_fqdns == toset([for record in aws_route53_record.validation : record.fqdn])
    error_message = "The listener does not wait for the certificate and the records that prove its names."
  }
}

run "the_record_outlives_every_later_wish" {
  variables {
    traffic = { phase = "complete" }
  }

  assert {
    condition     = output.migration_phase == "canary" && output.traffic_weights == { blue = 90, green = 10 }
    error_message = "An apply with another phase moved traffic."
  }
}
