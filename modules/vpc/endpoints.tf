locals {
  endpoint_policies = {
    dynamodb = {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "OwnPrincipalsOnOwnTables"
          Effect    = "Allow"
          Principal = "*"
          Action    = "dynamodb:*"
          Resource  = "*"
          Condition = { StringEquals = {
            "aws:PrincipalAccount" = var.account_id
            "aws:ResourceAccount"  = var.account_id
          } }
        },
      ]
    }
    s3 = {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "OwnPrincipalsOnOwnBuckets"
          Effect    = "Allow"
          Principal = "*"
          Action    = "s3:*"
          Resource  = "*"
          Condition = { StringEquals = {
            "aws:PrincipalAccount" = var.account_id
            "aws:ResourceAccount"  = var.account_id
          } }
        },
        {
          # Packages are fetched without a signature, so there is no principal to compare.
          # https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
          Sid       = "AmazonLinuxPackages"
          Effect    = "Allow"
          Principal = "*"
          Action    = "s3:GetObject"
          Resource  = "arn:${var.partition}:s3:::al2023-repos-${var.region}-de612dc2/*"
        },
        {
          # https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
          Sid       = "SystemsManagerAgent"
          Effect    = "Allow"
          Principal = "*"
          Action    = "s3:GetObject"
          Resource = [
            for bucket in ["amazon-ssm-${var.region}", "amazon-ssm-packages-${var.region}", "aws-ssm-${var.region}", "patch-baseline-snapshot-${var.region}", "${var.region}-birdwatcher-prod"] :
            "arn:${var.partition}:s3:::${bucket}/*"
          ]
          Condition = { StringEquals = { "aws:PrincipalAccount" = var.account_id } }
        },
      ]
    }
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.endpoint_policies

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  policy            = jsonencode(each.value)

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints == null ? toset([]) : var.interface_endpoints.services

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  security_group_ids  = var.interface_endpoints.security_group_ids
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}" })
}
