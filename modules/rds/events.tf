locals {
  # The kinds of source and event that Security Hub asks for (RDS.20, RDS.21, RDS.22), and what an
  # operator of the instance wants to hear besides. DB security groups exist outside VPCs only; the
  # subscription costs nothing and tells if one ever appears.
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
  event_subscriptions = {
    instances = {
      source_type = "db-instance"
      source_ids  = concat([aws_db_instance.this.identifier], aws_db_instance.replica[*].identifier)
      categories = [
        "availability",
        "configuration change",
        "deletion",
        "failover",
        "failure",
        "low storage",
        "maintenance",
        "notification",
        "read replica",
        "recovery",
        "restoration",
      ]
    }
    parameter-groups = {
      source_type = "db-parameter-group"
      source_ids  = [aws_db_parameter_group.this.name]
      categories  = ["configuration change"]
    }
    security-groups = {
      source_type = "db-security-group"
      source_ids  = null
      categories  = ["configuration change", "failure"]
    }
  }
}

resource "aws_db_event_subscription" "this" {
  for_each = {
    for name, subscription in local.event_subscriptions : name => subscription if var.event_topic != null
  }

  name             = "${var.prefix}-database-${each.key}"
  sns_topic        = var.event_topic.arn
  source_type      = each.value.source_type
  source_ids       = each.value.source_ids
  event_categories = each.value.categories

  tags = merge(var.tags, { Name = "${var.prefix}-database-${each.key}" })
}
