# The first apply runs without this file, because the bucket does not exist yet; then the state
# moves into the bucket. `tap init ENV --bootstrap` does both. Bucket, region and key of the
# account are given at init.
terraform {
  backend "s3" {
    key            = "backend/terraform.tfstate"
    encrypt        = true
    use_lockfile   = true
    dynamodb_table = "payments-terraform-locks"
  }
}
