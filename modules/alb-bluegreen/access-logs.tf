resource "aws_s3_bucket" "access_logs" {
  # Bucket names are shared by all accounts of a partition; the account id makes this one ours.
  bucket        = "${var.prefix}-access-logs-${var.account_id}"
  force_destroy = !var.deletion_protection

  tags = merge(var.tags, { Name = "${var.prefix}-access-logs" })
}

resource "aws_s3_bucket_ownership_controls" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The one encryption load balancers can deliver to; with a KMS key no log would arrive.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      days = var.access_log_retention_in_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  # Rules for versions mean nothing before there are versions.
  depends_on = [aws_s3_bucket_versioning.access_logs]
}

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:${var.partition}:s3:::${aws_s3_bucket.access_logs.bucket}", "arn:${var.partition}:s3:::${aws_s3_bucket.access_logs.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "DeliverAccessLogs"
        Effect    = "Allow"
        Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "arn:${var.partition}:s3:::${aws_s3_bucket.access_logs.bucket}/AWSLogs/${var.account_id}/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:elasticloadbalancing:${var.region}:${var.account_id}:loadbalancer/app/${var.prefix}-alb/*" }
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
    ]
  })

  # S3 answers a conflict when both are changed at once.
  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}
