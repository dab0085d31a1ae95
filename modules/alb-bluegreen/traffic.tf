locals {
  # Share of each color in percent, by phase of a migration from blue to green.
  phases = {
    initial     = { blue = 100, green = 0 }
    canary      = { blue = 90, green = 10 }
    half        = { blue = 50, green = 50 }
    complete    = { blue = 0, green = 100 }
    rolled-back = { blue = 100, green = 0 }
  }

  statuses = {
    initial     = "not started"
    canary      = "in progress"
    half        = "in progress"
    complete    = "complete"
    rolled-back = "rolled back"
  }

  # The postconditions below name what is wrong with a record. The fallbacks are not for them: they
  # let a destroy pass, which must not depend on a sound record.
  record       = try(jsondecode(aws_ssm_parameter.traffic.insecure_value), {})
  phase        = try(tostring(local.record.phase), "unknown")
  weights      = { for color in keys(var.colors) : color => try(tonumber(local.record.weights[color]), 0) }
  has_capacity = { for color in keys(var.colors) : color => try(tobool(local.record.capacity[color]), true) }

  # Where DNS records split the traffic between another stack (blue) and this one, what arrives here
  # is green's share already.
  rule_weights = var.traffic.split == "dns" ? { blue = 0, green = 100 } : local.weights

  # With equal shares green is the one under trial.
  idle_color = local.weights.blue < local.weights.green ? "blue" : "green"
}

# The live record of the shift. Terraform creates it once and from then on only reads it, so that an
# apply never moves traffic.
resource "aws_ssm_parameter" "traffic" {
  name        = "/${var.prefix}/traffic"
  description = "Traffic shift of ${var.prefix}: phase, weights and capacity"
  type        = "String"
  insecure_value = jsonencode({
    version  = 1
    phase    = var.traffic.phase
    weights  = local.phases[var.traffic.phase]
    capacity = { blue = true, green = true }
    revision = 0
    history  = []
  })

  tags = merge(var.tags, { Name = "${var.prefix}-traffic" })

  lifecycle {
    ignore_changes = [insecure_value]

    postcondition {
      condition     = try(jsondecode(self.insecure_value).version == 1, false)
      error_message = "The traffic record ${self.name} must be a JSON document with version 1; it is: ${self.insecure_value}."
    }

    postcondition {
      condition     = contains(keys(local.phases), try(tostring(jsondecode(self.insecure_value).phase), ""))
      error_message = "The phase of the traffic record ${self.name} must be initial, canary, half, complete or rolled-back; the record is: ${self.insecure_value}."
    }

    postcondition {
      condition = try(
        sort(keys(jsondecode(self.insecure_value).weights)) == tolist(["blue", "green"]) &&
        sum(values(jsondecode(self.insecure_value).weights)) == 100 &&
        alltrue([for weight in values(jsondecode(self.insecure_value).weights) : weight >= 0 && weight <= 100 && floor(weight) == weight]),
        false
      )
      error_message = "The weights of the traffic record ${self.name} must be whole numbers from 0 to 100 for blue and green that add up to 100; the record is: ${self.insecure_value}."
    }

    postcondition {
      condition = try(
        alltrue([for color in ["blue", "green"] : jsondecode(self.insecure_value).capacity[color] == true || jsondecode(self.insecure_value).capacity[color] == false]) &&
        alltrue([for color in ["blue", "green"] : jsondecode(self.insecure_value).capacity[color] || jsondecode(self.insecure_value).weights[color] == 0]),
        false
      )
      error_message = "The capacity of the traffic record ${self.name} must be true or false for blue and green, and true for a color that has weight; the record is: ${self.insecure_value}."
    }
  }
}

resource "aws_lb_listener_rule" "preview" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[local.idle_color].arn
  }

  condition {
    http_header {
      http_header_name = var.traffic.preview.header
      values           = [var.traffic.preview.value]
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-preview" })
}

# A rule of its own, so that no other edit of the listener rewrites the weights.
resource "aws_lb_listener_rule" "traffic" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 100

  action {
    type = "forward"

    forward {
      dynamic "target_group" {
        for_each = local.rule_weights

        content {
          arn    = aws_lb_target_group.this[target_group.key].arn
          weight = target_group.value
        }
      }

      # AWS refuses sticky target groups behind a rule that is not sticky itself. One second is the
      # least it accepts: clients stay with an instance, but not with a color that lost its weight.
      dynamic "stickiness" {
        for_each = var.target_groups.stickiness == null ? [] : [1]

        content {
          enabled  = true
          duration = stickiness.value
        }
      }
    }
  }

  condition {
    path_pattern {
      values = ["/*"]
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-traffic" })
}
