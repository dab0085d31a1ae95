# Bucket, region and key of the account are given at init: `tap init dev`.
terraform {
  backend "s3" {
    key            = "dev/terraform.tfstate"
    encrypt        = true
    use_lockfile   = true
    dynamodb_table = "payments-terraform-locks"
  }
}
