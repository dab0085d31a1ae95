variable "account_id" {
  description = "Id of the AWS account, 12 digits. Key policies and ARNs are built from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "endpoints" {
  description = "What the name leads to, by name: the share of answers (weight) and either an alias (a load balancer of AWS) or a cname (any other host) with its TTL. DNS knows no mixture: if one endpoint is a cname, all are. health_check_path is asked over HTTPS."
  type = map(object({
    weight            = number
    alias             = optional(object({ dns_name = string, zone_id = string }))
    cname             = optional(object({ target = string, ttl = optional(number, 60) }))
    health_check_path = optional(string, "/health")
  }))
  nullable = false

  validation {
    condition     = length(var.endpoints) > 0 && alltrue([for name in keys(var.endpoints) : can(regex("^[a-z][a-z0-9_]{0,31}$", name))])
    error_message = "endpoints must hold at least one, and its keys must be 1 to 32 lower-case letters, digits and underscores, starting with a letter; got: ${length(var.endpoints) == 0 ? "none" : join(", ", [for name in keys(var.endpoints) : name if !can(regex("^[a-z][a-z0-9_]{0,31}$", name))])}."
  }

  validation {
    condition     = alltrue([for each in values(var.endpoints) : (each.alias == null) != (each.cname == null)])
    error_message = "endpoints must each have either alias or cname; got both or none: ${join(", ", [for name, each in var.endpoints : name if(each.alias == null) == (each.cname == null)])}."
  }

  validation {
    condition     = length(distinct([for each in values(var.endpoints) : each.alias == null])) <= 1
    error_message = "endpoints must all be alias or all be cname, because a name with a CNAME has no other record; cname: ${join(", ", [for name, each in var.endpoints : name if each.alias == null])}, alias: ${join(", ", [for name, each in var.endpoints : name if each.alias != null])}."
  }

  validation {
    condition     = alltrue([for each in values(var.endpoints) : each.weight >= 0 && each.weight <= 100 && floor(each.weight) == each.weight]) && sum(concat([0], [for each in values(var.endpoints) : each.weight])) == 100
    error_message = "endpoints weight must be whole numbers from 0 to 100 that add up to 100; got: ${join(", ", [for name, each in var.endpoints : "${name}=${each.weight}"])}."
  }

  validation {
    condition     = alltrue([for each in values(var.endpoints) : try(each.cname.ttl >= 1 && each.cname.ttl <= 60, true)])
    error_message = "endpoints cname.ttl must be 1 to 60 seconds, because a longer one would keep clients where they are after a shift; got: ${join(", ", [for name, each in var.endpoints : "${name}=${each.cname.ttl}" if !try(each.cname.ttl >= 1 && each.cname.ttl <= 60, true)])}."
  }

  validation {
    condition     = alltrue([for each in values(var.endpoints) : can(regex("^/[^ ]{0,254}$", each.health_check_path))])
    error_message = "endpoints health_check_path must start with \"/\", without spaces, and have at most 255 characters; got: ${join(", ", [for name, each in var.endpoints : "${name}=${each.health_check_path}" if !can(regex("^/[^ ]{0,254}$", each.health_check_path))])}."
  }
}

variable "prefix" {
  description = "Start of every name, <project>-<environment><suffix>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 40 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen; got \"${var.prefix}\"."
  }
}

variable "record_name" {
  description = "The name that leads to the endpoints: the zone's own or one below it, such as pay.example.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.record_name))
    error_message = "record_name must be a domain name in lower-case letters without a dot at its end, such as pay.example.com; got \"${var.record_name}\"."
  }

  validation {
    condition     = var.record_name == var.zone.name || endswith(var.record_name, ".${var.zone.name}")
    error_message = "record_name must be the zone's name (${var.zone.name}) or end with .${var.zone.name}; got \"${var.record_name}\"."
  }

  validation {
    condition     = var.record_name != var.zone.name || alltrue([for each in values(var.endpoints) : each.cname == null])
    error_message = "record_name must be below the zone ${var.zone.name} where endpoints are cname: the name of a zone cannot have a CNAME; got \"${var.record_name}\"."
  }
}

