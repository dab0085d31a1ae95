variable "alarms" {
  description = "Who is told of alarms (by name: protocol email or https, and endpoint), above which values they go off, and the log group of CloudTrail whose events are watched, or null where CloudTrail writes none in this account."
  type = object({
    subscriptions             = map(object({ endpoint = string, protocol = string }))
    cloudtrail_log_group_name = optional(string)
    thresholds = object({
      application_errors          = optional(number, 10)
      autoscaling_cpu_percent     = optional(number, 80)
      database_connections        = number
      database_cpu_percent        = optional(number, 80)
      database_free_memory_in_mb  = number
      database_free_storage_in_gb = number
      error_ratio_percent         = optional(number, 1)
      latency_p99_in_seconds      = optional(number, 1)
      load_balancer_errors        = optional(number, 10)
      minimum_requests            = optional(number, 20)
      probe_success_percent       = optional(number, 90)
      unauthorized_calls          = optional(number, 10)
    })
  })
  nullable = false
}

variable "availability_zones" {
  description = "Zones of the region that carry every tier, such as [\"eu-west-1a\", \"eu-west-1b\"]."
  type        = list(string)
  nullable    = false
}

variable "compute" {
  description = "Instance type and number of instances of each color, and the machine image; null takes the newest Amazon Linux 2023 of the region."
  type = object({
    blue   = object({ instance_type = string, min = number, max = number, desired = number })
    green  = object({ instance_type = string, min = number, max = number, desired = number })
    ami_id = optional(string)
  })
  nullable = false
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

variable "database" {
  description = "Size, availability, backups and origin of the database. restore_from_snapshot is the identifier or ARN of a DB instance snapshot to create it from, or null for an empty one. ca_cert_identifier null leaves the certificate authority to RDS."
  type = object({
    instance_class                         = string
    multi_az                               = bool
    allocated_storage                      = number
    max_allocated_storage                  = number
    backup_retention_in_days               = number
    performance_insights_retention_in_days = optional(number, 7)
    final_snapshot                         = optional(bool, true)
    restore_from_snapshot                  = optional(string)
    ca_cert_identifier                     = optional(string, "rds-ca-rsa2048-g1")
  })
  nullable = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete database and load balancer, and Terraform to delete buckets that hold objects."
  type        = bool
  nullable    = false
}

variable "domain" {
  description = "Name of the public hosted zone, the record in it that clients use, the id of an existing zone (null creates one), and the endpoint of a stack that is being migrated from, or null."
  type = object({
    zone_name   = string
    record_name = optional(string, "pay")
    zone_id     = optional(string)
    legacy = optional(object({
      dns_name = string
      zone_id  = optional(string)
    }))
  })
  nullable = false
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

variable "traffic" {
  description = "Phase that the traffic record is created with; from then on the record is the live one."
  type        = object({ initial_phase = optional(string, "initial") })
  default     = {}
  nullable    = false
}

variable "web_acl" {
  description = "Requests of one address in five minutes above which it is blocked."
  type        = object({ rate_limit = optional(number, 2000) })
  default     = {}
  nullable    = false
}
