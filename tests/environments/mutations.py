# ruff: noqa: E501 - texts of the modules are as long as they are
"""Faults that are put into the modules, one text at a time, and what has to name each.

All of a group are planned together; they are far enough apart that each is named for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ALB = "modules/alb-bluegreen/main.tf"
INSTANCES = "modules/alb-bluegreen/instances.tf"
FLEETS = "modules/alb-bluegreen/autoscaling.tf"
DATABASE = "modules/rds/main.tf"
REPLICA = "modules/s3-replication/replica.tf"
RULES = "modules/security/rules.tf"
IAM = "modules/security/iam.tf"
WAF = "modules/security/waf.tf"
ACLS = "modules/vpc/network-acls.tf"
ROUTES = "modules/vpc/routes.tf"


@dataclass(frozen=True)
class Mutation:
    """One fault.

    Attributes:
        name: What it is.
        file: Where, from the root of the repository.
        old: The text that is replaced; it is there exactly once.
        new: What takes its place.
        named: A pattern of the line by which ``tap plan`` names it.
    """

    name: str
    file: str
    old: str
    new: str
    named: str

    def apply(self, root: Path) -> None:
        """Put the fault into a copy of the repository."""
        path = root / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.name}: {self.old!r} is not there exactly once"
        path.write_text(text.replace(self.old, self.new))


APART = (
    Mutation(
        "instances of the application get public addresses from their subnet",
        "modules/vpc/subnets.tf",
        "for_each = local.subnet_cidr_blocks.private\n\n  vpc_id                  = aws_vpc.this.id\n"
        "  availability_zone       = each.key\n  cidr_block              = each.value\n"
        "  map_public_ip_on_launch = false",
        "for_each = local.subnet_cidr_blocks.private\n\n  vpc_id                  = aws_vpc.this.id\n"
        "  availability_zone       = each.key\n  cidr_block              = each.value\n"
        "  map_public_ip_on_launch = true",
        r"VPC-03 .*aws_subnet\.private\[",
    ),
    Mutation(
        "invalid headers are passed on",
        ALB,
        "drop_invalid_header_fields = true",
        "drop_invalid_header_fields = false",
        r"LB-03 .*aws_lb\.this",
    ),
    Mutation(
        "requests can be smuggled",
        ALB,
        'desync_mitigation_mode     = "defensive"',
        'desync_mitigation_mode     = "monitor"',
        r"LB-04 .*aws_lb\.this",
    ),
    Mutation(
        "TLS 1.0 is taken",
        ALB,
        '"ELBSecurityPolicy-TLS13-1-2-2021-06"',
        '"ELBSecurityPolicy-2016-08"',
        r"LB-02 .*aws_lb_listener\.https",
    ),
    Mutation(
        "the access log is off",
        ALB,
        "bucket\n    enabled = true",
        "bucket\n    enabled = false",
        r"LB-05 .*aws_lb\.this",
    ),
    Mutation(
        "the load balancer can be deleted",
        ALB,
        "enable_deletion_protection = var.deletion_protection",
        "enable_deletion_protection = var.deletion_protection && false",
        r"LB-06 .*aws_lb\.this",
    ),
    Mutation(
        "the web ACL is associated with nothing",
        ALB,
        'resource "aws_wafv2_web_acl_association" "this" {\n'
        "  resource_arn = aws_lb.this.arn\n  web_acl_arn  = var.web_acl_arn\n}\n",
        "",
        r"LB-08 .*aws_lb\.this",
    ),
    Mutation(
        "port 80 leads to port 80",
        ALB,
        'protocol    = "HTTPS"',
        'protocol    = "HTTP"',
        r"LB-01 .*aws_lb_listener\.http",
    ),
    Mutation(
        "a roll-back waits for five minutes",
        ALB,
        "deregistration_delay = 30",
        "deregistration_delay = 300",
        r"LB-10 .*aws_lb_target_group\.this\[",
    ),
    Mutation(
        "green is asked for another path",
        ALB,
        "path                = var.application.health_path",
        'path                = each.key == "green" ? "/" : var.application.health_path',
        r'BG-02 .*aws_lb_target_group\.this\["green"\]',
    ),
    Mutation(
        "the role of an instance can be had without a token",
        INSTANCES,
        'http_tokens                 = "required"',
        'http_tokens                 = "optional"',
        r"EC2-01 .*aws_launch_template\.this\[",
    ),
    Mutation(
        "tokens travel further than the instance",
        INSTANCES,
        "http_put_response_hop_limit = 1",
        "http_put_response_hop_limit = 2",
        r"EC2-02 .*aws_launch_template\.this\[",
    ),
    Mutation(
        "volumes are not encrypted",
        INSTANCES,
        "encrypted             = true",
        "encrypted             = false",
        r"EC2-04 .*aws_launch_template\.this\[",
    ),
    Mutation(
        "an instance that does not answer is kept",
        FLEETS,
        'health_check_type         = "ELB"',
        'health_check_type         = "EC2"',
        r"ASG-03 .*aws_autoscaling_group\.this\[",
    ),
    Mutation(
        "green stands in one zone",
        FLEETS,
        "vpc_zone_identifier     = values(var.private_subnet_ids)",
        'vpc_zone_identifier     = each.key == "green" ? '
        "slice(values(var.private_subnet_ids), 0, 1) : values(var.private_subnet_ids)",
        r'(BG-03|ASG-02) .*aws_autoscaling_group\.this\["green"\]',
    ),
    Mutation(
        "the database takes passwords only",
        DATABASE,
        "iam_database_authentication_enabled = true",
        "iam_database_authentication_enabled = false",
        r"RDS-05 .*aws_db_instance\.this",
    ),
    Mutation(
        "the database can be reached from the internet",
        DATABASE,
        "publicly_accessible                 = false",
        "publicly_accessible                 = true",
        r"RDS-01 .*aws_db_instance\.this",
    ),
    Mutation(
        "the database gets no minor upgrades",
        DATABASE,
        "auto_minor_version_upgrade = true",
        "auto_minor_version_upgrade = false",
        r"RDS-07 .*aws_db_instance\.this",
    ),
    Mutation(
        "snapshots have no tags",
        DATABASE,
        "copy_tags_to_snapshot     = true",
        "copy_tags_to_snapshot     = false",
        r"RDS-09 .*aws_db_instance\.this",
    ),
    Mutation(
        "the database stands in one zone",
        DATABASE,
        "multi_az       = var.instance.multi_az",
        "multi_az       = var.instance.multi_az && false",
        r"RDS-03 .*aws_db_instance\.this",
    ),
    Mutation(
        "the replica can be made public",
        REPLICA,
        "restrict_public_buckets = true",
        "restrict_public_buckets = false",
        r"S3-01 .*aws_s3_bucket_public_access_block\.replica\[",
    ),
    Mutation(
        "the replica takes requests without TLS",
        REPLICA,
        "Statement = [local.tls_only.replica]",
        "Statement = []",
        r"S3-09 .*aws_s3_bucket_policy\.replica\[",
    ),
    Mutation(
        "the replica keeps no versions",
        REPLICA,
        'status = "Enabled"\n  }\n}',
        'status = "Suspended"\n  }\n}',
        r"S3-03 .*aws_s3_bucket_versioning\.replica\[",
    ),
    Mutation(
        "flow logs are kept for ever",
        "modules/vpc/flow-logs.tf",
        "retention_in_days = var.flow_logs.retention_in_days\n",
        "",
        r"OBS-01 .*aws_cloudwatch_log_group\.flow_logs",
    ),
    Mutation(
        "flow logs may be written anywhere",
        "modules/vpc/flow-logs.tf",
        'Resource = [local.flow_log_group_arn, "${local.flow_log_group_arn}:*"]',
        'Resource = "*"',
        r"IAM-03 .*aws_iam_role_policy\.flow_logs",
    ),
    Mutation(
        "Log4j attacks pass",
        WAF,
        "AWSManagedRulesKnownBadInputsRuleSet = {",
        "AWSManagedRulesLinuxRuleSet = {",
        r"WAF-01 .*aws_wafv2_web_acl\.this",
    ),
    Mutation(
        "rules of the web ACL only count",
        WAF,
        "override_action {\n        none {}",
        "override_action {\n        count {}",
        r"WAF-02 .*aws_wafv2_web_acl\.this",
    ),
    Mutation(
        "AWS refuses the log of the web ACL",
        WAF,
        '"aws-waf-logs-${var.prefix}"',
        '"web-acl-${var.prefix}"',
        r"WAF-05 .*aws_cloudwatch_log_group\.waf",
    ),
    Mutation(
        "the name of an environment is fixed",
        ALB,
        'name               = "${var.prefix}-alb"',
        'name               = "payments-prod-alb"',
        r"TF-11 .*aws_lb\.this",
    ),
    Mutation(
        "a metric may be written into every namespace",
        IAM,
        'Action    = ["cloudwatch:PutMetricData"]',
        'Action    = ["cloudwatch:*"]',
        r'IAM-02 .*aws_iam_role_policy\.application\["metrics"\]',
    ),
)
"""One group: each is named by a rule, with its address."""

FIRST = (
    Mutation(
        "answers of the database are blocked",
        ACLS,
        '"database/egress/answers"               = { number = 100, ports = local.ephemeral,',
        '"database/egress/answers"               = { number = 100, ports = [443, 443],',
        r"refuted: allow app -> db:3306",
    ),
    Mutation(
        "the application may leave to the world",
        RULES,
        'application_to_s3 = {\n        group       = "application"\n        prefix_list = "s3"',
        'application_to_s3 = {\n        group       = "application"\n        cidr_block  = "0.0.0.0/0"',
        r"unexpected: app -> internet: ",
    ),
    Mutation(
        "the application is reached on another port",
        RULES,
        'peer        = "load_balancer"\n        port        = var.ports.application',
        'peer        = "load_balancer"\n        port        = var.ports.application + 1',
        r"refuted: allow alb -> app:8080",
    ),
    Mutation(
        "every secret may be read",
        IAM,
        "Resource = secret.arn",
        'Resource = "*"',
        r"refuted: deny app can secretsmanager:GetSecretValue on other secrets",
    ),
    Mutation(
        "instances cannot take their role",
        IAM,
        'Sid       = "AssumeByInstances"\n      Effect    = "Allow"\n'
        '      Action    = "sts:AssumeRole"\n      Principal = { Service = "ec2.amazonaws.com" }',
        'Sid       = "AssumeByInstances"\n      Effect    = "Allow"\n'
        '      Action    = "sts:AssumeRole"\n      Principal = { Service = "lambda.amazonaws.com" }',
        r"refuted: allow ec2\.amazonaws\.com can sts:AssumeRole on app role",
    ),
)
SECOND = (
    Mutation(
        "answers to clients are blocked",
        ACLS,
        '"public/egress/answers"                 = { number = 300, ports = local.ephemeral,',
        '"public/egress/answers"                 = { number = 300, ports = [8443, 8443],',
        r"refuted: allow internet -> alb:80,443",
    ),
    Mutation(
        "private subnets have no way out",
        ROUTES,
        'resource "aws_route" "nat" {\n  for_each = local.nat_zones',
        'resource "aws_route" "nat" {\n  for_each = { for zone, nat in local.nat_zones : zone => nat '
        "if zone != var.availability_zones[0] }",
        r"refuted: allow private -> internet:443",
    ),
    Mutation(
        "the database is open to the whole VPC's neighbours",
        RULES,
        'database_from_application = {\n        group       = "database"\n'
        '        peer        = "application"',
        'database_from_application = {\n        group       = "database"\n'
        '        cidr_block  = "0.0.0.0/0"',
        r"SG-(09|10) .*database_from_application",
    ),
    Mutation(
        "objects of every prefix may be read",
        IAM,
        'Resource = "${bucket.arn}/${bucket.prefix}*"',
        'Resource = "${bucket.arn}/*"',
        r"refuted: deny app can anything else",
    ),
    Mutation(
        "the application reaches the database on another port only",
        RULES,
        'peer        = "database"\n        port        = var.ports.database\n'
        '        description = "Queries to the database"',
        'peer        = "database"\n        port        = var.ports.database + 1\n'
        '        description = "Queries to the database"',
        r"NET-04 |refuted: allow app -> db:3306",
    ),
)
"""Two groups: each is named by an intent, or by what nobody expects."""

SURVIVORS = (
    Mutation(
        "the database tier has a way out",
        ROUTES,
        "route_table_id = aws_route_table.database[each.key].id",
        "route_table_id = aws_route_table.private[each.key].id",
        # Its network ACL stops it as before, so that nothing more is reached.
        r"unexpected: database -> |refuted: deny database -> internet",
    ),
)
"""Put in with the first group; neither a rule nor an intent names them, for the reason given."""

GROUPS = {"apart": APART, "first": FIRST, "second": SECOND}
