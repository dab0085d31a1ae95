variable "account_id" {
  description = "Id of the AWS account, 12 digits. Policies and the name of the access log bucket are built from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits; got \"${var.account_id}\"."
  }
}

variable "ami_id" {
  description = "Id of the machine image, an Amazon Linux 2023 for the architecture of the instance types: user data relies on its python3, its AWS CLI and its package repositories in S3."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^ami-[0-9a-f]+$", var.ami_id))
    error_message = "ami_id must be the id of a machine image, such as ami-0a1b2c3d4e5f60718; got \"${var.ami_id}\"."
  }
}

variable "application" {
  description = "What the instances run: the port and health path it answers on, the namespace of its metrics, environment variables that are no secrets, and the artifact (a gzipped tar in a bucket the instance role may read, its SHA-256, and the path of the program in it). Without an artifact a built-in responder answers the health path."
  type = object({
    metric_namespace = string
    artifact = optional(object({
      bucket = string
      key    = string
      sha256 = string
      start  = optional(string, "bin/start")
    }))
    environment = optional(map(string), {})
    health_path = optional(string, "/health")
    port        = optional(number, 8080)
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.#/-]{1,255}$", var.application.metric_namespace)) && !startswith(var.application.metric_namespace, "AWS/")
    error_message = "application.metric_namespace must hold 1 to 255 letters, digits and _ . # / - and must not start with \"AWS/\", which belongs to AWS; got \"${var.application.metric_namespace}\"."
  }

  validation {
    condition     = var.application.port >= 1024 && var.application.port <= 65535 && floor(var.application.port) == var.application.port
    error_message = "application.port must be a whole number from 1024 to 65535, because the application does not run as root; got ${var.application.port}."
  }

  validation {
    condition     = can(regex("^/[A-Za-z0-9/_.-]{0,255}$", var.application.health_path))
    error_message = "application.health_path must start with \"/\" and hold at most 255 further letters, digits and / _ . -, such as \"/health\"; got \"${var.application.health_path}\"."
  }

  validation {
    condition     = alltrue([for name in keys(var.application.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name)) && !contains(["AWS_REGION", "COLOR", "HEALTH_PATH", "METRIC_NAMESPACE", "PORT"], name)])
    error_message = "application.environment names must be capitals, digits and underscores, starting with a letter, and not AWS_REGION, COLOR, HEALTH_PATH, METRIC_NAMESPACE or PORT, which the module sets; got: ${join(", ", [for name in keys(var.application.environment) : name if !can(regex("^[A-Z][A-Z0-9_]*$", name)) || contains(["AWS_REGION", "COLOR", "HEALTH_PATH", "METRIC_NAMESPACE", "PORT"], name)])}."
  }

  validation {
    condition     = alltrue([for name in keys(var.application.environment) : !can(regex("(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS|PRIVATE_KEY|API_KEY|ACCESS_KEY)$", name))])
    error_message = "application.environment must hold no secret, because everybody who may describe the launch template can read user data; pass the ARN of the secret (such as DATABASE_SECRET_ARN) and read it at run time; got: ${join(", ", [for name in keys(var.application.environment) : name if can(regex("(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS|PRIVATE_KEY|API_KEY|ACCESS_KEY)$", name))])}."
  }

  validation {
    condition     = alltrue([for value in values(var.application.environment) : !can(regex("[\"\\\\\\n\\r]", value))])
    error_message = "application.environment values must hold no double quote, backslash or line break; got such values of: ${join(", ", [for name, value in var.application.environment : name if can(regex("[\"\\\\\\n\\r]", value))])}."
  }

  validation {
    condition     = var.application.artifact == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.application.artifact.bucket))
    error_message = "application.artifact.bucket must be the name of a bucket, 3 to 63 lower-case letters, digits, dots and hyphens; got \"${try(var.application.artifact.bucket, "")}\"."
  }

  validation {
    condition     = var.application.artifact == null ? true : can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\\.tar\\.gz$", var.application.artifact.key))
    error_message = "application.artifact.key must be the key of a gzipped tar of letters, digits and / _ . - that ends with \".tar.gz\", such as \"releases/1.4.2.tar.gz\"; got \"${try(var.application.artifact.key, "")}\"."
  }

  validation {
    condition     = var.application.artifact == null ? true : can(regex("^[0-9a-f]{64}$", var.application.artifact.sha256))
    error_message = "application.artifact.sha256 must be the SHA-256 of the artifact, 64 lower-case hexadecimal digits; got \"${try(var.application.artifact.sha256, "")}\"."
  }

  validation {
    condition     = var.application.artifact == null ? true : can(regex("^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$", var.application.artifact.start))
    error_message = "application.artifact.start must be the relative path of the program in the artifact, without parts that start with a dot, such as \"bin/start\"; got \"${try(var.application.artifact.start, "")}\"."
  }
}

