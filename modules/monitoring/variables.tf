variable "account_id" {
  description = "Id of the AWS account, 12 digits. The topic admits publishers of this account only."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "autoscaling_group_names" {
  description = "Names of the Auto Scaling groups by color."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for color in keys(var.autoscaling_group_names) : can(regex("^[a-z]+$", color))])
    error_message = "autoscaling_group_names keys must be colors in lower-case letters; got: ${join(", ", [for color in keys(var.autoscaling_group_names) : color if !can(regex("^[a-z]+$", color))])}."
  }
}

variable "database" {
  description = "Identifiers of the database instance and, where there is one, of its read replica."
  type = object({
    instance_id = string
    replica     = optional(object({ instance_id = string }))
  })
  nullable = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key of the topic. Its policy must admit CloudWatch, RDS events and SNS."
  type        = string
  nullable    = false
}

variable "load_balancer" {
  description = "ARN suffixes, which are the dimensions of its metrics, of the load balancer and of its target groups by color."
  type = object({
    arn_suffix                = string
    target_group_arn_suffixes = map(string)
  })
  nullable = false

  validation {
    condition     = alltrue([for color in keys(var.load_balancer.target_group_arn_suffixes) : can(regex("^[a-z]+$", color))])
    error_message = "load_balancer.target_group_arn_suffixes keys must be colors in lower-case letters; got: ${join(", ", [for color in keys(var.load_balancer.target_group_arn_suffixes) : color if !can(regex("^[a-z]+$", color))])}."
  }

  validation {
    condition     = startswith(var.load_balancer.arn_suffix, "app/")
    error_message = "load_balancer.arn_suffix must be the suffix of an application load balancer, app/<name>/<id>; got \"${var.load_balancer.arn_suffix}\"."
  }

  validation {
    condition     = alltrue([for suffix in values(var.load_balancer.target_group_arn_suffixes) : startswith(suffix, "targetgroup/")])
    error_message = "load_balancer.target_group_arn_suffixes must be targetgroup/<name>/<id>; got: ${join(", ", [for color, suffix in var.load_balancer.target_group_arn_suffixes : "${color}=${suffix}" if !startswith(suffix, "targetgroup/")])}."
  }
}

variable "metric_namespace" {
  description = "Namespace of the environment's own metrics: those of the probe and those made from logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.#/-]{1,255}$", var.metric_namespace)) && !startswith(var.metric_namespace, "AWS/")
    error_message = "metric_namespace must hold 1 to 255 letters, digits and _ . # / - and must not start with \"AWS/\", which belongs to AWS; got \"${var.metric_namespace}\"."
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

variable "region" {
  description = "Region of everything that is watched."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as eu-west-1; got \"${var.region}\"."
  }
}

variable "subscriptions" {
  description = "Who is told of every change of an alarm, by name: protocol email or https, and the address. Each has to confirm what AWS sends to it first."
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

variable "thresholds" {
  description = "When alarms go off. application_errors and unauthorized_calls are counts in five minutes; load_balancer_errors and minimum_requests, below which ratio and latency of a color are not judged, are counts in a minute. The three without a default follow the database's instance class and storage."
  type = object({
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
    replica_lag_in_seconds      = optional(number, 30)
    unauthorized_calls          = optional(number, 10)
  })
  nullable = false

  validation {
    condition     = alltrue([for name, value in var.thresholds : value > 0 && value < 100 if endswith(name, "_percent")])
    error_message = "thresholds in percent must be more than 0 and less than 100; got: ${join(", ", [for name, value in var.thresholds : "${name}=${value}" if endswith(name, "_percent") && !(value > 0 && value < 100)])}."
  }

  validation {
    condition     = alltrue([for name, value in var.thresholds : value > 0 if !endswith(name, "_percent")])
    error_message = "thresholds must be more than 0; got: ${join(", ", [for name, value in var.thresholds : "${name}=${value}" if !endswith(name, "_percent") && value <= 0])}."
  }
}

variable "functions" {
  description = "Functions to watch, by name: the name AWS knows, and the queue of failed events, where there is one."
  type = map(object({
    function_name     = string
    dead_letter_queue = optional(object({ name = string }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.functions) : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "functions keys must be lower-case letters, digits and underscores, starting with a letter; got: ${join(", ", [for name in keys(var.functions) : name if !can(regex("^[a-z][a-z0-9_]*$", name))])}."
  }
}

variable "logs" {
  description = "Log groups whose events become metrics: those of the application, by name, each with the filter pattern of an error, and the one CloudTrail writes to, or null where the account's trail is watched elsewhere."
  type = object({
    application = optional(map(object({ name = string, error_pattern = optional(string, "?ERROR ?CRITICAL ?FATAL") })), {})
    cloudtrail  = optional(object({ name = string }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.logs.application) : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "logs.application keys must be lower-case letters, digits and underscores, starting with a letter; got: ${join(", ", [for name in keys(var.logs.application) : name if !can(regex("^[a-z][a-z0-9_]*$", name))])}."
  }
}

variable "network" {
  description = "Ids of the NAT gateways by availability zone, and the metric name of the web ACL."
  type = object({
    nat_gateway_ids = optional(map(string), {})
    web_acl         = optional(object({ metric_name = string }))
  })
  default  = {}
  nullable = false
}

variable "partition" {
  description = "AWS partition of the ARNs."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "aws-cn", "aws-us-gov"], var.partition)
    error_message = "partition must be aws, aws-cn or aws-us-gov; got \"${var.partition}\"."
  }
}

variable "probe" {
  description = "The function that publishes ProbeSuccess and ProbeLatency every minute, or null for none: then nothing looks at the environment from outside."
  type        = object({ function_name = string })
  default     = null
}
