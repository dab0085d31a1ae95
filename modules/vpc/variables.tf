variable "account_id" {
  description = "AWS account that owns the network: 12 digits. Bounds the endpoint policies and the trust of the flow log role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "availability_zones" {
  description = "Availability zones of the region, 2 to 6, each ending in a letter a to f. The letter fixes a zone's CIDRs; the first zone listed holds the NAT gateway when there is a single one."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.availability_zones)) >= 2 && length(var.availability_zones) <= 6
    error_message = "availability_zones must hold 2 to 6 different zones; got ${length(var.availability_zones)}: ${join(", ", var.availability_zones)}."
  }

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones must name each zone once; repeated: ${join(", ", distinct([for index, zone in var.availability_zones : zone if index(var.availability_zones, zone) != index]))}."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : can(regex("^${var.region}[a-f]$", zone))])
    error_message = "availability_zones must be zones of ${var.region}, that is ${var.region}a to ${var.region}f; got ${join(", ", [for zone in var.availability_zones : zone if !can(regex("^${var.region}[a-f]$", zone))])}."
  }
}

variable "cidr_block" {
  description = "IPv4 range of the VPC: a private network (RFC 1918), /16 to /19, written by its network address."
  type        = string
  nullable    = false

  validation {
    condition = (
      can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.[0-9.]+/(16|17|18|19)$", var.cidr_block)) &&
      can(cidrhost(var.cidr_block, 0))
    )
    error_message = "cidr_block must be an IPv4 range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 with a prefix of /16 to /19; got \"${var.cidr_block}\"."
  }

  validation {
    condition     = try(cidrsubnet(var.cidr_block, 0, 0), var.cidr_block) == var.cidr_block
    error_message = "cidr_block must be written by its network address, ${try(cidrsubnet(var.cidr_block, 0, 0), "such as 10.0.0.0/16")}; got \"${var.cidr_block}\"."
  }
}

variable "flow_logs" {
  description = "Flow logs of the whole VPC: key of the log group (its policy must admit CloudWatch Logs), seconds of aggregation (60 or 600), days of retention, and kind of traffic (ALL, ACCEPT or REJECT)."
  type = object({
    aggregation_seconds = optional(number, 60)
    kms_key_arn         = string
    retention_in_days   = optional(number, 365)
    traffic_type        = optional(string, "ALL")
  })
  nullable = false

  validation {
    condition     = contains([60, 600], var.flow_logs.aggregation_seconds)
    error_message = "flow_logs.aggregation_seconds must be 60 or 600; got ${var.flow_logs.aggregation_seconds}."
  }

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.flow_logs.kms_key_arn))
    error_message = "flow_logs.kms_key_arn must be the ARN of a KMS key, arn:<partition>:kms:<region>:<account>:key/<id>; got \"${var.flow_logs.kms_key_arn}\"."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_logs.retention_in_days)
    error_message = "flow_logs.retention_in_days must be a number of days CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; got ${var.flow_logs.retention_in_days}."
  }

  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic_type)
    error_message = "flow_logs.traffic_type must be ALL, ACCEPT or REJECT; got \"${var.flow_logs.traffic_type}\"."
  }
}

variable "prefix" {
  description = "Start of every name, as <project>-<environment><suffix>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 40 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen; got \"${var.prefix}\"."
  }
}

variable "region" {
  description = "AWS region of the network, in the partition aws or aws-us-gov."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^(af|ap|ca|eu|il|me|mx|sa|us|us-gov)-[a-z]+-[0-9]+$", var.region))
    error_message = "region must be a region of the partition aws or aws-us-gov, such as eu-west-1 or us-gov-west-1; got \"${var.region}\"."
  }
}

variable "tags" {
  description = "Tags of every resource; Environment, Project, Owner, ManagedBy and CostCenter are required."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["Environment", "Project", "Owner", "ManagedBy", "CostCenter"], keys(var.tags))) == 0
    error_message = "tags must have the keys Environment, Project, Owner, ManagedBy and CostCenter; missing: ${join(", ", setsubtract(["Environment", "Project", "Owner", "ManagedBy", "CostCenter"], keys(var.tags)))}."
  }
}

variable "interface_endpoints" {
  description = "AWS services reached by interface endpoints in the private subnets (short names such as ssm or ecr.api), and the security groups of these endpoints; null makes none."
  type = object({
    security_group_ids = list(string)
    services           = set(string)
  })
  default = null

  validation {
    condition     = var.interface_endpoints == null || try(length(var.interface_endpoints.security_group_ids) > 0, false)
    error_message = "interface_endpoints.security_group_ids must hold at least one group: without one AWS attaches the VPC's default group, which is closed; got none."
  }

  validation {
    condition     = var.interface_endpoints == null || try(length(var.interface_endpoints.services) > 0, false)
    error_message = "interface_endpoints.services must name at least one service; got none. Leave interface_endpoints null to make no endpoint."
  }

  validation {
    condition     = alltrue([for service in try(var.interface_endpoints.services, []) : can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", service))])
    error_message = "interface_endpoints.services must be short service names of lower-case letters, digits, dots and hyphens, such as ssm or ecr.api; got ${join(", ", [for service in try(var.interface_endpoints.services, []) : "\"${service}\"" if !can(regex("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", service))])}."
  }

  validation {
    condition     = length(setintersection(try(var.interface_endpoints.services, []), ["dynamodb", "s3"])) == 0
    error_message = "interface_endpoints.services must not hold dynamodb or s3, which always have gateway endpoints; got ${join(", ", setintersection(try(var.interface_endpoints.services, []), ["dynamodb", "s3"]))}."
  }

  validation {
    condition     = alltrue([for service in try(var.interface_endpoints.services, []) : !strcontains(service, "amazonaws")])
    error_message = "interface_endpoints.services must be short names (ssm, not com.amazonaws.${var.region}.ssm); got ${join(", ", [for service in try(var.interface_endpoints.services, []) : service if strcontains(service, "amazonaws")])}."
  }
}

