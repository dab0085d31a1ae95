mock_provider "aws" {}

variables {
  account_id         = "123456789012"
  availability_zones = ["eu-west-1a", "eu-west-1b"]
  cidr_block         = "10.0.0.0/16"
  flow_logs          = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a" }
  prefix             = "shop-dev"
  region             = "eu-west-1"
  tags = {
    CostCenter  = "payments"
    Environment = "dev"
    ManagedBy   = "terraform"
    Owner       = "platform"
    Project     = "shop"
  }
}

run "valid_inputs_are_accepted" {
  command = plan
}

run "an_account_id_has_twelve_digits" {
  command = plan

  variables {
    account_id = "1234"
  }

  expect_failures = [var.account_id]
}

run "one_zone_is_too_few" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a"]
  }

  expect_failures = [var.availability_zones]
}

run "seven_zones_are_too_many" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d", "eu-west-1e", "eu-west-1f", "eu-west-1g"]
  }

  expect_failures = [var.availability_zones]
}

run "a_zone_is_named_once" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1b"]
  }

  expect_failures = [var.availability_zones]
}

run "a_zone_belongs_to_the_region" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-central-1b"]
  }

  expect_failures = [var.availability_zones]
}

run "a_zone_ends_in_a_letter_up_to_f" {
  command = plan

  variables {
    availability_zones = ["eu-west-1a", "eu-west-1g"]
  }

  expect_failures = [var.availability_zones]
}

run "a_vpc_is_a_private_network" {
  command = plan

  variables {
    cidr_block = "172.32.0.0/16"
  }

  expect_failures = [var.cidr_block]
}

run "a_vpc_is_no_smaller_than_a_19" {
  command = plan

  variables {
    cidr_block = "10.0.0.0/20"
  }

  expect_failures = [var.cidr_block]
}

run "a_vpc_is_no_larger_than_a_16" {
  command = plan

  variables {
    cidr_block = "10.0.0.0/15"
  }

  expect_failures = [var.cidr_block]
}

run "a_vpc_address_has_octets_up_to_255" {
  command = plan

  variables {
    cidr_block = "10.0.256.0/16"
  }

  expect_failures = [var.cidr_block]
}

run "a_vpc_is_written_by_its_network_address" {
  command = plan

  variables {
    cidr_block = "10.0.1.0/16"
  }

  expect_failures = [var.cidr_block]
}

