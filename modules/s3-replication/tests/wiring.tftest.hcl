# Each bucket has an ARN of its own, so that an assertion tells one from the other.
mock_provider "aws" {
  override_resource {
    target = aws_s3_bucket.application
    values = { arn = "arn:aws:s3:::application", id = "application" }
  }

  override_resource {
    target = aws_s3_bucket.logs
    values = { arn = "arn:aws:s3:::logs", id = "logs" }
  }

  override_resource {
    target = aws_iam_role.replication
    values = { arn = "arn:aws:iam::123456789012:role/replication" }
  }
}

mock_provider "aws" {
  alias = "replica"

  override_resource {
    target = aws_s3_bucket.replica
    values = { arn = "arn:aws:s3:::replica", id = "replica" }
  }

  override_resource {
    target = aws_s3_bucket.replica_logs
    values = { arn = "arn:aws:s3:::replica-logs", id = "replica-logs" }
  }
}

variables {
  account_id  = "123456789012"
  kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/data"
  prefix      = "payments-prod"
  region      = "eu-west-1"
  replica     = { kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/replica", region = "eu-central-1" }
  tags = {
    CostCenter  = "4711"
    Environment = "prod"
    ManagedBy   = "terraform"
    Owner       = "payments"
    Project     = "payments"
  }
}

run "the_application_bucket_replicates_to_the_replica" {
  assert {
    condition     = aws_s3_bucket_replication_configuration.application[0].bucket == "application"
    error_message = "The replication configuration must be that of the application's bucket."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.application[0].rule[0].destination[0].bucket == "arn:aws:s3:::replica"
    error_message = "The rule must replicate to the replica bucket."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.application[0].role == "arn:aws:iam::123456789012:role/replication"
    error_message = "S3 must replicate with the role of this module."
  }
}

run "each_bucket_has_its_own_settings" {
  assert {
    condition = [
      for settings in [
        aws_s3_bucket_lifecycle_configuration.application,
        aws_s3_bucket_logging.application,
        aws_s3_bucket_ownership_controls.application,
        aws_s3_bucket_policy.application,
        aws_s3_bucket_public_access_block.application,
        aws_s3_bucket_server_side_encryption_configuration.application,
        aws_s3_bucket_versioning.application,
      ] : settings.bucket if settings.bucket != "application"
    ] == []
    error_message = "A setting of the application's bucket is on another bucket."
  }

  assert {
    condition = [
      for settings in [
        aws_s3_bucket_lifecycle_configuration.logs,
        aws_s3_bucket_ownership_controls.logs,
        aws_s3_bucket_policy.logs,
        aws_s3_bucket_public_access_block.logs,
        aws_s3_bucket_server_side_encryption_configuration.logs,
        aws_s3_bucket_versioning.logs,
      ] : settings.bucket if settings.bucket != "logs"
    ] == []
    error_message = "A setting of the log bucket is on another bucket."
  }

  assert {
    condition = [
      for settings in [
        aws_s3_bucket_lifecycle_configuration.replica[0],
        aws_s3_bucket_logging.replica[0],
        aws_s3_bucket_ownership_controls.replica[0],
        aws_s3_bucket_policy.replica[0],
        aws_s3_bucket_public_access_block.replica[0],
        aws_s3_bucket_server_side_encryption_configuration.replica[0],
        aws_s3_bucket_versioning.replica[0],
      ] : settings.bucket if settings.bucket != "replica"
    ] == []
    error_message = "A setting of the replica bucket is on another bucket."
  }

  assert {
    condition = [
      for settings in [
        aws_s3_bucket_lifecycle_configuration.replica_logs[0],
        aws_s3_bucket_ownership_controls.replica_logs[0],
        aws_s3_bucket_policy.replica_logs[0],
        aws_s3_bucket_public_access_block.replica_logs[0],
        aws_s3_bucket_server_side_encryption_configuration.replica_logs[0],
        aws_s3_bucket_versioning.replica_logs[0],
      ] : settings.bucket if settings.bucket != "replica-logs"
    ] == []
    error_message = "A setting of the replica's log bucket is on another bucket."
  }
}

run "access_logs_stay_in_their_region" {
  assert {
    condition     = aws_s3_bucket_logging.application.target_bucket == "logs" && aws_s3_bucket_logging.replica[0].target_bucket == "replica-logs"
    error_message = "Each bucket must log to the log bucket of its own region."
  }
}

run "outputs_name_what_was_made" {
  assert {
    condition     = output.bucket_arn == "arn:aws:s3:::application" && output.bucket_name == "application" && output.bucket_regional_domain_name == aws_s3_bucket.application.bucket_regional_domain_name && output.log_bucket_name == "logs"
    error_message = "The application's bucket and its log bucket are mixed up in the outputs."
  }

  assert {
    condition     = output.replica_bucket_arn == "arn:aws:s3:::replica" && output.replica_bucket_name == "replica" && output.replica_log_bucket_name == "replica-logs"
    error_message = "The replica and its log bucket are mixed up in the outputs."
  }

  assert {
    condition     = output.replication_role_arn == "arn:aws:iam::123456789012:role/replication" && aws_iam_role.replication[0].name == "payments-prod-replication" && output.replication_rule_id == aws_s3_bucket_replication_configuration.application[0].rule[0].id
    error_message = "The role or the rule of the replication is mixed up in the outputs."
  }
}

run "without_a_replica_nothing_of_it_is_made" {
  command = plan

  variables {
    replica = null
  }

  assert {
    condition     = output.replica_bucket_arn == null && output.replica_bucket_name == null && output.replica_log_bucket_name == null && output.replication_role_arn == null && output.replication_rule_id == null
    error_message = "An output names a replica that is not made."
  }
}
