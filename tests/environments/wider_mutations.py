# ruff: noqa: E501 - texts of the modules are as long as they are
"""Further faults, planned together with those of ``mutations``: of services, keys and outsiders."""

from __future__ import annotations

from tests.environments.mutations import ACLS, DATABASE, IAM, INSTANCES, ROUTES, Mutation

KEYS = "modules/security/keys.tf"
ALARMS = "modules/monitoring/main.tf"
FUNCTION = "modules/lambda/main.tf"
BUCKETS = "modules/s3-replication/main.tf"
REPLICATION = "modules/s3-replication/replication.tf"

APART = (
    Mutation(
        "the database takes connections without TLS",
        "modules/rds/groups.tf",
        'name  = "require_secure_transport"\n    value = "1"',
        'name  = "require_secure_transport"\n    value = "0"',
        r"RDS-14 .*",
    ),
    Mutation(
        "recorded queries are encrypted with no key of the stack",
        DATABASE,
        "performance_insights_kms_key_id       = local.performance_insights.database ? var.kms_key_arn : null",
        "performance_insights_kms_key_id       = null",
        r"RDS-16 .*aws_db_instance\.this",
    ),
    Mutation(
        "Enhanced Monitoring cannot take its role",
        "modules/rds/monitoring.tf",
        'Principal = { Service = "monitoring.rds.amazonaws.com" }',
        'Principal = { Service = "rds.amazonaws.com" }',
        r"RDS-12 .*aws_db_instance\.this",
    ),
    Mutation(
        "the audit log stays in the database",
        "modules/rds/monitoring.tf",
        'toset(["audit", "error", "slowquery"])',
        'toset(["error", "slowquery"])',
        r"RDS-13 .*aws_db_instance\.this",
    ),
    Mutation(
        "backups of production are kept for a day",
        "environments/prod/main.tf",
        "backup_retention_in_days               = 35",
        "backup_retention_in_days               = 1",
        r"RDS-06 .*aws_db_instance\.this",
    ),
    Mutation(
        "keys are never rotated",
        KEYS,
        "enable_key_rotation     = true\n  rotation_period_in_days = var.keys.rotation_period_in_days\n  policy                  =",
        "enable_key_rotation     = false\n  policy                  =",
        r'KMS-01 .*aws_kms_key\.this\["data"\]',
    ),
    Mutation(
        "a flow log is of one subnet",
        "modules/vpc/flow-logs.tf",
        "vpc_id                   = aws_vpc.this.id\n  traffic_type             = var.flow_logs.traffic_type",
        "subnet_id                = values(aws_subnet.public)[0].id\n  traffic_type             = var.flow_logs.traffic_type",
        r"VPC-01 .*aws_vpc\.this",
    ),
    Mutation(
        "the default group lets everything out",
        "modules/vpc/main.tf",
        "egress  = []",
        'egress  = [{ cidr_blocks = ["0.0.0.0/0"], description = "", from_port = 0, ipv6_cidr_blocks = [], prefix_list_ids = [], protocol = "-1", security_groups = [], self = false, to_port = 0 }]',
        r"VPC-02 .*aws_default_security_group\.this",
    ),
    Mutation(
        "logs of instances are kept for ever",
        INSTANCES,
        "retention_in_days = var.log_retention_in_days\n",
        "",
        r'OBS-01 .*aws_cloudwatch_log_group\.this\["application"\]',
    ),
    Mutation(
        "alarms tell nobody",
        ALARMS,
        "treat_missing_data  = each.value.missing\n  alarm_actions       = [aws_sns_topic.alarms.arn]",
        "treat_missing_data  = each.value.missing\n  alarm_actions       = []",
        r"OBS-05 .*aws_cloudwatch_metric_alarm\.this\[",
    ),
    Mutation(
        "what alarms say is encrypted with no key of the stack",
        ALARMS,
        "  kms_master_key_id = var.kms_key_arn\n",
        "",
        r"OBS-06 .*monitoring\.aws_sns_topic\.alarms",
    ),
    Mutation(
        "the probe runs on a runtime that is no more",
        FUNCTION,
        '"python3.12"',
        '"python3.8"',
        r"FUN-01 .*aws_lambda_function\.this",
    ),
    Mutation(
        "the probe is not traced",
        FUNCTION,
        'mode = "Active"',
        'mode = "PassThrough"',
        r"FUN-05 .*aws_lambda_function\.this",
    ),
    Mutation(
        "the application's bucket is encrypted with no key of the stack",
        BUCKETS,
        'kms_master_key_id = var.kms_key_arn\n      sse_algorithm     = "aws:kms"',
        'sse_algorithm = "AES256"',
        r"S3-02 .*aws_s3_bucket",
    ),
    Mutation(
        "nothing is replicated",
        REPLICATION,
        'priority = 1\n    status   = "Enabled"',
        'priority = 1\n    status   = "Disabled"',
        r"S3-13 .*aws_s3_bucket_replication_configuration\.application",
    ),
    Mutation(
        "another account takes the application's role",
        IAM,
        'Principal = { Service = "ec2.amazonaws.com" }',
        'Principal = { AWS = "999999999999", Service = "ec2.amazonaws.com" }',
        r"refuted: deny outsiders can anything",
    ),
)
"""Each is named apart from all others."""

