locals {
  domain_names = setunion([var.domain.name], var.domain.alternative_names)
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain.name
  subject_alternative_names = local.domain_names
  validation_method         = "DNS"

  tags = merge(var.tags, { Name = var.domain.name })

  # A listener keeps the old certificate until it has the new one.
  lifecycle {
    create_before_destroy = true
  }
}

# ACM asks for the same record whenever an account proves a name, so a certificate of another stack
# for this name may have made it already.
resource "aws_route53_record" "validation" {
  for_each = local.domain_names

  zone_id         = var.domain.zone_id
  name            = one([for option in aws_acm_certificate.this.domain_validation_options : option.resource_record_name if option.domain_name == each.key])
  type            = one([for option in aws_acm_certificate.this.domain_validation_options : option.resource_record_type if option.domain_name == each.key])
  records         = [one([for option in aws_acm_certificate.this.domain_validation_options : option.resource_record_value if option.domain_name == each.key])]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}
