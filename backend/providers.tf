provider "aws" {
  region = var.region

  # An emulator knows buckets by path only, and answers an unknown call with an error that the
  # provider would repeat for minutes.
  s3_use_path_style = var.target != "aws"
  max_retries       = var.target == "aws" ? 25 : 2
}