FIRST = (
    Mutation(
        "databases share the routes of the private tier",
        ROUTES,
        "route_table_id = aws_route_table.database[each.key].id",
        "route_table_id = aws_route_table.private[each.key].id",
        r"RDS-20 .*aws_route\.nat\[",
    ),
    Mutation(
        "anybody encrypts with the key of logs",
        KEYS,
        'Principal = { Service = "logs.${var.region}.amazonaws.com" }',
        'Principal = { AWS = "*" }',
        r"refuted: deny outsiders can anything",
    ),
    Mutation(
        "the probe reads every object",
        "modules/lambda/role.tf",
        '["xray:PutTelemetryRecords", "xray:PutTraceSegments"]',
        '["s3:GetObject", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]',
        r"refuted: deny probe can s3:\* on any bucket",
    ),
    Mutation(
        "schedules of every account call the probe",
        "modules/lambda/schedule.tf",
        '  source_account = var.account_id\n  source_arn     = "arn:${var.partition}:events:${var.region}:${var.account_id}:rule/${local.name}"\n',
        "",
        r"refuted: deny events\.amazonaws\.com can lambda:InvokeFunction on probe function",
    ),
    Mutation(
        "Enhanced Monitoring of every account takes the role",
        "modules/rds/monitoring.tf",
        'StringEquals = { "aws:SourceAccount" = var.account_id }',
        'StringLike   = { "aws:SourceAccount" = "*" }',
        r"refuted: deny monitoring\.rds\.amazonaws\.com can sts:AssumeRole",
    ),
)
SECOND = (
    Mutation(
        "the application's port is open to all tiers",
        ACLS,
        '"private/ingress/application-closed"    = { number = 400, action = "deny",',
        '"private/ingress/application-closed"    = { number = 400, action = "allow",',
        r"unexpected: database -> private: tcp/8080",
    ),
    Mutation(
        "anybody publishes alarms",
        ALARMS,
        'Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }\n      Action    = "sns:Publish"\n      Resource  = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.prefix}-alarms"\n      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }\n',
        'Principal = "*"\n      Action    = "sns:Publish"\n      Resource  = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${var.prefix}-alarms"\n',
        r"OBS-07 .*aws_sns_topic_policy\.alarms",
    ),
    Mutation(
        "replicas may be written into every bucket",
        REPLICATION,
        'Resource = "${local.arns.replica}/*"',
        'Resource = "*"',
        r"refuted: deny replication can anything else",
    ),
    Mutation(
        "the application may use its key through every service",
        IAM,
        'Condition = { StringEquals = { "kms:ViaService" = local.services_with_data } }\n',
        "",
        r"refuted: deny app can kms:Decrypt on data key with kms:ViaService=ec2",
    ),
    Mutation(
        "the database's tier is open to the VPC",
        ACLS,
        '"database/ingress/database"             = { number = 100, ports = [var.ports.database, var.ports.database], peers = local.tier_peers.private }',
        '"database/ingress/database"             = { number = 100, ports = [var.ports.database, var.ports.database], peers = local.vpc_peer }',
        r"ACL-04 .*database/ingress/database/vpc",
    ),
    Mutation(
        "the gateway endpoints are in no route table",
        "modules/vpc/endpoints.tf",
        "[for table in aws_route_table.private : table.id]",
        "[]",
        r"refuted: allow app -> s3:443",
    ),
)
"""Each is named by an intent, by what nobody expects, or by a rule that reads the network."""

GROUPS = {"apart": APART, "first": FIRST, "second": SECOND}

SURVIVORS = (
    Mutation(
        "the private tier's network ACL lets PostgreSQL out, and not MySQL",
        ACLS,
        '"private/egress/database"               = { number = 200, ports = [var.ports.database, var.ports.database]',
        '"private/egress/database"               = { number = 200, ports = [5432, 5432]',
        r"ACL-\d\d .*private/egress/database|refuted: allow \S+ -> (db|database):3306",
    ),
    Mutation(
        "who administers keys may decrypt with them",
        KEYS,
        '"kms:CreateAlias",',
        '"kms:CreateAlias",\n      "kms:Decrypt",',
        r"KMS-(?!01)\d\d .*aws_kms_key|IAM-\d\d .*aws_kms_key|refuted: .* can kms:",
    ),
)
"""Put in beside the group ``apart``; docs/concepts/mutations.md says why nothing names them."""
