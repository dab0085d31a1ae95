locals {
  zone_id = var.zone.id != null ? var.zone.id : aws_route53_zone.this[0].zone_id

  # The host behind the name, which health checks ask: the name itself would lead them to any of the
  # endpoints.
  hosts = {
    for name, endpoint in var.endpoints : name => endpoint.alias != null ? endpoint.alias.dns_name : endpoint.cname.target
  }
}

resource "aws_route53_zone" "this" {
  count = var.zone.id == null ? 1 : 0

  name    = var.zone.name
  comment = "Public names of ${var.prefix}"

  tags = merge(var.tags, { Name = var.zone.name })
}

resource "aws_route53_record" "endpoint" {
  for_each = var.endpoints

  zone_id         = local.zone_id
  name            = var.record_name
  type            = each.value.alias != null ? "A" : "CNAME"
  set_identifier  = each.key
  health_check_id = aws_route53_health_check.endpoint[each.key].id
  ttl             = each.value.cname != null ? each.value.cname.ttl : null
  records         = each.value.cname != null ? [each.value.cname.target] : null

  weighted_routing_policy {
    weight = each.value.weight
  }

  dynamic "alias" {
    for_each = each.value.alias != null ? [each.value.alias] : []

    content {
      name                   = alias.value.dns_name
      zone_id                = alias.value.zone_id
      evaluate_target_health = true
    }
  }
}
