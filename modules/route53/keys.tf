locals {
  # No Encrypt, Decrypt, Sign or CreateGrant: who may administer a key by IAM cannot use it.
  key_administration = {
    Sid       = "AdministerByIam"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
    Action = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:GetPublicKey",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    Resource = "*"
  }

  zones_of_this_account = {
    ArnLike      = { "aws:SourceArn" = "arn:aws:route53:::hostedzone/*" }
    StringEquals = { "aws:SourceAccount" = var.account_id }
  }
}

resource "aws_kms_key" "logs" {
  provider = aws.us_east_1

  description             = "Query log and DNS alarms of ${var.prefix}"
  deletion_window_in_days = var.key_deletion_window_in_days
  enable_key_rotation     = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.key_administration,
      {
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        Sid       = "EncryptQueryLog"
        Effect    = "Allow"
        Principal = { Service = "logs.us-east-1.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = local.query_log_group_arn } }
      },
      {
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        Sid       = "PublishToEncryptedTopic"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
    ]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-dns" })
}

resource "aws_kms_alias" "logs" {
  provider = aws.us_east_1

  name          = "alias/${var.prefix}-dns"
  target_key_id = aws_kms_key.logs.key_id
}

# Route 53 signs with keys of this kind in us-east-1 only, and KMS cannot rotate them.
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec-cmk-requirements.html
resource "aws_kms_key" "dnssec" {
  provider = aws.us_east_1
  count    = var.dnssec ? 1 : 0

  description              = "Signs the answers of the zone ${var.zone.name} for ${var.prefix}"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = var.key_deletion_window_in_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.key_administration,
      {
        Sid       = "SignAnswers"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
        Resource  = "*"
        Condition = local.zones_of_this_account
      },
      {
        Sid       = "GrantToRoute53"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:CreateGrant"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })

  tags = merge(var.tags, { Name = "${var.prefix}-dnssec" })
}

resource "aws_kms_alias" "dnssec" {
  provider = aws.us_east_1
  count    = var.dnssec ? 1 : 0

  name          = "alias/${var.prefix}-dnssec"
  target_key_id = aws_kms_key.dnssec[0].key_id
}

resource "aws_route53_key_signing_key" "this" {
  count = var.dnssec ? 1 : 0

  hosted_zone_id             = local.zone_id
  key_management_service_arn = aws_kms_key.dnssec[0].arn
  name                       = replace(var.prefix, "-", "_")
}

resource "aws_route53_hosted_zone_dnssec" "this" {
  count = var.dnssec ? 1 : 0

  hosted_zone_id = aws_route53_key_signing_key.this[0].hosted_zone_id
}
