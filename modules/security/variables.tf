variable "account_id" {
  description = "Id of the AWS account, 12 digits. Key policies and ARNs are built from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "application" {
  description = "What the instances may reach: one metric namespace, the log groups below a prefix (\"/payments-prod/\"), and, where given, one database user, one secret and one prefix of a bucket. Null means no access."
  type = object({
    log_group_prefix = string
    metric_namespace = string
    bucket           = optional(object({ arn = string, prefix = string }))
    database         = optional(object({ resource_id = string, user = string }))
    secret           = optional(object({ arn = string }))
  })
  nullable = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.#-]+/)+$", var.application.log_group_prefix))
    error_message = "application.log_group_prefix must start and end with \"/\" and hold only letters, digits and _ . # - between slashes, such as \"/payments-prod/\"; got \"${var.application.log_group_prefix}\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_.#/-]{1,255}$", var.application.metric_namespace)) && !startswith(var.application.metric_namespace, "AWS/")
    error_message = "application.metric_namespace must hold 1 to 255 letters, digits and _ . # / - and must not start with \"AWS/\", which belongs to AWS; got \"${var.application.metric_namespace}\"."
  }

  validation {
    condition     = var.application.bucket == null ? true : can(regex("^([A-Za-z0-9!_.'()-]+/)+$", var.application.bucket.prefix))
    error_message = "application.bucket.prefix must end with \"/\", must not start with it, and must hold no wildcard, such as \"uploads/\"; got \"${try(var.application.bucket.prefix, "")}\"."
  }

  validation {
    condition     = var.application.database == null ? true : can(regex("^[A-Za-z0-9_]{1,32}$", var.application.database.user))
    error_message = "application.database.user must be one MySQL user of 1 to 32 letters, digits and underscores; got \"${try(var.application.database.user, "")}\"."
  }
}

variable "gateway_prefix_list_ids" {
  description = "Ids of the prefix lists of the S3 and DynamoDB gateway endpoints, which the egress rules name instead of the internet."
  type        = object({ dynamodb = string, s3 = string })
  nullable    = false
}

variable "prefix" {
  description = "Start of every name, <project>-<environment><suffix>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen; got \"${var.prefix}\"."
  }

  validation {
    condition     = length(var.prefix) <= 35
    error_message = "prefix must have at most 35 characters, so that the role AWSServiceRoleForAutoScaling_<prefix> fits the 64 of IAM; got ${length(var.prefix)}: ${var.prefix}."
  }
}

variable "region" {
  description = "Region of the stack. It must be the region of the default provider."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as eu-west-1; got \"${var.region}\"."
  }
}

variable "tags" {
  description = "Tags of every resource, with at least Environment, Project, Owner, ManagedBy and CostCenter."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["CostCenter", "Environment", "ManagedBy", "Owner", "Project"], keys(var.tags))) == 0
    error_message = "tags must have the keys CostCenter, Environment, ManagedBy, Owner and Project; missing: ${join(", ", setsubtract(["CostCenter", "Environment", "ManagedBy", "Owner", "Project"], keys(var.tags)))}."
  }
}

variable "vpc_id" {
  description = "Id of the VPC that holds the security groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC, such as vpc-0a1b2c3d; got \"${var.vpc_id}\"."
  }
}

variable "application_egress" {
  description = "Destinations outside the VPC that the application may call over TCP, by name, such as the addresses of a card processor. Every destination needs a NAT gateway."
  type        = map(object({ cidr_block = string, port = optional(number, 443) }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.application_egress) : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "application_egress keys must be lower-case letters, digits and underscores, starting with a letter; got: ${join(", ", [for name in keys(var.application_egress) : name if !can(regex("^[a-z][a-z0-9_]*$", name))])}."
  }

  validation {
    condition     = alltrue([for destination in values(var.application_egress) : try(cidrsubnet(destination.cidr_block, 0, 0) == destination.cidr_block, false)])
    error_message = "application_egress cidr_block must be an IPv4 network without host bits, such as 192.0.2.0/24; got: ${join(", ", [for name, destination in var.application_egress : "${name}=${destination.cidr_block}" if !try(cidrsubnet(destination.cidr_block, 0, 0) == destination.cidr_block, false)])}."
  }

  validation {
    condition     = alltrue([for destination in values(var.application_egress) : destination.port >= 1 && destination.port <= 65535 && floor(destination.port) == destination.port])
    error_message = "application_egress port must be a whole number from 1 to 65535; got: ${join(", ", [for name, destination in var.application_egress : "${name}=${destination.port}" if !(destination.port >= 1 && destination.port <= 65535 && floor(destination.port) == destination.port)])}."
  }

  validation {
    condition     = alltrue([for destination in values(var.application_egress) : destination.port == 443 || !endswith(destination.cidr_block, "/0")])
    error_message = "application_egress to 0.0.0.0/0 is allowed on port 443 only; got: ${join(", ", [for name, destination in var.application_egress : "${name}=${destination.port}" if destination.port != 443 && endswith(destination.cidr_block, "/0")])}."
  }
}