variable "autoscaling_role_arn" {
  description = "ARN of the service-linked role of the Auto Scaling groups, the one the policy of the volume key names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/aws-service-role/autoscaling\\.amazonaws\\.com/AWSServiceRoleForAutoScaling(_.+)?$", var.autoscaling_role_arn))
    error_message = "autoscaling_role_arn must be the ARN of a service-linked role of Auto Scaling, such as arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_payments-prod; got \"${var.autoscaling_role_arn}\"."
  }
}

variable "domain" {
  description = "Names the certificate is issued for and the id of the public hosted zone that proves them. The zone must be delegated, or the certificate is never issued."
  type = object({
    name              = string
    zone_id           = string
    alternative_names = optional(set(string), [])
  })
  nullable = false

  validation {
    condition     = alltrue([for name in setunion([var.domain.name], var.domain.alternative_names) : length(name) <= 253 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", name))])
    error_message = "domain names must be lower-case host names with at least two labels and no wildcard, such as pay.example.com; got: ${join(", ", [for name in setunion([var.domain.name], var.domain.alternative_names) : name if !(length(name) <= 253 && can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", name)))])}."
  }

  validation {
    condition     = length(var.domain.name) <= 64
    error_message = "domain.name must have at most 64 characters, the limit of a certificate's common name; got ${length(var.domain.name)}: ${var.domain.name}."
  }
}

variable "instance_profile_arn" {
  description = "ARN of the instance profile of the application."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:instance-profile/.+$", var.instance_profile_arn))
    error_message = "instance_profile_arn must be the ARN of an instance profile, such as arn:aws:iam::123456789012:instance-profile/payments-prod-application; got \"${var.instance_profile_arn}\"."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the root volumes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-000000000000; got \"${var.kms_key_arn}\"."
  }
}

variable "logs_kms_key_arn" {
  description = "ARN of the key that encrypts the log groups. Its policy must admit logs.<region>.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.logs_kms_key_arn))
    error_message = "logs_kms_key_arn must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-000000000000; got \"${var.logs_kms_key_arn}\"."
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
    condition     = length(var.prefix) <= 26
    error_message = "prefix must have at most 26 characters, so that the target group <prefix>-green fits the 32 of Elastic Load Balancing; got ${length(var.prefix)}: ${var.prefix}."
  }
}

variable "private_subnet_ids" {
  description = "Ids of the subnets of the instances, by availability zone (2 to 6)."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.private_subnet_ids) >= 2 && length(var.private_subnet_ids) <= 6
    error_message = "private_subnet_ids must hold subnets of 2 to 6 availability zones; got ${length(var.private_subnet_ids)}: ${join(", ", keys(var.private_subnet_ids))}."
  }

  validation {
    condition     = length(setsubtract(keys(var.private_subnet_ids), keys(var.public_subnet_ids))) == 0
    error_message = "private_subnet_ids must lie in zones of public_subnet_ids, because a load balancer sends nothing to zones it is not in; got others: ${join(", ", setsubtract(keys(var.private_subnet_ids), keys(var.public_subnet_ids)))}."
  }
}

variable "public_subnet_ids" {
  description = "Ids of the subnets of the load balancer, by availability zone (2 to 6)."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.public_subnet_ids) >= 2 && length(var.public_subnet_ids) <= 6
    error_message = "public_subnet_ids must hold subnets of 2 to 6 availability zones; got ${length(var.public_subnet_ids)}: ${join(", ", keys(var.public_subnet_ids))}."
  }
}

variable "region" {
  description = "Region of the stack. It must be the region of the provider."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as eu-west-1; got \"${var.region}\"."
  }
}

