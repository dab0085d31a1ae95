# Bucket, region and key of the account are given at init: `tap init prod`.
terraform {
  backend "s3" {
    key            = "prod/terraform.tfstate"
    encrypt        = true
    use_lockfile   = true
    dynamodb_table = "payments-terraform-locks"
  }
}
