locals {
  # Quota "rules per network ACL": 20 in each direction, among them the default rule.
  # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
  network_acl_rule_limit = 19

  # A tier is one peer where its subnets are computed, else one per zone. The offset is added to
  # the number of a rule; it follows from the zone's letter, so numbers never move.
  tier_peers = { for tier, blocks in local.subnet_cidr_blocks : tier => {
    for name, peer in merge(
      { all = { cidr_block = local.reserved_cidr_blocks[tier], offset = 0 } },
      { for zone, block in blocks : zone => { cidr_block = block, offset = 1 + local.zone_slots[zone] } },
    ) : name => peer if(name == "all") == (var.subnet_cidr_blocks[tier] == null)
  } }

  internet_peer = { internet = { cidr_block = "0.0.0.0/0", offset = 0 } }
  nat_peer      = { for name, peer in local.internet_peer : name => peer if var.nat_gateways != "none" }
  vpc_peer      = { vpc = { cidr_block = var.cidr_block, offset = 0 } }
  ssh_peers     = { for index, block in var.ssh_cidr_blocks : tostring(index) => { cidr_block = block, offset = index } }
  # Only endpoints listen on 443 in the private tier.
  endpoint_peers = { for name, peer in local.tier_peers.private : name => peer if var.interface_endpoints != null }

  ephemeral = [1024, 65535]

  # Answers from anywhere come to an ephemeral port. The range is cut at 3389 because no rule may
  # open RDP to the internet; SSH lies below it.
  ephemeral_low  = [1024, 3388]
  ephemeral_high = [3390, 65535]

  # Tier, direction and flow -> rule. Action is allow and protocol tcp unless said otherwise.
  network_acl_flows = {
    "public/ingress/https"                  = { number = 100, ports = [443, 443], peers = local.internet_peer }
    "public/ingress/http"                   = { number = 110, ports = [80, 80], peers = local.internet_peer }
    "public/ingress/application-answers"    = { number = 200, ports = local.ephemeral, peers = local.tier_peers.private }
    "public/ingress/internet-answers-low"   = { number = 300, ports = local.ephemeral_low, peers = local.nat_peer }
    "public/ingress/internet-answers-high"  = { number = 310, ports = local.ephemeral_high, peers = local.nat_peer }
    "public/ingress/path-mtu"               = { number = 400, protocol = "icmp", peers = local.internet_peer }
    "public/egress/application"             = { number = 100, ports = [var.ports.application, var.ports.application], peers = local.tier_peers.private }
    "public/egress/https"                   = { number = 200, ports = [443, 443], peers = local.nat_peer }
    "public/egress/answers"                 = { number = 300, ports = local.ephemeral, peers = local.internet_peer }
    "public/egress/path-mtu"                = { number = 400, protocol = "icmp", peers = local.internet_peer }
    "private/ingress/application"           = { number = 100, ports = [var.ports.application, var.ports.application], peers = local.tier_peers.public }
    "private/ingress/ssh"                   = { number = 200, ports = [22, 22], peers = local.ssh_peers }
    "private/ingress/endpoints"             = { number = 300, ports = [443, 443], peers = local.endpoint_peers }
    "private/ingress/application-closed"    = { number = 400, action = "deny", ports = [var.ports.application, var.ports.application], peers = local.internet_peer }
    "private/ingress/internet-answers-low"  = { number = 500, ports = local.ephemeral_low, peers = local.internet_peer }
    "private/ingress/internet-answers-high" = { number = 510, ports = local.ephemeral_high, peers = local.internet_peer }
    "private/ingress/path-mtu"              = { number = 600, protocol = "icmp", peers = local.internet_peer }
    "private/egress/https"                  = { number = 100, ports = [443, 443], peers = local.internet_peer }
    "private/egress/database"               = { number = 200, ports = [var.ports.database, var.ports.database], peers = local.tier_peers.database }
    "private/egress/answers"                = { number = 300, ports = local.ephemeral, peers = local.vpc_peer }
    "private/egress/ssh-answers"            = { number = 400, ports = local.ephemeral, peers = local.ssh_peers }
    "private/egress/path-mtu"               = { number = 600, protocol = "icmp", peers = local.internet_peer }
    "database/ingress/database"             = { number = 100, ports = [var.ports.database, var.ports.database], peers = local.tier_peers.private }
    "database/egress/answers"               = { number = 100, ports = local.ephemeral, peers = local.tier_peers.private }
  }

  network_acl_rules = merge([for flow, rule in local.network_acl_flows : {
    for name, peer in rule.peers : "${flow}/${name}" => {
      action     = try(rule.action, "allow")
      cidr_block = peer.cidr_block
      egress     = split("/", flow)[1] == "egress"
      number     = rule.number + peer.offset
      ports      = try(rule.ports, [null, null])
      protocol   = try(rule.protocol, "tcp")
      tier       = split("/", flow)[0]
    }
  }]...)

  network_acl_rule_counts = { for tier in keys(local.subnet_cidr_blocks) : tier => {
    for direction in ["ingress", "egress"] : direction => length([for key in keys(local.network_acl_rules) : key if startswith(key, "${tier}/${direction}/")])
  } }
}

resource "aws_network_acl" "tier" {
  for_each = {
    database = values(aws_subnet.database)[*].id
    private  = values(aws_subnet.private)[*].id
    public   = values(aws_subnet.public)[*].id
  }

  vpc_id     = aws_vpc.this.id
  subnet_ids = each.value

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}" })

  lifecycle {
    precondition {
      condition     = max(values(local.network_acl_rule_counts[each.key])...) <= local.network_acl_rule_limit
      error_message = "ssh_cidr_blocks must leave each direction of a network ACL at most ${local.network_acl_rule_limit} rules, the quota of AWS less the default rule; the ${each.key} tier gets ${local.network_acl_rule_counts[each.key].ingress} ingress and ${local.network_acl_rule_counts[each.key].egress} egress rules from ${length(var.ssh_cidr_blocks)} networks. Name fewer, larger networks."
    }
  }
}

resource "aws_network_acl_rule" "tier" {
  for_each = local.network_acl_rules

  network_acl_id = aws_network_acl.tier[each.value.tier].id
  egress         = each.value.egress
  rule_number    = each.value.number
  rule_action    = each.value.action
  protocol       = each.value.protocol
  cidr_block     = each.value.cidr_block
  from_port      = each.value.ports[0]
  to_port        = each.value.ports[1]

  # Type 3, code 4: "fragmentation needed", without which path MTU discovery fails silently.
  # https://docs.aws.amazon.com/vpc/latest/userguide/path_mtu_discovery.html
  icmp_type = each.value.protocol == "icmp" ? 3 : null
  icmp_code = each.value.protocol == "icmp" ? 4 : null
}
