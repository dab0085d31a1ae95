locals {
  emulated = var.target != "aws"
}

provider "aws" {
  region = local.region

  # An emulator knows buckets by path only, and answers an unknown call with an error that the
  # provider would repeat for minutes.
  s3_use_path_style = local.emulated
  max_retries       = local.emulated ? 2 : 25
}

provider "aws" {
  alias  = "replica"
  region = local.replica_region

  s3_use_path_style = local.emulated
  max_retries       = local.emulated ? 2 : 25
}

# Route53 keeps its metrics, query logs and signing keys in this region alone.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  s3_use_path_style = local.emulated
  max_retries       = local.emulated ? 2 : 25
}
