resource "aws_s3_bucket" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket        = local.names.replica_logs
  force_destroy = var.force_destroy

  tags = merge(var.tags, { Name = local.names.replica_logs })
}

resource "aws_s3_bucket_ownership_controls" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica_logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket                  = aws_s3_bucket.replica_logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica_logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica_logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica_logs[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DeliverAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.arns.replica_logs}/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.arns.replica }
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
      local.tls_only.replica_logs,
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.replica_logs]
}

resource "aws_s3_bucket_lifecycle_configuration" "replica_logs" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica_logs[0].id

  rule {
    id     = "old-logs"
    status = "Enabled"

    filter {}

    expiration {
      days = var.access_log_retention_in_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.replica_logs]
}
