# S3 documents no source condition for the trust of a replication role, and a condition on a key
# that is not sent would stop replication without a word. A role can only be passed to buckets of
# its own account.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
resource "aws_iam_role" "replication" {
  count = var.replica == null ? 0 : 1

  name                 = "${var.prefix}-replication"
  description          = "Replicates ${local.names.application} to ${local.names.replica}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumeByReplication"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-replication" })
}

resource "aws_iam_role_policy" "replication" {
  count = var.replica == null ? 0 : 1

  name = "${var.prefix}-replication"
  role = aws_iam_role.replication[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = local.arns.application
      },
      {
        Sid      = "ReadVersions"
        Effect   = "Allow"
        Action   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
        Resource = "${local.arns.application}/*"
      },
      {
        Sid      = "WriteReplicas"
        Effect   = "Allow"
        Action   = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = "${local.arns.replica}/*"
      },
      # With a bucket key the context is the bucket, without one the object.
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
      {
        Sid      = "DecryptVersions"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = var.kms_key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = [local.arns.application, "${local.arns.application}/*"] }
        }
      },
      {
        Sid      = "EncryptReplicas"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:GenerateDataKey"]
        Resource = var.replica.kms_key_arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${var.replica.region}.amazonaws.com" }
          StringLike   = { "kms:EncryptionContext:aws:s3:arn" = [local.arns.replica, "${local.arns.replica}/*"] }
        }
      },
    ]
  })
}

resource "aws_s3_bucket_replication_configuration" "application" {
  count = var.replica == null ? 0 : 1

  bucket = aws_s3_bucket.application.id
  role   = aws_iam_role.replication[0].arn

  rule {
    id       = "everything"
    priority = 1
    status   = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Enabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = aws_s3_bucket.replica[0].arn
      storage_class = "STANDARD"

      encryption_configuration {
        replica_kms_key_id = var.replica.kms_key_arn
      }

      metrics {
        status = "Enabled"

        event_threshold {
          minutes = 15
        }
      }

      replication_time {
        status = "Enabled"

        time {
          minutes = 15
        }
      }
    }
  }

  # S3 replicates between versioned buckets only, and an object that is put before the role may
  # carry it is lost to replication.
  depends_on = [
    aws_iam_role_policy.replication,
    aws_s3_bucket_server_side_encryption_configuration.replica,
    aws_s3_bucket_versioning.application,
    aws_s3_bucket_versioning.replica,
  ]
}
