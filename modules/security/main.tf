locals {
  security_groups = {
    application   = "Application instances: requests from the load balancer only"
    bastion       = "Bastion: SSH from named networks only"
    database      = "Database: connections from the application, no way out"
    endpoints     = "Interface endpoints: HTTPS from the application and the bastion, no way out"
    load_balancer = "Load balancer: HTTPS and redirected HTTP from the internet"
  }

  enabled_security_groups = {
    for name, description in local.security_groups : name => description
    if name != "bastion" || length(var.bastion_cidr_blocks) > 0
  }
}

# The names are fixed and the new group is made before the old one goes, because a group in use
# cannot be deleted. Both fit together as long as a replacement has another name or another VPC, and
# it has: the descriptions above are constants, the one other argument that forces replacement. Who
# edits a description renames its group.
resource "aws_security_group" "this" {
  for_each = local.enabled_security_groups

  name        = "${var.prefix}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = var.vpc_id

  # Rules that somebody added by hand may point back at another group of this module and would keep
  # both from being deleted.
  revoke_rules_on_delete = true

  tags = merge(var.tags, { Name = "${var.prefix}-${replace(each.key, "_", "-")}" })

  lifecycle {
    create_before_destroy = true
  }
}
