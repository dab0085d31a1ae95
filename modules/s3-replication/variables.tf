variable "account_id" {
  description = "Id of the AWS account, 12 digits. Bucket names end with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the application's bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key and no alias, such as arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got \"${var.kms_key_arn}\"."
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

  validation {
    condition     = length(var.prefix) <= 37
    error_message = "prefix must have at most 37 characters, so that <prefix>-replica-logs-<account_id> fits the 63 of a bucket name; got ${length(var.prefix)}: ${var.prefix}."
  }
}

variable "region" {
  description = "Region of the application's bucket. It must be the region of the default provider."
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

variable "access_log_retention_in_days" {
  description = "Days that access logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.access_log_retention_in_days >= 1 && floor(var.access_log_retention_in_days) == var.access_log_retention_in_days
    error_message = "access_log_retention_in_days must be a whole number of days from 1; got ${var.access_log_retention_in_days}."
  }
}

variable "force_destroy" {
  description = "Whether destroying a bucket deletes what is in it, all versions included."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_retention_in_days" {
  description = "Days that an object can still be recovered after it was overwritten or deleted, in both buckets."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_version_retention_in_days >= 1 && floor(var.noncurrent_version_retention_in_days) == var.noncurrent_version_retention_in_days
    error_message = "noncurrent_version_retention_in_days must be a whole number of days from 1; got ${var.noncurrent_version_retention_in_days}."
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
  description = "ARN of the policy that bounds the replication role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null; got \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "replica" {
  description = "Region of the replica, which must be the region of the provider aws.replica, and ARN of the key that encrypts it there; or null for no replica."
  type        = object({ kms_key_arn = string, region = string })
  default     = null

  validation {
    condition     = var.replica == null ? true : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.replica.region))
    error_message = "replica.region must be the name of a region, such as eu-central-1; got \"${try(var.replica.region, "")}\"."
  }

  validation {
    condition     = try(var.replica.region != var.region, true)
    error_message = "replica.region must differ from region; both are \"${var.region}\"."
  }

  validation {
    condition     = var.replica == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.replica.kms_key_arn))
    error_message = "replica.kms_key_arn must be the ARN of a KMS key and no alias, such as arn:aws:kms:eu-central-1:123456789012:key/1b2c3d4e; got \"${try(var.replica.kms_key_arn, "")}\"."
  }

  validation {
    condition     = var.replica == null ? true : try(split(":", var.replica.kms_key_arn)[3], "") == var.replica.region
    error_message = "replica.kms_key_arn must be a key of replica.region, because S3 accepts any key and then fails to replicate; got \"${try(var.replica.kms_key_arn, "")}\" for ${try(var.replica.region, "")}."
  }
}
