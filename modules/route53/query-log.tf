locals {
  # Below the prefix, so that copies of an environment can have zones of one name.
  query_log_group_name = "/aws/route53/${var.prefix}/${var.zone.name}"
  query_log_group_arn  = "arn:aws:logs:us-east-1:${var.account_id}:log-group:${local.query_log_group_name}"
}

# Route 53 logs queries to us-east-1 only.
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
resource "aws_cloudwatch_log_group" "queries" {
  provider = aws.us_east_1
  count    = var.query_log == null ? 0 : 1

  name              = local.query_log_group_name
  kms_key_id        = aws_kms_key.logs.arn
  retention_in_days = var.query_log.retention_in_days

  tags = merge(var.tags, { Name = local.query_log_group_name })
}

resource "aws_cloudwatch_log_resource_policy" "queries" {
  provider = aws.us_east_1
  count    = var.query_log == null ? 0 : 1

  policy_name = "${var.prefix}-dns-queries"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "WriteQueryLog"
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.query_log_group_arn}:*"
      Condition = local.zones_of_this_account
    }]
  })
}

resource "aws_route53_query_log" "this" {
  count = var.query_log == null ? 0 : 1

  zone_id                  = local.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.queries[0].arn

  depends_on = [aws_cloudwatch_log_resource_policy.queries]
}
