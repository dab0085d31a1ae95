mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = {
      arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = {
      arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/payments-dev-web-acl/1"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-payments-dev"
    }
  }
}

mock_provider "aws" {
  alias = "replica"

  mock_resource "aws_kms_key" {
    defaults = { key_id = "replica" }
  }
}

variables {
  account_id = "123456789012"
  application = {
    log_group_prefix = "/payments-dev/"
    metric_namespace = "Payments"
  }
  bastion_cidr_blocks     = ["198.51.100.0/24"]
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

run "every_rule_joins_the_two_groups_of_its_name" {
  assert {
    condition = {
      for name, rule in aws_vpc_security_group_ingress_rule.this : name => join(" from ", [
        [for group, id in output.security_group_ids : group if id == rule.security_group_id][0],
        rule.cidr_ipv4 != null ? rule.cidr_ipv4 : [for group, id in output.security_group_ids : group if id == rule.referenced_security_group_id][0],
      ])
      } == {
      "application_from_load_balancer"    = "application from load_balancer"
      "bastion_from_198.51.100.0/24"      = "bastion from 198.51.100.0/24"
      "database_from_application"         = "database from application"
      "database_from_bastion"             = "database from bastion"
      "endpoints_from_application"        = "endpoints from application"
      "endpoints_from_bastion"            = "endpoints from bastion"
      "load_balancer_from_internet_http"  = "load_balancer from 0.0.0.0/0"
      "load_balancer_from_internet_https" = "load_balancer from 0.0.0.0/0"
    }
    error_message = "An ingress rule joins other groups than its name says."
  }

  assert {
    condition = {
      for name, rule in aws_vpc_security_group_egress_rule.this : name => join(" to ", [
        [for group, id in output.security_group_ids : group if id == rule.security_group_id][0],
        rule.prefix_list_id != null ? rule.prefix_list_id : [for group, id in output.security_group_ids : group if id == rule.referenced_security_group_id][0],
      ])
      } == {
      "application_to_database"      = "application to database"
      "application_to_dynamodb"      = "application to pl-dynamodb"
      "application_to_endpoints"     = "application to endpoints"
      "application_to_s3"            = "application to pl-s3"
      "bastion_to_database"          = "bastion to database"
      "bastion_to_endpoints"         = "bastion to endpoints"
      "bastion_to_s3"                = "bastion to pl-s3"
      "load_balancer_to_application" = "load_balancer to application"
    }
    error_message = "An egress rule joins other groups than its name says."
  }
}

run "the_instance_role_uses_the_data_key_through_its_services_only" {
  variables {
    application = {
      log_group_prefix = "/payments-dev/"
      metric_namespace = "Payments"
      bucket           = { arn = "arn:aws:s3:::payments-dev-data", prefix = "uploads/" }
      secret           = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:payments-dev-AbCdEf" }
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.application["key"].policy).Statement == [{
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Condition = { StringEquals = { "kms:ViaService" = ["s3.eu-west-1.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com"] } }
      Effect    = "Allow"
      Resource  = aws_kms_key.this["data"].arn
      Sid       = "UseDataKeyThroughServices"
    }]
    error_message = "The key policy of the role must name the data key and the services of bucket and secret."
  }
}

run "a_secret_alone_opens_the_data_key_to_secrets_manager_only" {
  variables {
    application = {
      log_group_prefix = "/payments-dev/"
      metric_namespace = "Payments"
      secret           = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:payments-dev-AbCdEf" }
    }
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.application["key"].policy).Statement[0].Condition.StringEquals["kms:ViaService"] == ["secretsmanager.eu-west-1.amazonaws.com"]
    error_message = "Without a bucket the role must not use the data key through S3."
  }
}

run "web_acl_logs_are_encrypted_with_the_logs_key" {
  assert {
    condition     = aws_cloudwatch_log_group.waf.kms_key_id == output.kms_key_arns.logs
    error_message = "The log group of the web ACL must use the logs key."
  }

  assert {
    condition     = aws_wafv2_web_acl_logging_configuration.this.log_destination_configs == toset([output.waf_log_group_arn])
    error_message = "The web ACL must log to its own log group."
  }
}

run "every_alias_leads_to_the_key_of_its_name" {
  variables {
    replica = { region = "eu-central-1" }
  }

  assert {
    condition     = { for name, alias in aws_kms_alias.this : alias.name => alias.target_key_id } == { for name, key in aws_kms_key.this : "alias/payments-dev-${name}" => key.key_id }
    error_message = "An alias leads to another key than its name says."
  }

  assert {
    condition     = aws_kms_alias.replica[0].name == "alias/payments-dev-replica" && aws_kms_alias.replica[0].target_key_id == "replica"
    error_message = "The alias of the replica's key leads elsewhere."
  }
}
