data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_ssm_parameter" "ami" {
  count = var.compute.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  prefix     = join("-", compact([var.project, var.environment, var.name_suffix]))

  # The edge, the application and the database agree on these end to end.
  ports = { application = 8080, database = 3306 }

  # Of all objects in the bucket the instances reach those below this prefix.
  bucket_prefix = "application/"

  # The user that instances log in as with IAM authentication; no password exists for it.
  database_user = "application"

  # A copy of the environment has a zone of its own below the zone of the first.
  zone_name   = join(".", compact([var.name_suffix, var.domain.zone_name]))
  domain_name = "${var.domain.record_name}.${local.zone_name}"

  tags = {
    CostCenter  = var.cost_center
    Environment = var.environment
    ManagedBy   = "terraform"
    Owner       = var.owner
    Project     = var.project
  }
}
