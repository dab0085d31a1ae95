variable "cost_center" {
  description = "Cost center that pays for the state storage, for the CostCenter tag."
  type        = string
  default     = "platform"
  nullable    = false
}

variable "environments" {
  description = "Environments of this account; each gets a policy for readers and one for writers of its state."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.environments : can(regex("^[a-z0-9][a-z0-9-]{0,31}$", name))])
    error_message = "environments must be 1 to 32 lowercase letters, digits and hyphens each; got ${join(", ", var.environments)}."
  }
}

variable "environments_with_copies" {
  description = "Environments whose policies also reach their further copies, such as dev-pr42."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.environments_with_copies, var.environments)) == 0
    error_message = "environments_with_copies must be among environments; these are not: ${join(", ", setsubtract(var.environments_with_copies, var.environments))}."
  }

  # dev-* would reach the state of an environment that is named dev-eu.
  validation {
    condition = alltrue([
      for pair in setproduct(var.environments_with_copies, var.environments) : !startswith(pair[1], "${pair[0]}-")
    ])
    error_message = "environments_with_copies must not be the beginning of another environment's name; ${join(", ", [for pair in setproduct(var.environments_with_copies, var.environments) : "${pair[0]} is of ${pair[1]}" if startswith(pair[1], "${pair[0]}-")])}."
  }
}

variable "owner" {
  description = "Team that owns the state storage, for the Owner tag."
  type        = string
  default     = "platform"
  nullable    = false
}

variable "project" {
  description = "Name of the project; all names start with it."
  type        = string
  default     = "payments"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project must be 3 to 20 lowercase letters, digits and hyphens, starting with a letter; got \"${var.project}\"."
  }
}

variable "region" {
  description = "Region of the state bucket and the lock table."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be an AWS region such as eu-west-1; got \"${var.region}\"."
  }
}

variable "retention_in_days" {
  description = "Days that superseded versions of a state, and access logs, are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.retention_in_days >= 30 && var.retention_in_days <= 3650
    error_message = "retention_in_days must be from 30 to 3650; got ${var.retention_in_days}."
  }
}

variable "target" {
  description = "What the AWS provider talks to: aws, or an emulator (local, localstack)."
  type        = string
  default     = "aws"
  nullable    = false

  validation {
    condition     = contains(["aws", "local", "localstack"], var.target)
    error_message = "target must be aws, local or localstack; got \"${var.target}\"."
  }
}
