variable "cost_center" {
  description = "Cost center that pays for the state storage, for the CostCenter tag."
  type        = string
  default     = "platform"
  nullable    = false
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
