# Both names carry the version: a major upgrade needs the new groups while the old ones are in use.
resource "aws_db_parameter_group" "this" {
  name        = "${var.prefix}-mysql80"
  description = "MySQL 8.0 of ${var.prefix}: TLS enforced, slow queries logged"
  family      = "mysql8.0"

  parameter {
    name  = "require_secure_transport"
    value = "1"
  }

  # RDS exports log files and not log tables.
  parameter {
    name  = "log_output"
    value = "FILE"
  }

  parameter {
    name  = "slow_query_log"
    value = "1"
  }

  parameter {
    name  = "long_query_time"
    value = "1"
  }

  tags = merge(var.tags, { Name = "${var.prefix}-mysql80" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_option_group" "this" {
  name                     = "${var.prefix}-mysql80"
  option_group_description = "MySQL 8.0 of ${var.prefix}: audit log"
  engine_name              = "mysql"
  major_engine_version     = "8.0"

  # A snapshot keeps its option group, and AWS deletes no group that a snapshot has. So it stays
  # where the final snapshot stays.
  skip_destroy = var.backup.final_snapshot

  # Who connects, and who changes structure or rights. Statements on rows are left out: they would
  # carry card data into the log.
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Options.AuditPlugin.html
  option {
    option_name = "MARIADB_AUDIT_PLUGIN"

    option_settings {
      name  = "SERVER_AUDIT_EVENTS"
      value = "CONNECT,QUERY_DDL,QUERY_DCL"
    }

    option_settings {
      name  = "SERVER_AUDIT_EXCL_USERS"
      value = "rdsadmin"
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-mysql80" })

  lifecycle {
    create_before_destroy = true
  }
}