variable "bastion_cidr_blocks" {
  description = "IPv4 networks that may reach a bastion over SSH. Empty means no bastion group: Session Manager is the way in."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for block in var.bastion_cidr_blocks : try(cidrsubnet(block, 0, 0) == block, false)])
    error_message = "bastion_cidr_blocks must hold IPv4 networks without host bits, such as 192.0.2.0/24; got: ${join(", ", [for block in var.bastion_cidr_blocks : block if !try(cidrsubnet(block, 0, 0) == block, false)])}."
  }

  validation {
    condition     = alltrue([for block in var.bastion_cidr_blocks : try(tonumber(split("/", block)[1]) >= 16, true)])
    error_message = "bastion_cidr_blocks must hold no network wider than /16; got: ${join(", ", [for block in var.bastion_cidr_blocks : block if !try(tonumber(split("/", block)[1]) >= 16, true)])}."
  }
}

variable "keys" {
  description = "Days a deleted key can still be recovered (7 to 30) and days between rotations of key material (90 to 2560)."
  type = object({
    deletion_window_in_days = optional(number, 30)
    rotation_period_in_days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.keys.deletion_window_in_days >= 7 && var.keys.deletion_window_in_days <= 30
    error_message = "keys.deletion_window_in_days must be 7 to 30; got ${var.keys.deletion_window_in_days}."
  }

  validation {
    condition     = var.keys.rotation_period_in_days >= 90 && var.keys.rotation_period_in_days <= 2560
    error_message = "keys.rotation_period_in_days must be 90 to 2560; got ${var.keys.rotation_period_in_days}."
  }
}

variable "log_retention_in_days" {
  description = "Days the log group of the web ACL keeps its events."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; got ${var.log_retention_in_days}."
  }
}

variable "partition" {
  description = "AWS partition of the ARNs: aws or aws-us-gov."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "aws-us-gov"], var.partition)
    error_message = "partition must be aws or aws-us-gov (service principals of other partitions have other names); got \"${var.partition}\"."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the instance role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null; got \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "ports" {
  description = "TCP ports of the tiers: what the application listens on and what the database listens on."
  type = object({
    application = optional(number, 8080)
    database    = optional(number, 3306)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for port in values(var.ports) : port >= 1024 && port <= 65535 && floor(port) == port])
    error_message = "ports must be whole numbers from 1024 to 65535; got: ${join(", ", [for name, port in var.ports : "${name}=${port}" if !(port >= 1024 && port <= 65535 && floor(port) == port)])}."
  }
}

variable "replica" {
  description = "Region of the replica key, which must be the region of the provider aws.replica, or null for no replica key."
  type        = object({ region = string })
  default     = null

  validation {
    condition     = var.replica == null ? true : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.replica.region))
    error_message = "replica.region must be the name of a region, such as eu-central-1; got \"${try(var.replica.region, "")}\"."
  }

  validation {
    condition     = try(var.replica.region != var.region, true)
    error_message = "replica.region must differ from region; both are \"${var.region}\"."
  }
}

variable "web_acl" {
  description = "Requests of one address in five minutes above which it is blocked (100 to 2,000,000,000), and countries that are blocked altogether (two-letter codes)."
  type = object({
    blocked_countries = optional(set(string), [])
    rate_limit        = optional(number, 2000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for country in var.web_acl.blocked_countries : can(regex("^[A-Z]{2}$", country))])
    error_message = "web_acl.blocked_countries must hold two-letter country codes in capitals (ISO 3166-1 alpha-2), such as KP; got: ${join(", ", [for country in var.web_acl.blocked_countries : country if !can(regex("^[A-Z]{2}$", country))])}."
  }

  validation {
    condition     = var.web_acl.rate_limit >= 100 && var.web_acl.rate_limit <= 2000000000
    error_message = "web_acl.rate_limit must be 100 to 2000000000 requests in five minutes; got ${var.web_acl.rate_limit}."
  }
}
