locals {
  account_root = "arn:${var.partition}:iam::${var.account_id}:root"

  # The account's own default role for Auto Scaling may not exist yet, and KMS refuses a key policy
  # whose principal does not exist. Naming the account root with a condition on aws:PrincipalArn
  # does not help: the root only delegates to IAM policies, and AWS gives this role none for
  # customer keys. So the stack has a service-linked role of its own, which exists before the key.
  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
  autoscaling_role_arn = "arn:${var.partition}:iam::${var.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_${var.prefix}"

  key_use_actions = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ]

  # No Encrypt, Decrypt, GenerateDataKey or CreateGrant: who may administer a key by IAM cannot use
  # it, except through the services below.
  key_administration = {
    Sid       = "AdministerByIam"
    Effect    = "Allow"
    Principal = { AWS = local.account_root }
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

  key_services = {
    data    = formatlist("%s.${var.region}.amazonaws.com", ["ec2", "lambda", "rds", "s3", "secretsmanager"])
    logs    = formatlist("%s.${var.region}.amazonaws.com", ["lambda", "sns", "sqs"])
    replica = formatlist("%s.${try(var.replica.region, var.region)}.amazonaws.com", ["s3"])
  }

  key_use_through_services = {
    for name, services in local.key_services : name => [
      {
        Sid       = "UseThroughServices"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action    = local.key_use_actions
        Resource  = "*"
        Condition = { StringEquals = { "kms:CallerAccount" = var.account_id, "kms:ViaService" = services } }
      },
      {
        Sid       = "GrantToServices"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action    = ["kms:CreateGrant"]
        Resource  = "*"
        Condition = {
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
          StringEquals = { "kms:CallerAccount" = var.account_id, "kms:ViaService" = services }
        }
      },
    ]
  }

  # https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
  key_use_by_autoscaling = [
    {
      Sid       = "EncryptVolumesOfAutoScaling"
      Effect    = "Allow"
      Principal = { AWS = local.autoscaling_role_arn }
      Action    = local.key_use_actions
      Resource  = "*"
    },
    {
      Sid       = "GrantVolumesOfAutoScaling"
      Effect    = "Allow"
      Principal = { AWS = local.autoscaling_role_arn }
      Action    = ["kms:CreateGrant"]
      Resource  = "*"
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    },
  ]

  key_use_by_log_services = [
    {
      # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
      Sid       = "EncryptLogGroups"
      Effect    = "Allow"
      Principal = { Service = "logs.${var.region}.amazonaws.com" }
      Action    = local.key_use_actions
      Resource  = "*"
      Condition = {
        ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:*" }
      }
    },
    {
      # A publisher to an encrypted topic, and the topic itself towards an encrypted queue, ask for
      # the key under their own name.
      # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      Sid       = "PublishToEncryptedTopics"
      Effect    = "Allow"
      Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com", "sns.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
  ]

  keys = {
    data = {
      description = "Databases, volumes, buckets and secrets of ${var.prefix}"
      statements  = concat([local.key_administration], local.key_use_through_services.data, local.key_use_by_autoscaling)
    }
    logs = {
      description = "Log groups, topics and queues of ${var.prefix}"
      statements  = concat([local.key_administration], local.key_use_through_services.logs, local.key_use_by_log_services)
    }
  }
}

resource "aws_iam_service_linked_role" "autoscaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = var.prefix
  description      = "Auto Scaling of ${var.prefix}, which may use its data key"

  tags = merge(var.tags, { Name = "AWSServiceRoleForAutoScaling_${var.prefix}" })
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = each.value.description
  deletion_window_in_days = var.keys.deletion_window_in_days
  enable_key_rotation     = true
  rotation_period_in_days = var.keys.rotation_period_in_days
  policy                  = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}" })

  # The policy spells the role's ARN out, so that it can be read in a plan.
  depends_on = [aws_iam_service_linked_role.autoscaling]
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${var.prefix}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

resource "aws_kms_key" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  description             = "Replica bucket of ${var.prefix}"
  deletion_window_in_days = var.keys.deletion_window_in_days
  enable_key_rotation     = true
  rotation_period_in_days = var.keys.rotation_period_in_days
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.key_administration], local.key_use_through_services.replica)
  })

  tags = merge(var.tags, { Name = "${var.prefix}-replica" })
}

resource "aws_kms_alias" "replica" {
  count = var.replica == null ? 0 : 1

  provider = aws.replica

  name          = "alias/${var.prefix}-replica"
  target_key_id = aws_kms_key.replica[0].key_id
}
