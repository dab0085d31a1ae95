locals {
  names = {
    application = "${var.prefix}-application-${var.account_id}"
    logs        = "${var.prefix}-bucket-logs-${var.account_id}"
    replica     = "${var.prefix}-replica-${var.account_id}"
    # Access logs are delivered within a region only.
    replica_logs = "${var.prefix}-replica-logs-${var.account_id}"
  }

  # From the inputs and not from the resources, so that a plan already shows what policies allow.
  arns = { for bucket, name in local.names : bucket => "arn:${var.partition}:s3:::${name}" }

  tls_only = {
    for bucket, arn in local.arns : bucket => {
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }
}

resource "aws_s3_bucket" "application" {
  bucket        = local.names.application
  force_destroy = var.force_destroy

  tags = merge(var.tags, { Name = local.names.application })
}

resource "aws_s3_bucket_ownership_controls" "application" {
  bucket = aws_s3_bucket.application.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "application" {
  bucket                  = aws_s3_bucket.application.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "application" {
  bucket = aws_s3_bucket.application.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "application" {
  bucket = aws_s3_bucket.application.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_policy" "application" {
  bucket = aws_s3_bucket.application.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.tls_only.application] })

  depends_on = [aws_s3_bucket_public_access_block.application]
}

resource "aws_s3_bucket_lifecycle_configuration" "application" {
  bucket = aws_s3_bucket.application.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_retention_in_days
    }

    # Without it the marker of a deleted object stays when its last version has gone.
    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.application]
}

resource "aws_s3_bucket_logging" "application" {
  bucket        = aws_s3_bucket.application.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "application/"

  # S3 checks that it may deliver when logging is switched on.
  depends_on = [aws_s3_bucket_policy.logs]
}
