variable "account_id" {
  description = "Id of the AWS account, 12 digits. The trust of the monitoring role names it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "instance" {
  description = "Size of the database: instance class, GiB of storage now and at most, a standby in another zone, and whether changes wait for the maintenance window or are applied at once."
  type = object({
    instance_class        = string
    allocated_storage     = optional(number, 20)
    apply_immediately     = optional(bool, false)
    max_allocated_storage = optional(number, 100)
    multi_az              = optional(bool, true)
  })
  nullable = false

  validation {
    condition     = can(regex("^db\\.[a-z][a-z0-9-]*\\.(micro|small|medium|x?large|[0-9]+xlarge)$", var.instance.instance_class))
    error_message = "instance.instance_class must be a class of RDS, such as db.t3.micro or db.m5.large; got \"${var.instance.instance_class}\"."
  }

  validation {
    condition     = var.instance.allocated_storage >= 20 && var.instance.allocated_storage <= 65536 && floor(var.instance.allocated_storage) == var.instance.allocated_storage
    error_message = "instance.allocated_storage must be 20 to 65536 whole GiB, as gp3 allows; got ${var.instance.allocated_storage}."
  }

  validation {
    condition     = var.instance.max_allocated_storage >= ceil(var.instance.allocated_storage * 1.1) && var.instance.max_allocated_storage <= 65536 && floor(var.instance.max_allocated_storage) == var.instance.max_allocated_storage
    error_message = "instance.max_allocated_storage must be at least 10 % more than allocated_storage (${ceil(var.instance.allocated_storage * 1.1)}) and at most 65536 whole GiB, or RDS refuses to grow the storage; got ${var.instance.max_allocated_storage}."
  }
}

variable "kms_key_arn" {
  description = "ARN of the data key: storage, backups, master secret and Performance Insights."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key and no alias, such as arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got \"${var.kms_key_arn}\"."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the key that encrypts the log groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.logs_kms_key_arn))
    error_message = "logs_kms_key_arn must be the ARN of a KMS key and no alias, such as arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e; got \"${var.logs_kms_key_arn}\"."
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
    condition     = !strcontains(var.prefix, "--")
    error_message = "prefix must not hold two hyphens in a row, which RDS refuses in identifiers; got \"${var.prefix}\"."
  }
}

variable "region" {
  description = "Region of the database. It must be the region of the provider."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as eu-west-1; got \"${var.region}\"."
  }
}

variable "security_group_ids" {
  description = "Ids of the security groups of the database and its replica."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids must name at least one group: without one RDS takes the default group of the VPC."
  }
}

variable "subnet_group_name" {
  description = "Name of the DB subnet group."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_. -]{0,254}$", var.subnet_group_name))
    error_message = "subnet_group_name must hold 1 to 255 lower-case letters, digits, spaces and _ . - and start with a letter or digit; got \"${var.subnet_group_name}\"."
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

variable "backup" {
  description = "Days that automated backups are kept (1 to 35), daily backup window and weekly maintenance window (UTC), protection against deletion, whether deletion leaves a final snapshot, and whether it takes the automated backups along."
  type = object({
    delete_automated_backups = optional(bool, true)
    deletion_protection      = optional(bool, true)
    final_snapshot           = optional(bool, true)
    maintenance_window       = optional(string, "sun:03:30-sun:04:30")
    retention_in_days        = optional(number, 7)
    window                   = optional(string, "02:00-03:00")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(1, 36), var.backup.retention_in_days)
    error_message = "backup.retention_in_days must be 1 to 35 whole days; got ${var.backup.retention_in_days}."
  }

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup.window))
    error_message = "backup.window must be hh:mm-hh:mm in UTC, such as 02:00-03:00; got \"${var.backup.window}\"."
  }

  validation {
    condition     = can(regex("^(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]-(mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup.maintenance_window))
    error_message = "backup.maintenance_window must be ddd:hh:mm-ddd:hh:mm in UTC, such as sun:03:30-sun:04:30; got \"${var.backup.maintenance_window}\"."
  }
}

variable "ca_cert_identifier" {
  description = "Certificate authority of the server certificate, or null for the account's default. RDS sets it after the instance exists, and the provider then waits 80 seconds more."
  type        = string
  default     = "rds-ca-rsa2048-g1"

  validation {
    condition     = var.ca_cert_identifier == null ? true : contains(["rds-ca-ecc384-g1", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1"], var.ca_cert_identifier)
    error_message = "ca_cert_identifier must be rds-ca-ecc384-g1, rds-ca-rsa2048-g1, rds-ca-rsa4096-g1 or null; got \"${coalesce(var.ca_cert_identifier, "null")}\"."
  }
}

variable "database_name" {
  description = "Name of the database that is created in an empty instance. Not used with restore; a later change is ignored."
  type        = string
  default     = "application"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,63}$", var.database_name))
    error_message = "database_name must be 1 to 64 letters, digits and underscores, starting with a letter; got \"${var.database_name}\"."
  }
}

variable "event_topic" {
  description = "Topic that is told of events of the database, or null for none. Its policy must let events.rds.amazonaws.com publish."
  type        = object({ arn = string })
  default     = null
}

variable "log_retention_in_days" {
  description = "Days the log groups keep their events."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_in_days)
    error_message = "log_retention_in_days must be a retention CloudWatch Logs accepts: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; got ${var.log_retention_in_days}."
  }
}

