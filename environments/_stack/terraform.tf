terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "~> 5.100"
      configuration_aliases = [aws.replica, aws.us_east_1]
    }
  }
}
