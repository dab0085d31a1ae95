# An alarm looks at one metric (namespace, metric, dimensions, statistic, period) or at an
# expression over several (expression, label, queries; all of them by the minute). `gates` says
# whether it keeps traffic from being shifted: what more load, or a fault of the new color, would
# make worse. Too little capacity is no such thing, for that is what a shift cures.
locals {
  alarm_names = { for name in keys(local.alarms) : name => "${var.prefix}-${replace(name, "_", "-")}" }

  alarms = merge(
    local.autoscaling_alarms,
    local.database_alarms,
    local.function_alarms,
    local.load_balancer_alarms,
    local.log_alarms,
    local.network_alarms,
    local.probe_alarms,
    local.queue_alarms,
    local.replica_lag_alarms,
    local.target_group_alarms,
  )

  # Five minutes, because instances without detailed monitoring report no more often.
  autoscaling_alarms = {
    for color, name in var.autoscaling_group_names : "autoscaling_cpu_${color}" => {
      description        = "CPU of the ${color} instances is above ${var.thresholds.autoscaling_cpu_percent} %: the group does not scale out, or has reached its maximum."
      namespace          = "AWS/EC2"
      metric             = "CPUUtilization"
      dimensions         = { AutoScalingGroupName = name }
      statistic          = "Average"
      period             = 300
      comparison         = "GreaterThanThreshold"
      threshold          = var.thresholds.autoscaling_cpu_percent
      evaluation_periods = 2
      datapoints         = 2
      missing            = "notBreaching"
      gates              = false
    }
  }

  database_instances = merge(
    { database = var.database.instance_id },
    { for name, replica in { replica = var.database.replica } : name => replica.instance_id if replica != null },
  )

  database_measures = {
    connections = {
      description = "open connections are more than ${var.thresholds.database_connections}"
      metric      = "DatabaseConnections"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.thresholds.database_connections
    }
    cpu = {
      description = "CPU is above ${var.thresholds.database_cpu_percent} %"
      metric      = "CPUUtilization"
      statistic   = "Average"
      comparison  = "GreaterThanThreshold"
      threshold   = var.thresholds.database_cpu_percent
    }
    free_memory = {
      description = "free memory is below ${var.thresholds.database_free_memory_in_mb} MB"
      metric      = "FreeableMemory"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = var.thresholds.database_free_memory_in_mb * 1024 * 1024
    }
    free_storage = {
      description = "free storage is below ${var.thresholds.database_free_storage_in_gb} GB"
      metric      = "FreeStorageSpace"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = var.thresholds.database_free_storage_in_gb * 1024 * 1024 * 1024
    }
  }

  database_alarms = merge([
    for instance, id in local.database_instances : {
      for name, measure in local.database_measures : "${instance}_${name}" => {
        description        = "The ${instance}: ${measure.description}."
        namespace          = "AWS/RDS"
        metric             = measure.metric
        dimensions         = { DBInstanceIdentifier = id }
        statistic          = measure.statistic
        period             = 60
        comparison         = measure.comparison
        threshold          = measure.threshold
        evaluation_periods = 5
        datapoints         = 5
        missing            = "missing"
        gates              = instance == "database"
      }
    }
  ]...)

  # Lag is -1 while replication is broken, which is worse than any lag.
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_MySQL.Replication.ReadReplicas.html
  replica_lag_alarms = {
    for name, replica in { replica_lag = var.database.replica } : name => {
      description                      = "The replica is more than ${var.thresholds.replica_lag_in_seconds} s behind the database, or does not replicate."
      expression                       = "IF(lag < 0, ${var.thresholds.replica_lag_in_seconds + 1}, lag)"
      label                            = "Lag in seconds"
      queries = {
        lag = {
          namespace  = "AWS/RDS"
          metric     = "ReplicaLag"
          dimensions = { DBInstanceIdentifier = replica.instance_id }
          statistic  = "Maximum"
        }
      }
      comparison         = "GreaterThanThreshold"
      threshold          = var.thresholds.replica_lag_in_seconds
      evaluation_periods = 5
      datapoints         = 5
      missing            = "missing"
      gates              = false
    } if replica != null
  }

  target_group_dimensions = {
    for color, suffix in var.load_balancer.target_group_arn_suffixes : color => {
      LoadBalancer = var.load_balancer.arn_suffix
      TargetGroup  = suffix
    }
  }

  target_group_queries = {
    for color, dimensions in local.target_group_dimensions : color => {
      errors   = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = dimensions, statistic = "Sum" }
      latency  = { namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = dimensions, statistic = "p99" }
      requests = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = dimensions, statistic = "Sum" }
    }
  }

  target_group_alarms = merge([
    for color, queries in local.target_group_queries : {
      # A color without requests reports nothing and is no fault; a single failed request of two is
      # none either, so a minute with few requests counts as a good one.
      "error_ratio_${color}" = {
        description        = "More than ${var.thresholds.error_ratio_percent} % of the requests to ${color} end with a 5xx of the application."
        expression         = "IF(requests >= ${var.thresholds.minimum_requests}, 100 * errors / requests, 0)"
        label              = "5xx in percent"
        queries            = { errors = queries.errors, requests = queries.requests }
        comparison         = "GreaterThanThreshold"
        threshold          = var.thresholds.error_ratio_percent
        evaluation_periods = 3
        datapoints         = 2
        missing            = "notBreaching"
        gates              = true
      }
      "latency_p99_${color}" = {
        description        = "One of a hundred requests to ${color} takes longer than ${var.thresholds.latency_p99_in_seconds} s."
        expression         = "IF(requests >= ${var.thresholds.minimum_requests}, latency, 0)"
        label              = "p99 in seconds"
        queries            = { latency = queries.latency, requests = queries.requests }
        comparison         = "GreaterThanThreshold"
        threshold          = var.thresholds.latency_p99_in_seconds
        evaluation_periods = 5
        datapoints         = 3
        missing            = "notBreaching"
        gates              = true
      }
      "unhealthy_hosts_${color}" = {
        description        = "At least one ${color} instance fails its health check."
        namespace          = "AWS/ApplicationELB"
        metric             = "UnHealthyHostCount"
        dimensions         = local.target_group_dimensions[color]
        statistic          = "Maximum"
        period             = 60
        comparison         = "GreaterThanThreshold"
        threshold          = 0
        evaluation_periods = 3
        datapoints         = 3
        missing            = "notBreaching"
        gates              = true
      }
    }
  ]...)

  # What the load balancer answers by itself, for want of a healthy instance or of its answer. Such
  # requests belong to no target group, so no color's ratio shows them.
  load_balancer_alarms = {
    load_balancer_errors = {
      description        = "The load balancer itself answers more than ${var.thresholds.load_balancer_errors} requests a minute with a 5xx: a color has no healthy instance, or instances do not answer."
      namespace          = "AWS/ApplicationELB"
      metric             = "HTTPCode_ELB_5XX_Count"
      dimensions         = { LoadBalancer = var.load_balancer.arn_suffix }
      statistic          = "Sum"
      period             = 60
      comparison         = "GreaterThanThreshold"
      threshold          = var.thresholds.load_balancer_errors
      evaluation_periods = 3
      datapoints         = 2
      missing            = "notBreaching"
      gates              = true
    }
  }

  # Nobody else looks from outside: a probe that says nothing is as bad as one that fails.
  probe_alarms = {
    for name, probe in { probe = var.probe } : name => {
      description              = "Fewer than ${var.thresholds.probe_success_percent} % of the probe's requests to the health endpoint are answered well, or the probe does not report."
      namespace                = var.metric_namespace
      metric                   = "ProbeSuccess"
      dimensions               = { FunctionName = probe.function_name }
      statistic                = "Average"
      period                   = 60
      comparison               = "LessThanThreshold"
      threshold                = var.thresholds.probe_success_percent / 100
      evaluation_periods       = 3
      datapoints               = 3
      missing                  = "breaching"
      gates                    = true
    } if probe != null
  }

  function_alarms = {
    for name, function in var.functions : "function_errors_${name}" => {
      description        = "The function ${name} failed or ran into its time limit."
      namespace          = "AWS/Lambda"
      metric             = "Errors"
      dimensions         = { FunctionName = function.function_name }
      statistic          = "Sum"
      period             = 300
      comparison         = "GreaterThanThreshold"
      threshold          = 0
      evaluation_periods = 1
      datapoints         = 1
      missing            = "notBreaching"
      gates              = false
    }
  }

  queue_alarms = {
    for name, function in var.functions : "failed_events_${name}" => {
      description        = "The function ${name} gave up on an event, which waits in its queue."
      namespace          = "AWS/SQS"
      metric             = "ApproximateNumberOfMessagesVisible"
      dimensions         = { QueueName = function.dead_letter_queue.name }
      statistic          = "Maximum"
      period             = 300
      comparison         = "GreaterThanThreshold"
      threshold          = 0
      evaluation_periods = 1
      datapoints         = 1
      missing            = "notBreaching"
      gates              = false
    } if function.dead_letter_queue != null
  }

  network_alarms = {
    for zone, id in var.network.nat_gateway_ids : "nat_ports_${zone}" => {
      description        = "The NAT gateway in ${zone} has no port left for a connection."
      namespace          = "AWS/NATGateway"
      metric             = "ErrorPortAllocation"
      dimensions         = { NatGatewayId = id }
      statistic          = "Sum"
      period             = 300
      comparison         = "GreaterThanThreshold"
      threshold          = 0
      evaluation_periods = 1
      datapoints         = 1
      missing            = "notBreaching"
      gates              = false
    }
  }

  log_alarms = {
    for name, measure in local.log_measures : name => {
      description        = measure.description
      namespace          = var.metric_namespace
      metric             = measure.metric
      dimensions         = {}
      statistic          = "Sum"
      period             = 300
      comparison         = "GreaterThanThreshold"
      threshold          = measure.threshold
      evaluation_periods = 1
      datapoints         = 1
      missing            = "notBreaching"
      gates              = false
    }
  }
}