variable "security_group_ids" {
  description = "Ids of the security groups of the load balancer and of the instances."
  type        = object({ application = string, load_balancer = string })
  nullable    = false
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
  description = "Id of the VPC of the target groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC, such as vpc-0a1b2c3d; got \"${var.vpc_id}\"."
  }
}

variable "web_acl_arn" {
  description = "ARN of the regional web ACL that guards the load balancer."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/.+$", var.web_acl_arn))
    error_message = "web_acl_arn must be the ARN of a regional WAFv2 web ACL, such as arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/payments-prod-web-acl/1b2c3d4e; got \"${var.web_acl_arn}\"."
  }
}

variable "access_log_retention_in_days" {
  description = "Days the access logs of the load balancer are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.access_log_retention_in_days >= 1 && var.access_log_retention_in_days <= 3653 && floor(var.access_log_retention_in_days) == var.access_log_retention_in_days
    error_message = "access_log_retention_in_days must be a whole number from 1 to 3653; got ${var.access_log_retention_in_days}."
  }
}

variable "colors" {
  description = "Instance type and number of instances of each color: min and max bound the scaling policies, desired is what the group starts with."
  type = object({
    blue = optional(object({
      instance_type = optional(string, "t3.micro")
      min           = optional(number, 2)
      max           = optional(number, 6)
      desired       = optional(number, 3)
    }), {})
    green = optional(object({
      instance_type = optional(string, "m5.large")
      min           = optional(number, 2)
      max           = optional(number, 6)
      desired       = optional(number, 3)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for color in values(var.colors) : can(regex("^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$", color.instance_type))])
    error_message = "colors instance_type must be the name of an EC2 instance type, such as t3.micro or m5.large; got: ${join(", ", [for name, color in var.colors : "${name}=${color.instance_type}" if !can(regex("^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$", color.instance_type))])}."
  }

  validation {
    condition     = alltrue([for color in values(var.colors) : color.min >= 1 && color.min <= color.desired && color.desired <= color.max && alltrue([for number in [color.min, color.desired, color.max] : floor(number) == number])])
    error_message = "colors must have whole numbers 1 <= min <= desired <= max (the traffic record alone takes a color's capacity away); got: ${join("; ", [for name, color in var.colors : "${name} min=${color.min}, desired=${color.desired}, max=${color.max}" if !(color.min >= 1 && color.min <= color.desired && color.desired <= color.max && alltrue([for number in [color.min, color.desired, color.max] : floor(number) == number]))])}."
  }
}

variable "deletion_protection" {
  description = "Whether the load balancer and a filled access log bucket refuse to be destroyed. Apply with false before a destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_in_days" {
  description = "Days the log groups of the application keep their events."
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

variable "root_volume" {
  description = "Size of the root volumes, and their device name in the machine image."
  type = object({
    device_name = optional(string, "/dev/xvda")
    size_in_gib = optional(number, 20)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.root_volume.size_in_gib >= 8 && var.root_volume.size_in_gib <= 16384 && floor(var.root_volume.size_in_gib) == var.root_volume.size_in_gib
    error_message = "root_volume.size_in_gib must be a whole number from 8 (the size of the Amazon Linux 2023 image) to 16384; got ${var.root_volume.size_in_gib}."
  }

  validation {
    condition     = can(regex("^/dev/[a-z0-9]+$", var.root_volume.device_name))
    error_message = "root_volume.device_name must be a device, such as /dev/xvda; got \"${var.root_volume.device_name}\"."
  }
}

variable "scaling" {
  description = "What the groups scale to: average CPU in percent and requests per instance and minute. Grace period: seconds a new instance may fail health checks; warm-up: seconds until its metrics count."
  type = object({
    cpu_percent             = optional(number, 60)
    grace_period_in_seconds = optional(number, 300)
    requests_per_target     = optional(number, 1000)
    warmup_in_seconds       = optional(number, 120)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.cpu_percent >= 10 && var.scaling.cpu_percent <= 90
    error_message = "scaling.cpu_percent must be 10 to 90; got ${var.scaling.cpu_percent}."
  }

  validation {
    condition     = var.scaling.requests_per_target >= 1
    error_message = "scaling.requests_per_target must be at least 1 request per instance and minute; got ${var.scaling.requests_per_target}."
  }

  validation {
    condition     = alltrue([for seconds in [var.scaling.grace_period_in_seconds, var.scaling.warmup_in_seconds] : seconds >= 0 && seconds <= 3600 && floor(seconds) == seconds])
    error_message = "scaling.grace_period_in_seconds and scaling.warmup_in_seconds must be whole numbers from 0 to 3600; got ${var.scaling.grace_period_in_seconds} and ${var.scaling.warmup_in_seconds}."
  }
}

variable "target_groups" {
  description = "Health checks of the targets, seconds in which a new target is given its full share (0 for at once), and how long a client stays with its instance (stickiness null: not at all)."
  type = object({
    health_check = optional(object({
      healthy_threshold   = optional(number, 2)
      interval_in_seconds = optional(number, 15)
      timeout_in_seconds  = optional(number, 5)
      unhealthy_threshold = optional(number, 3)
    }), {})
    slow_start_in_seconds = optional(number, 30)
    stickiness            = optional(object({ duration_in_seconds = optional(number, 3600) }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for threshold in [var.target_groups.health_check.healthy_threshold, var.target_groups.health_check.unhealthy_threshold] : threshold >= 2 && threshold <= 10 && floor(threshold) == threshold])
    error_message = "target_groups.health_check healthy_threshold and unhealthy_threshold must be whole numbers from 2 to 10; got ${var.target_groups.health_check.healthy_threshold} and ${var.target_groups.health_check.unhealthy_threshold}."
  }

  validation {
    condition     = var.target_groups.health_check.interval_in_seconds >= 5 && var.target_groups.health_check.interval_in_seconds <= 300 && var.target_groups.health_check.timeout_in_seconds >= 2 && var.target_groups.health_check.timeout_in_seconds < var.target_groups.health_check.interval_in_seconds
    error_message = "target_groups.health_check.interval_in_seconds must be 5 to 300 and timeout_in_seconds at least 2 and shorter than it; got ${var.target_groups.health_check.interval_in_seconds} and ${var.target_groups.health_check.timeout_in_seconds}."
  }

  validation {
    condition     = var.target_groups.slow_start_in_seconds == 0 || (var.target_groups.slow_start_in_seconds >= 30 && var.target_groups.slow_start_in_seconds <= 900)
    error_message = "target_groups.slow_start_in_seconds must be 0 or 30 to 900; got ${var.target_groups.slow_start_in_seconds}."
  }

  validation {
    condition     = var.target_groups.stickiness == null ? true : var.target_groups.stickiness.duration_in_seconds >= 1 && var.target_groups.stickiness.duration_in_seconds <= 604800
    error_message = "target_groups.stickiness.duration_in_seconds must be 1 to 604800 (seven days); got ${try(var.target_groups.stickiness.duration_in_seconds, 0)}."
  }
}

variable "traffic" {
  description = "The phase the traffic record is created with, which is never asked again once the record exists, what splits the traffic (the listener, or dns while another stack is being migrated from: all that arrives then goes to green), and the header and value by which a request reaches the idle color."
  type = object({
    phase = optional(string, "initial")
    split = optional(string, "listener")
    preview = optional(object({
      header = optional(string, "X-Preview")
      value  = optional(string, "idle")
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["canary", "complete", "half", "initial", "rolled-back"], var.traffic.phase)
    error_message = "traffic.phase must be initial, canary, half, complete or rolled-back; got \"${var.traffic.phase}\"."
  }

  validation {
    condition     = contains(["dns", "listener"], var.traffic.split)
    error_message = "traffic.split must be dns or listener; got \"${var.traffic.split}\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9-]{1,40}$", var.traffic.preview.header)) && lower(var.traffic.preview.header) != "host"
    error_message = "traffic.preview.header must be a header name of 1 to 40 letters, digits and hyphens, and not Host; got \"${var.traffic.preview.header}\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,128}$", var.traffic.preview.value))
    error_message = "traffic.preview.value must hold 1 to 128 letters, digits and _ . - (load balancers take * and ? for wildcards); got \"${var.traffic.preview.value}\"."
  }
}
