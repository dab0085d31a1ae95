variable "availability_zones" {
  description = "Zones of the region that carry every tier, such as [\"eu-west-1a\", \"eu-west-1b\"]."
  type        = list(string)
  nullable    = false
}

variable "cost_center" {
  description = "Cost center that pays, for the CostCenter tag."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,64}$", var.cost_center))
    error_message = "cost_center must be 1 to 64 letters, digits, dots, underscores and hyphens; got \"${var.cost_center}\"."
  }
}

variable "environment" {
  description = "Name of the environment; part of every name and the value of the Environment tag."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment must be 2 to 12 lowercase letters and digits, starting with a letter; got \"${var.environment}\"."
  }
}

variable "network" {
  description = "Address range, NAT gateways (per_az, single or none), private endpoints of AWS services, and where administrators come from. Subnet ranges are computed unless given."
  type = object({
    cidr_block          = string
    nat_gateways        = optional(string, "per_az")
    interface_endpoints = optional(set(string), [])
    bastion_cidr_blocks = optional(list(string), [])
    egress              = optional(map(object({ cidr_block = string, port = optional(number, 443) })), {})
    subnet_cidr_blocks = optional(object({
      public   = optional(map(string))
      private  = optional(map(string))
      database = optional(map(string))
    }))
  })
  nullable = false
}

variable "owner" {
  description = "Team that owns the environment, for the Owner tag."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._@-]{1,64}$", var.owner))
    error_message = "owner must be 1 to 64 letters, digits and . _ @ -; got \"${var.owner}\"."
  }
}

variable "project" {
  description = "Name of the project; every name starts with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.project))
    error_message = "project must be 2 to 12 lowercase letters and digits, starting with a letter; got \"${var.project}\"."
  }
}

variable "region" {
  description = "Region of the environment."
  type        = string
  nullable    = false
}

variable "log_retention_in_days" {
  description = "Days that log groups keep their events; one of the values CloudWatch Logs accepts."
  type        = number
  default     = 365
  nullable    = false
}

variable "name_suffix" {
  description = "End of the prefix of a second copy of the environment, such as pr42; empty for the environment itself."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{0,8}$", var.name_suffix))
    error_message = "name_suffix must be at most 8 lowercase letters and digits; got \"${var.name_suffix}\"."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds every role, or null for none."
  type        = string
  default     = null
}

variable "replica" {
  description = "Region that holds the replica, or null for no replica. The provider aws.replica must be set to it."
  type        = object({ region = string })
  default     = null
}

variable "web_acl" {
  description = "Requests of one address in five minutes above which it is blocked."
  type        = object({ rate_limit = optional(number, 2000) })
  default     = {}
  nullable    = false
}