variable "nat_gateways" {
  description = "NAT gateways of the private subnets: per_az (each zone its own), single (one for all, in the first zone listed) or none."
  type        = string
  default     = "per_az"
  nullable    = false

  validation {
    condition     = contains(["per_az", "single", "none"], var.nat_gateways)
    error_message = "nat_gateways must be per_az, single or none; got \"${var.nat_gateways}\"."
  }
}

variable "partition" {
  description = "AWS partition of the region: aws or aws-us-gov."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = var.partition == (startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws")
    error_message = "partition must be ${startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"} in ${var.region}; got \"${var.partition}\"."
  }
}

variable "ports" {
  description = "TCP ports on which the application (private tier) and the database (database tier) listen."
  type = object({
    application = optional(number, 8080)
    database    = optional(number, 3306)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for port in values(var.ports) : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "ports must be whole numbers from 1 to 65535; got ${join(", ", [for name, port in var.ports : "${name} = ${port}" if port < 1 || port > 65535 || floor(port) != port])}."
  }

  validation {
    condition     = length(setintersection(values(var.ports), [22, 3389])) == 0
    error_message = "ports must not be 22 or 3389, which are for administration; got ${join(", ", [for name, port in var.ports : "${name} = ${port}" if contains([22, 3389], port)])}."
  }
}

variable "ssh_cidr_blocks" {
  description = "IPv4 networks, /8 or smaller, from which a bastion in the private subnets is reached by SSH over VPN or peering. A network's position gives its rule number: append, do not insert."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([for block in var.ssh_cidr_blocks :
      can(regex("^[0-9.]+/[0-9]+$", block)) && try(cidrsubnet(block, 0, 0) == block, false)
    ])
    error_message = "ssh_cidr_blocks must be IPv4 ranges written by their network address, such as 10.9.0.0/24; got ${join(", ", [for block in var.ssh_cidr_blocks : "\"${block}\"" if !can(regex("^[0-9.]+/[0-9]+$", block)) || !try(cidrsubnet(block, 0, 0) == block, false)])}."
  }

  validation {
    condition     = alltrue([for block in var.ssh_cidr_blocks : try(tonumber(split("/", block)[1]) >= 8, true)])
    error_message = "ssh_cidr_blocks must be named networks with a prefix of /8 to /32, never the whole internet; got ${join(", ", [for block in var.ssh_cidr_blocks : block if !try(tonumber(split("/", block)[1]) >= 8, true)])}."
  }

  validation {
    condition     = length(distinct(var.ssh_cidr_blocks)) == length(var.ssh_cidr_blocks)
    error_message = "ssh_cidr_blocks must name each network once; repeated: ${join(", ", distinct([for index, block in var.ssh_cidr_blocks : block if index(var.ssh_cidr_blocks, block) != index]))}."
  }
}

variable "subnet_cidr_blocks" {
  description = "CIDR blocks by availability zone for the tiers whose subnets are not to be computed; a tier left null is computed."
  type = object({
    database = optional(map(string))
    private  = optional(map(string))
    public   = optional(map(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for blocks in values(var.subnet_cidr_blocks) : blocks == null || try(toset(keys(blocks)) == toset(var.availability_zones), false)])
    error_message = "subnet_cidr_blocks must have, for each tier given, exactly the zones of availability_zones (${join(", ", var.availability_zones)}); got ${join("; ", [for tier, blocks in var.subnet_cidr_blocks : "${tier} = ${join(", ", keys(blocks))}" if blocks != null && !try(toset(keys(blocks)) == toset(var.availability_zones), false)])}."
  }

  validation {
    condition = alltrue(flatten([for blocks in values(var.subnet_cidr_blocks) : [for block in values(coalesce(blocks, {})) :
      can(regex("^[0-9.]+/[0-9]+$", block)) && try(cidrsubnet(block, 0, 0) == block, false)
    ]]))
    error_message = "subnet_cidr_blocks must be IPv4 ranges written by their network address, such as 10.0.1.0/24; got ${join(", ", flatten([for tier, blocks in var.subnet_cidr_blocks : [for zone, block in coalesce(blocks, {}) : "${tier}/${zone} = \"${block}\"" if !can(regex("^[0-9.]+/[0-9]+$", block)) || !try(cidrsubnet(block, 0, 0) == block, false)]]))}."
  }

  validation {
    # A subnet is /28 at least; one that holds a load balancer /27:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    condition = alltrue(flatten([for tier, blocks in var.subnet_cidr_blocks : [for block in values(coalesce(blocks, {})) :
      try(tonumber(split("/", block)[1]) <= (tier == "public" ? 27 : 28), true)
    ]]))
    error_message = "subnet_cidr_blocks must be /28 or larger, and /27 or larger in the public tier, where the load balancer needs room; got ${join(", ", flatten([for tier, blocks in var.subnet_cidr_blocks : [for zone, block in coalesce(blocks, {}) : "${tier}/${zone} = ${block}" if !try(tonumber(split("/", block)[1]) <= (tier == "public" ? 27 : 28), true)]]))}."
  }
}
