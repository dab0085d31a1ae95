variable "account_id" {
  description = "Id of the AWS account, 12 digits. The ARNs in the role's policies are built from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "function" {
  description = "Name (every resource is called <prefix>-<name>), handler (<module>.<function>), what it does in one sentence, and the path of the zip file with its code. Without a path, the code is this module's own function of that name."
  type = object({
    description = string
    handler     = string
    name        = string
    package     = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.function.name))
    error_message = "function.name must be lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen; got \"${var.function.name}\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)+$", var.function.handler))
    error_message = "function.handler must be <module>.<function>, such as probe.handler; got \"${var.function.handler}\"."
  }

  validation {
    condition     = fileexists(coalesce(var.function.package, "${path.module}/functions/${var.function.name}.zip"))
    error_message = "function.package must be the path of a zip file; there is no ${coalesce(var.function.package, "package, and no function \"${var.function.name}\" in this module, which has: ${join(", ", [for file in fileset("${path.module}/functions", "*.zip") : trimsuffix(file, ".zip")])}")}."
  }

  validation {
    condition     = length("${var.prefix}-${var.function.name}") <= 64
    error_message = "function.name must make, with the prefix, a name of at most 64 characters, the limit of functions, roles and rules; got ${length("${var.prefix}-${var.function.name}")}: ${var.prefix}-${var.function.name}."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key of environment variables, log group and dead-letter queue. Its policy must admit Lambda, SQS and logs.<region>.amazonaws.com."
  type        = string
  nullable    = false
}

variable "metric_namespace" {
  description = "The one namespace of CloudWatch the function may put metrics into. The function finds it in METRIC_NAMESPACE."
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
  description = "Region of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as eu-west-1; got \"${var.region}\"."
  }
}

variable "tags" {
  description = "Tags of every resource, with at least Environment, Project, Owner, ManagedBy and CostCenter. Environment is also what the function finds in ENVIRONMENT."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(["CostCenter", "Environment", "ManagedBy", "Owner", "Project"], keys(var.tags))) == 0
    error_message = "tags must have the keys CostCenter, Environment, ManagedBy, Owner and Project; missing: ${join(", ", setsubtract(["CostCenter", "Environment", "ManagedBy", "Owner", "Project"], keys(var.tags)))}."
  }
}

variable "dead_letter_queue" {
  description = "Queue of the events the function failed on, kept for some days (1 to 14), or null for none: then such events are lost."
  type        = object({ retention_in_days = optional(number, 14) })
  default     = null

  validation {
    condition     = try(var.dead_letter_queue.retention_in_days >= 1 && var.dead_letter_queue.retention_in_days <= 14, true)
    error_message = "dead_letter_queue.retention_in_days must be 1 to 14; got ${try(var.dead_letter_queue.retention_in_days, 0)}."
  }
}

variable "environment_variables" {
  description = "The function's own environment variables, besides ENVIRONMENT, FUNCTION_NAME, METRIC_NAMESPACE and REGION. Everybody who may read the function's configuration reads them: pass the ARN of a secret, never the secret."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment_variables) : can(regex("^[A-Z][A-Z0-9_]+$", name)) && !can(regex("^(AWS|LAMBDA)_", name))])
    error_message = "environment_variables keys must be capitals, digits and underscores, and must not start with AWS_ or LAMBDA_, which belong to Lambda; got: ${join(", ", [for name in keys(var.environment_variables) : name if !can(regex("^[A-Z][A-Z0-9_]+$", name)) || can(regex("^(AWS|LAMBDA)_", name))])}."
  }

  validation {
    condition     = length(setintersection(keys(var.environment_variables), ["ENVIRONMENT", "FUNCTION_NAME", "METRIC_NAMESPACE", "REGION"])) == 0
    error_message = "environment_variables must not hold what the module sets itself; got: ${join(", ", setintersection(keys(var.environment_variables), ["ENVIRONMENT", "FUNCTION_NAME", "METRIC_NAMESPACE", "REGION"]))}."
  }

  validation {
    condition     = alltrue([for name in keys(var.environment_variables) : !can(regex("(API_KEY|PASSWORD|PRIVATE_KEY|SECRET|TOKEN)$", name))])
    error_message = "environment_variables must hold no secret, only where it is (PASSWORD_ARN instead of PASSWORD); got: ${join(", ", [for name in keys(var.environment_variables) : name if can(regex("(API_KEY|PASSWORD|PRIVATE_KEY|SECRET|TOKEN)$", name))])}."
  }
}

variable "limits" {
  description = "Memory (128 to 10240 MB), time one invocation may take (1 to 900 seconds), and instances reserved for the function, which are also its maximum; null takes them from what the account has left."
  type = object({
    memory_in_mb         = optional(number, 512)
    reserved_concurrency = optional(number)
    timeout_in_seconds   = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.limits.memory_in_mb >= 128 && var.limits.memory_in_mb <= 10240 && floor(var.limits.memory_in_mb) == var.limits.memory_in_mb
    error_message = "limits.memory_in_mb must be a whole number from 128 to 10240; got ${var.limits.memory_in_mb}."
  }

  validation {
    condition     = var.limits.timeout_in_seconds >= 1 && var.limits.timeout_in_seconds <= 900 && floor(var.limits.timeout_in_seconds) == var.limits.timeout_in_seconds
    error_message = "limits.timeout_in_seconds must be a whole number from 1 to 900; got ${var.limits.timeout_in_seconds}."
  }

  validation {
    condition     = var.limits.reserved_concurrency == null ? true : var.limits.reserved_concurrency >= 1 && floor(var.limits.reserved_concurrency) == var.limits.reserved_concurrency
    error_message = "limits.reserved_concurrency must be a whole number from 1 (0 would stop the function) or null; got ${coalesce(var.limits.reserved_concurrency, 0)}."
  }
}

variable "log_retention_in_days" {
  description = "Days the log group keeps its events."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; got ${var.log_retention_in_days}."
  }
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

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null; got \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "schedule" {
  description = "When the function is called by itself: rate(1 minute), rate(5 minutes), cron(0 6 * * ? *)... or null for never."
  type        = object({ expression = string })
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)|cron\\([^ ]+( [^ ]+){5}\\))$", var.schedule.expression))
    error_message = "schedule.expression must be rate(1 minute), rate(<number> minutes), the same with hours or days, or cron(...) with six fields; got \"${try(var.schedule.expression, "")}\"."
  }
}
