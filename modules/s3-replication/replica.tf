resource "aws_s3_bucket" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket        = local.names.replica
  force_destroy = var.force_destroy

  tags = merge(var.tags, { Name = local.names.replica })
}

resource "aws_s3_bucket_ownership_controls" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket                  = aws_s3_bucket.replica[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.replica.kms_key_arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_policy" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.tls_only.replica] })

  depends_on = [aws_s3_bucket_public_access_block.replica]
}

resource "aws_s3_bucket_lifecycle_configuration" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket = aws_s3_bucket.replica[0].id

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

  depends_on = [aws_s3_bucket_versioning.replica]
}

resource "aws_s3_bucket_logging" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  bucket        = aws_s3_bucket.replica[0].id
  target_bucket = aws_s3_bucket.replica_logs[0].id
  target_prefix = "replica/"

  # S3 checks that it may deliver when logging is switched on.
  depends_on = [aws_s3_bucket_policy.replica_logs]
}