variable "master_password" {
  description = "Master password for a database with a read replica, and null for any other. It is sent to RDS and kept neither in plan nor in state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = (var.master_password == null) == (var.read_replica == null)
    error_message = "master_password must be given with read_replica and only then: without a replica RDS makes, stores and rotates the password itself."
  }
}

variable "monitoring" {
  description = "Seconds between samples of Enhanced Monitoring (1, 5, 10, 15, 30 or 60) and days Performance Insights keeps its data (7, 731 or a multiple of 31 up to 713). Classes without Performance Insights go without."
  type = object({
    interval_in_seconds                    = optional(number, 60)
    performance_insights_retention_in_days = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 5, 10, 15, 30, 60], var.monitoring.interval_in_seconds)
    error_message = "monitoring.interval_in_seconds must be 1, 5, 10, 15, 30 or 60; got ${var.monitoring.interval_in_seconds}."
  }

  validation {
    condition     = contains(concat([7, 731], [for months in range(1, 24) : months * 31]), var.monitoring.performance_insights_retention_in_days)
    error_message = "monitoring.performance_insights_retention_in_days must be 7, 731 or a multiple of 31 from 31 to 713; got ${var.monitoring.performance_insights_retention_in_days}."
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
  description = "ARN of the policy that bounds the monitoring role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as arn:aws:iam::123456789012:policy/boundary, or null; got \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "port" {
  description = "TCP port the database and its replica listen on."
  type        = number
  default     = 3306
  nullable    = false

  validation {
    condition     = var.port >= 1150 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "port must be a whole number from 1150 to 65535; got ${var.port}."
  }
}

variable "read_replica" {
  description = "Read replica in the same region, or null for none: its class (null: that of the database), a standby, and the secret that holds the master password, with the number of its version. RDS makes no replica of a MySQL instance whose password it manages itself."
  type = object({
    master_secret  = object({ arn = string, version = number })
    instance_class = optional(string)
    multi_az       = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(var.read_replica.instance_class, null) == null ? true : can(regex("^db\\.[a-z][a-z0-9-]*\\.(micro|small|medium|x?large|[0-9]+xlarge)$", var.read_replica.instance_class))
    error_message = "read_replica.instance_class must be a class of RDS, such as db.m5.large, or null; got \"${try(coalesce(var.read_replica.instance_class), "null")}\"."
  }

  validation {
    condition     = try(var.read_replica.master_secret.version >= 1 && floor(var.read_replica.master_secret.version) == var.read_replica.master_secret.version, true)
    error_message = "read_replica.master_secret.version must be a whole number from 1, which goes up when the password changes; got ${try(var.read_replica.master_secret.version, "null")}."
  }
}

variable "restore" {
  description = "Identifier or ARN of the DB instance snapshot the database is created from, or null to create it empty. It counts when the database is created; a later change is ignored."
  type        = object({ snapshot_identifier = string })
  default     = null

  validation {
    condition     = var.restore == null ? true : !strcontains(var.restore.snapshot_identifier, ":cluster-snapshot:") && !startswith(var.restore.snapshot_identifier, "rds:cluster-")
    error_message = "restore.snapshot_identifier must be a snapshot of a DB instance: a cluster snapshot holds the shared volume of an Aurora or Multi-AZ DB cluster and can only be restored to a cluster; got \"${try(var.restore.snapshot_identifier, "")}\"."
  }

  validation {
    condition     = var.restore == null ? true : can(regex("^(arn:[a-z-]+:rds:[a-z0-9-]+:[0-9]{12}:(cluster-)?snapshot:)?((rds|awsbackup):)?[A-Za-z][A-Za-z0-9-]{0,254}$", var.restore.snapshot_identifier))
    error_message = "restore.snapshot_identifier must be the identifier or ARN of a snapshot, such as payments-prod-final, rds:payments-prod-database-2025-01-31-02-10 or arn:aws:rds:eu-west-1:123456789012:snapshot:payments-prod-final; got \"${try(var.restore.snapshot_identifier, "")}\"."
  }

  validation {
    condition     = try(split(":", var.restore.snapshot_identifier)[3] == var.region, true)
    error_message = "restore.snapshot_identifier must be a snapshot of region ${var.region}, because snapshots are restored in their own region (copy it first); got \"${try(var.restore.snapshot_identifier, "")}\"."
  }
}

variable "username" {
  description = "Name of the master user of an empty instance. Not used with restore; a later change is ignored."
  type        = string
  default     = "dbmaster"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][A-Za-z0-9_]{0,15}$", var.username)) && !contains(["admin", "administrator", "master", "mysql", "rdsadmin", "root"], var.username)
    error_message = "username must be 1 to 16 letters, digits and underscores, starting with a lower-case letter, and none of admin, administrator, master, mysql, rdsadmin and root, which are guessed first or reserved; got \"${var.username}\"."
  }
}
