resource "aws_lb" "this" {
  name               = "${var.prefix}-alb"
  load_balancer_type = "application"
  internal           = false
  security_groups    = [var.security_group_ids.load_balancer]
  subnets            = values(var.public_subnet_ids)

  desync_mitigation_mode     = "defensive"
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  # Through the policy, because AWS tries the bucket when the logs are switched on.
  access_logs {
    bucket  = aws_s3_bucket_policy.access_logs.bucket
    enabled = true
  }

  tags = merge(var.tags, { Name = "${var.prefix}-alb" })
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.web_acl_arn
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-http" })
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "Service unavailable"
      status_code  = "503"
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-https" })
}

resource "aws_lb_target_group" "this" {
  for_each = var.colors

  name                 = "${var.prefix}-${each.key}"
  vpc_id               = var.vpc_id
  target_type          = "instance"
  port                 = var.application.port
  protocol             = "HTTP"
  deregistration_delay = 30
  slow_start           = var.target_groups.slow_start_in_seconds

  health_check {
    path                = var.application.health_path
    port                = "traffic-port"
    protocol            = "HTTP"
    matcher             = "200"
    interval            = var.target_groups.health_check.interval_in_seconds
    timeout             = var.target_groups.health_check.timeout_in_seconds
    healthy_threshold   = var.target_groups.health_check.healthy_threshold
    unhealthy_threshold = var.target_groups.health_check.unhealthy_threshold
  }

  stickiness {
    type            = "lb_cookie"
    enabled         = var.target_groups.stickiness != null
    cookie_duration = try(var.target_groups.stickiness.duration_in_seconds, 86400)
  }

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}", Color = each.key })
}