run "flow_logs_aggregate_over_one_or_ten_minutes" {
  command = plan

  variables {
    flow_logs = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a", aggregation_seconds = 300 }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_name_a_key_by_its_arn" {
  command = plan

  variables {
    flow_logs = { kms_key_arn = "alias/logs" }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_are_kept_as_long_as_cloudwatch_allows" {
  command = plan

  variables {
    flow_logs = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a", retention_in_days = 366 }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_are_never_kept_for_ever" {
  command = plan

  variables {
    flow_logs = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a", retention_in_days = 0 }
  }

  expect_failures = [var.flow_logs]
}

run "flow_logs_record_a_known_kind_of_traffic" {
  command = plan

  variables {
    flow_logs = { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/a", traffic_type = "DROP" }
  }

  expect_failures = [var.flow_logs]
}

run "a_prefix_is_lower_case" {
  command = plan

  variables {
    prefix = "Shop-dev"
  }

  expect_failures = [var.prefix]
}

run "a_prefix_has_at_most_forty_characters" {
  command = plan

  variables {
    prefix = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmn"
  }

  expect_failures = [var.prefix]
}

run "a_region_is_of_a_supported_partition" {
  command = plan

  variables {
    region             = "cn-north-1"
    availability_zones = ["cn-north-1a", "cn-north-1b"]
  }

  expect_failures = [var.region]
}

run "every_required_tag_is_present" {
  command = plan

  variables {
    tags = { Environment = "dev", Project = "shop" }
  }

  expect_failures = [var.tags]
}

run "endpoints_have_a_security_group" {
  command = plan

  variables {
    interface_endpoints = { services = ["ssm"], security_group_ids = [] }
  }

  expect_failures = [var.interface_endpoints]
}

run "endpoints_name_a_service" {
  command = plan

  variables {
    interface_endpoints = { services = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.interface_endpoints]
}

run "an_endpoint_service_is_spelt_in_lower_case" {
  command = plan

  variables {
    interface_endpoints = { services = ["SSM"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.interface_endpoints]
}

run "s3_has_no_interface_endpoint" {
  command = plan

  variables {
    interface_endpoints = { services = ["s3"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.interface_endpoints]
}

run "an_endpoint_service_has_its_short_name" {
  command = plan

  variables {
    interface_endpoints = { services = ["com.amazonaws.eu-west-1.ssm"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.interface_endpoints]
}

run "nat_gateways_are_per_az_single_or_none" {
  command = plan

  variables {
    nat_gateways = "two"
  }

  expect_failures = [var.nat_gateways]
}

run "a_partition_fits_its_region" {
  command = plan

  variables {
    partition = "aws-us-gov"
  }

  expect_failures = [var.partition]
}

run "a_port_is_below_65536" {
  command = plan

  variables {
    ports = { application = 65536 }
  }

  expect_failures = [var.ports]
}

run "a_port_is_a_whole_number" {
  command = plan

  variables {
    ports = { database = 3306.5 }
  }

  expect_failures = [var.ports]
}

run "the_application_keeps_off_the_ssh_port" {
  command = plan

  variables {
    ports = { application = 22 }
  }

  expect_failures = [var.ports]
}

run "the_database_keeps_off_the_rdp_port" {
  command = plan

  variables {
    ports = { database = 3389 }
  }

  expect_failures = [var.ports]
}

run "ssh_networks_are_ipv4_ranges" {
  command = plan

  variables {
    ssh_cidr_blocks = ["10.9.0.0"]
  }

  expect_failures = [var.ssh_cidr_blocks]
}

run "ssh_networks_are_written_by_their_network_address" {
  command = plan

  variables {
    ssh_cidr_blocks = ["10.9.0.1/24"]
  }

  expect_failures = [var.ssh_cidr_blocks]
}

run "ssh_is_closed_to_the_internet" {
  command = plan

  variables {
    ssh_cidr_blocks = ["0.0.0.0/0"]
  }

  expect_failures = [var.ssh_cidr_blocks]
}

run "ssh_is_closed_to_half_the_internet" {
  command = plan

  variables {
    ssh_cidr_blocks = ["128.0.0.0/1"]
  }

  expect_failures = [var.ssh_cidr_blocks]
}

run "an_ssh_network_is_named_once" {
  command = plan

  variables {
    ssh_cidr_blocks = ["10.9.0.0/24", "10.9.0.0/24"]
  }

  expect_failures = [var.ssh_cidr_blocks]
}

run "ssh_networks_leave_room_in_the_network_acl" {
  command = plan

  variables {
    ssh_cidr_blocks = [for number in range(16) : "10.9.${number}.0/24"]
  }

  expect_failures = [aws_network_acl.tier]
}

run "given_subnets_have_the_zones_of_the_vpc" {
  command = plan

  variables {
    subnet_cidr_blocks = { private = { eu-west-1a = "10.0.0.0/24", eu-west-1c = "10.0.1.0/24" } }
  }

  expect_failures = [var.subnet_cidr_blocks]
}

run "given_subnets_are_written_by_their_network_address" {
  command = plan

  variables {
    subnet_cidr_blocks = { private = { eu-west-1a = "10.0.0.1/24", eu-west-1b = "10.0.1.0/24" } }
  }

  expect_failures = [var.subnet_cidr_blocks]
}

run "given_subnets_are_not_too_small" {
  command = plan

  variables {
    subnet_cidr_blocks = { private = { eu-west-1a = "10.0.0.0/29", eu-west-1b = "10.0.1.0/24" } }
  }

  expect_failures = [var.subnet_cidr_blocks]
}

run "public_subnets_have_room_for_a_load_balancer" {
  command = plan

  variables {
    subnet_cidr_blocks = { public = { eu-west-1a = "10.0.130.0/28", eu-west-1b = "10.0.131.0/24" } }
  }

  expect_failures = [var.subnet_cidr_blocks]
}

run "given_subnets_lie_inside_the_vpc" {
  command = plan

  variables {
    subnet_cidr_blocks = { private = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.1.0.0/24" } }
  }

  expect_failures = [aws_vpc.this]
}

run "given_subnets_do_not_overlap" {
  command = plan

  variables {
    subnet_cidr_blocks = { private = { eu-west-1a = "10.0.0.0/23", eu-west-1b = "10.0.1.0/24" } }
  }

  expect_failures = [aws_vpc.this]
}

run "given_subnets_keep_off_the_ranges_of_computed_tiers" {
  command = plan

  variables {
    subnet_cidr_blocks = { public = { eu-west-1a = "10.0.0.0/24", eu-west-1b = "10.0.200.0/24" } }
  }

  expect_failures = [aws_vpc.this]
}
