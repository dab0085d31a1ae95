data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  dns_suffix = data.aws_partition.current.dns_suffix
  partition  = data.aws_partition.current.partition
  bucket     = "${var.project}-terraform-state-${local.account_id}"
  log_bucket = "${var.project}-terraform-state-logs-${local.account_id}"

  tags = {
    CostCenter  = var.cost_center
    Environment = "shared"
    ManagedBy   = "terraform"
    Owner       = var.owner
    Project     = var.project
  }
}

resource "aws_kms_key" "state" {
  description             = "Terraform states and locks of ${var.project}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  tags                    = merge(local.tags, { Name = "${var.project}-terraform-state" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AdministrationByThisAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "state" {
  name          = "alias/${var.project}-terraform-state"
  target_key_id = aws_kms_key.state.key_id
}

resource "aws_dynamodb_table" "locks" {
  name                        = "${var.project}-terraform-locks"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "LockID"
  deletion_protection_enabled = true
  tags                        = merge(local.tags, { Name = "${var.project}-terraform-locks" })

  attribute {
    name = "LockID"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.state.arn
  }

  lifecycle {
    prevent_destroy = true
  }
}
