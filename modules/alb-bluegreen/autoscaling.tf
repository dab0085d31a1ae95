locals {
  # Without capacity the upper bound is 0 as well: lowering it ends the instances at once, and no
  # scaling policy brings them back.
  capacity = {
    for color, size in var.colors : color => {
      desired = local.has_capacity[color] ? size.desired : 0
      max     = local.has_capacity[color] ? size.max : 0
      min     = local.has_capacity[color] ? size.min : 0
    }
  }
}

resource "aws_autoscaling_group" "this" {
  for_each = local.capacity

  name                    = "${var.prefix}-${each.key}"
  min_size                = each.value.min
  max_size                = each.value.max
  desired_capacity        = each.value.desired
  service_linked_role_arn = var.autoscaling_role_arn
  target_group_arns       = [aws_lb_target_group.this[each.key].arn]
  vpc_zone_identifier     = values(var.private_subnet_ids)

  default_instance_warmup   = var.scaling.warmup_in_seconds
  health_check_grace_period = var.scaling.grace_period_in_seconds
  health_check_type         = "ELB"
  termination_policies      = ["OldestLaunchTemplate", "Default"]

  # A group whose instances boot slowly would be tainted after the wait and replaced by the next
  # apply. Whether a color is healthy is asked before it gets traffic.
  wait_for_capacity_timeout = "0"

  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
  ]

  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = aws_launch_template.this[each.key].latest_version
  }

  # New instances are added before old ones go. A rollback needs a numbered version, which
  # latest_version is and $Latest is not.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      auto_rollback          = true
      max_healthy_percentage = 150
      min_healthy_percentage = 100
      skip_matching          = true
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${var.prefix}-${each.key}", Color = each.key })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # The scaling policies move it all day; an apply that put it back would take capacity from traffic.
  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_autoscaling_policy" "cpu" {
  for_each = var.colors

  name                   = "${var.prefix}-${each.key}-cpu"
  autoscaling_group_name = aws_autoscaling_group.this[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.scaling.cpu_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "requests" {
  for_each = var.colors

  name                   = "${var.prefix}-${each.key}-requests"
  autoscaling_group_name = aws_autoscaling_group.this[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.scaling.requests_per_target

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${aws_lb.this.arn_suffix}/${aws_lb_target_group.this[each.key].arn_suffix}"
    }
  }

  # Auto Scaling refuses a target group that no rule has joined to the load balancer yet.
  depends_on = [aws_lb_listener_rule.traffic]
}
