locals {
  log_files = {
    application = "/var/log/application/application.log"
    bootstrap   = "/var/log/cloud-init-output.log"
  }

  # The agent must not ask for the group's name: that takes ec2:DescribeTags, which the instance role
  # does not have, so the name is written here.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
  agent_configurations = {
    for color in keys(var.colors) : color => {
      agent = { metrics_collection_interval = 60 }
      logs = {
        logs_collected = {
          files = {
            collect_list = [
              for name, path in local.log_files : {
                file_path       = path
                log_group_name  = aws_cloudwatch_log_group.this[name].name
                log_stream_name = "${color}/{instance_id}"
              }
            ]
          }
        }
      }
      metrics = {
        namespace              = var.application.metric_namespace
        append_dimensions      = { InstanceId = "$${aws:InstanceId}" }
        aggregation_dimensions = [["AutoScalingGroupName"]]
        metrics_collected = {
          disk = {
            append_dimensions = { AutoScalingGroupName = "${var.prefix}-${color}" }
            drop_device       = true
            measurement       = ["used_percent"]
            resources         = ["/"]
          }
          mem = {
            append_dimensions = { AutoScalingGroupName = "${var.prefix}-${color}" }
            measurement       = ["mem_used_percent"]
          }
        }
      }
    }
  }

  environments = {
    for color in keys(var.colors) : color => merge(var.application.environment, {
      AWS_REGION       = var.region
      COLOR            = color
      HEALTH_PATH      = var.application.health_path
      METRIC_NAMESPACE = var.application.metric_namespace
      PORT             = var.application.port
    })
  }
}

# Instances may write below /<prefix>/ and nowhere else, and they may not create groups.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_files

  name              = "/${var.prefix}/${each.key}"
  retention_in_days = var.log_retention_in_days
  kms_key_id        = var.logs_kms_key_arn

  tags = merge(var.tags, { Name = "/${var.prefix}/${each.key}" })
}

resource "aws_launch_template" "this" {
  for_each = var.colors

  name                   = "${var.prefix}-${each.key}"
  description            = "Instances of ${var.prefix}, ${each.key}"
  update_default_version = true

  image_id      = var.ami_id
  instance_type = each.value.instance_type

  user_data = base64encode(templatefile("${path.module}/templates/user-data.sh.tftpl", {
    agent_configuration = jsonencode(local.agent_configurations[each.key])
    artifact            = var.application.artifact
    environment         = local.environments[each.key]
    log_file            = local.log_files.application
    region              = var.region
    responder           = file("${path.module}/templates/responder.py")
  }))

  block_device_mappings {
    device_name = var.root_volume.device_name

    ebs {
      delete_on_termination = true
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      volume_size           = var.root_volume.size_in_gib
      volume_type           = "gp3"
    }
  }

  iam_instance_profile {
    arn = var.instance_profile_arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
  }

  monitoring {
    enabled = true
  }

  network_interfaces {
    associate_public_ip_address = false
    delete_on_termination       = true
    security_groups             = [var.security_group_ids.application]
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.key
      tags          = merge(var.tags, { Name = "${var.prefix}-${each.key}", Color = each.key })
    }
  }

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}", Color = each.key })
}