variable "subscriptions" {
  description = "Who is told of every change of a health check's alarm, by name: protocol email or https, and the address. Each has to confirm what AWS sends to it first."
  type        = map(object({ endpoint = string, protocol = string }))
  nullable    = false

  validation {
    condition     = length(var.subscriptions) > 0
    error_message = "subscriptions must hold at least one: a topic that nobody listens to makes no alarm heard; got none."
  }

  validation {
    condition     = alltrue([for each in values(var.subscriptions) : contains(["email", "https"], each.protocol)])
    error_message = "subscriptions protocol must be email or https; got: ${join(", ", [for name, each in var.subscriptions : "${name}=${each.protocol}" if !contains(["email", "https"], each.protocol)])}."
  }

  validation {
    condition     = alltrue([for each in values(var.subscriptions) : can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$", each.endpoint)) if each.protocol == "email"])
    error_message = "subscriptions endpoint of an email must be an address, such as alarms@example.com; got: ${join(", ", [for name, each in var.subscriptions : "${name}=${each.endpoint}" if each.protocol == "email" && !can(regex("^[A-Za-z0-9._%+-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]{2,}$", each.endpoint))])}."
  }

  validation {
    condition     = alltrue([for each in values(var.subscriptions) : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^ ]*)?$", each.endpoint)) if each.protocol == "https"])
    error_message = "subscriptions endpoint of https must be a URL, such as https://alarms.example.com/hook; got: ${join(", ", [for name, each in var.subscriptions : "${name}=${each.endpoint}" if each.protocol == "https" && !can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^ ]*)?$", each.endpoint))])}."
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

variable "zone" {
  description = "Public zone: its name and, where it exists already, its id, which must be a literal because it decides whether the zone is made. Without an id the zone is created and has to be delegated to by hand."
  type = object({
    name = string
    id   = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.zone.name))
    error_message = "zone.name must be a domain name in lower-case letters without a dot at its end, such as example.com; got \"${var.zone.name}\"."
  }

  validation {
    condition     = var.zone.id == null ? true : can(regex("^Z[A-Z0-9]{1,31}$", var.zone.id))
    error_message = "zone.id must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or null; got \"${coalesce(var.zone.id, "null")}\"."
  }
}

variable "dnssec" {
  description = "Whether answers are signed. Resolvers check that only after the output ds_record has been entered at the parent zone; take it out there, and wait two days, before this is switched off."
  type        = bool
  default     = false
  nullable    = false
}

variable "health_check" {
  description = "Seconds between the checks of one checker (10 or 30), failures in a row that make an endpoint unhealthy (1 to 10), and the regions that check (at least 3), or null for all."
  type = object({
    failure_threshold   = optional(number, 3)
    interval_in_seconds = optional(number, 30)
    regions             = optional(set(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.health_check.failure_threshold >= 1 && var.health_check.failure_threshold <= 10 && floor(var.health_check.failure_threshold) == var.health_check.failure_threshold
    error_message = "health_check.failure_threshold must be a whole number from 1 to 10; got ${var.health_check.failure_threshold}."
  }

  validation {
    condition     = contains([10, 30], var.health_check.interval_in_seconds)
    error_message = "health_check.interval_in_seconds must be 10 or 30; got ${var.health_check.interval_in_seconds}."
  }

  validation {
    condition = var.health_check.regions == null ? true : length(var.health_check.regions) >= 3 && length(setsubtract(var.health_check.regions, [
      "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-west-1", "sa-east-1", "us-east-1", "us-west-1", "us-west-2",
    ])) == 0
    error_message = "health_check.regions must be at least 3 of ap-northeast-1, ap-southeast-1, ap-southeast-2, eu-west-1, sa-east-1, us-east-1, us-west-1 and us-west-2, or null; got: ${join(", ", coalesce(var.health_check.regions, []))}."
  }
}

variable "key_deletion_window_in_days" {
  description = "Days a deleted key can still be recovered (7 to 30)."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_in_days >= 7 && var.key_deletion_window_in_days <= 30
    error_message = "key_deletion_window_in_days must be 7 to 30; got ${var.key_deletion_window_in_days}."
  }
}

variable "query_log" {
  description = "Days the log of all queries is kept, or null for no log. A zone can have one only: null for an existing zone that has one already."
  type        = object({ retention_in_days = optional(number, 365) })
  default     = {}

  validation {
    condition     = var.query_log == null ? true : contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.query_log.retention_in_days)
    error_message = "query_log.retention_in_days must be a retention CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; got ${try(var.query_log.retention_in_days, 0)}."
  }
}
