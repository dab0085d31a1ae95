# What Terraform asks of the storage when it reads, locks and writes a state, and nothing else.
# https://developer.hashicorp.com/terraform/language/backend/s3#permissions-required
locals {
  lock_table_arn = aws_dynamodb_table.locks.arn
  state_services = [for name in ["dynamodb", "s3"] : "${name}.${var.region}.${local.dns_suffix}"]

  # A further copy of an environment has its suffix behind the name: dev-pr42/terraform.tfstate.
  state_keys = {
    for name in var.environments : name => concat(
      ["${name}/terraform.tfstate"],
      contains(var.environments_with_copies, name) ? ["${name}-*/terraform.tfstate"] : [],
    )
  }

  state_objects = { for name, keys in local.state_keys : name => [for key in keys : "${aws_s3_bucket.state.arn}/${key}"] }
  lock_objects  = { for name, objects in local.state_objects : name => [for object in objects : "${object}.tflock"] }

  # The digest of a state lies beside its lock.
  lock_entries = {
    for name, keys in local.state_keys : name => flatten([
      for key in keys : ["${local.bucket}/${key}", "${local.bucket}/${key}-md5"]
    ])
  }

  # Listing tells a state that is not there yet from one that may not be read. tap looks whether the
  # storage is complete; Terraform looks for workspaces.
  listing = {
    for name, keys in local.state_keys : name => {
      Sid       = "ListState"
      Effect    = "Allow"
      Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource  = aws_s3_bucket.state.arn
      Condition = { StringLike = { "s3:prefix" = concat(keys, ["backend/terraform.tfstate", "env:/"]) } }
    }
  }
}

resource "aws_iam_policy" "reader" {
  for_each = var.environments

  name        = "${var.project}-state-reader-${each.key}"
  description = "Reads the Terraform state of ${each.key} and who holds its lock."
  tags        = merge(local.tags, { Name = "${var.project}-state-reader-${each.key}" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.listing[each.key],
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = concat(local.state_objects[each.key], local.lock_objects[each.key])
      },
      {
        Sid      = "ReadLock"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = local.lock_table_arn
        Condition = {
          "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = local.lock_entries[each.key] }
          Null                      = { "dynamodb:LeadingKeys" = "false" }
        }
      },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = aws_kms_key.state.arn
        Condition = { StringEquals = { "kms:ViaService" = local.state_services } }
      },
    ]
  })
}

resource "aws_iam_policy" "writer" {
  for_each = var.environments

  name        = "${var.project}-state-writer-${each.key}"
  description = "Reads, locks and writes the Terraform state of ${each.key}."
  tags        = merge(local.tags, { Name = "${var.project}-state-writer-${each.key}" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.listing[each.key],
      {
        Sid      = "ReadAndWriteState"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = concat(local.state_objects[each.key], local.lock_objects[each.key])
      },
      {
        Sid      = "ReleaseLockFile"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = local.lock_objects[each.key]
      },
      {
        Sid      = "TakeAndReleaseLock"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
        Resource = local.lock_table_arn
        Condition = {
          "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = local.lock_entries[each.key] }
          Null                      = { "dynamodb:LeadingKeys" = "false" }
        }
      },
      {
        Sid       = "EncryptAndDecrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.state.arn
        Condition = { StringEquals = { "kms:ViaService" = local.state_services } }
      },
    ]
  })
}
