# A widget is a title, its metrics as CloudWatch writes them, and what deviates from a line graph of
# minutes. Three stand in a row. What the body names is known from the inputs, and the weights in
# force are not among them: they change without Terraform, and a plan must not follow them.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
locals {
  graph_colors = { blue = "#1f77b4", green = "#2ca02c" }
  graph_styles = {
    for color in keys(var.load_balancer.target_group_arn_suffixes) : color => merge(
      { label = color },
      { for name, code in local.graph_colors : "color" => code if name == color },
    )
  }
  target_group_metrics = {
    for color, suffix in var.load_balancer.target_group_arn_suffixes : color => ["TargetGroup", suffix, "LoadBalancer", var.load_balancer.arn_suffix]
  }
  total_requests = join(" + ", [for color in keys(local.target_group_metrics) : "FILL(requests_${color}, 0)"])

  traffic_widgets = [
    {
      title = "Share of requests, and the weight of each phase"
      metrics = concat(
        [for color, style in local.graph_styles : [merge(style, { id = "share_${color}", expression = "100 * FILL(requests_${color}, 0) / (${local.total_requests})" })]],
        [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "RequestCount"], metric, [{ id = "requests_${color}", stat = "Sum", visible = false }])],
      )
      maximum = 100
      lines   = [{ label = "canary", value = 10 }, { label = "half", value = 50 }, { label = "complete", value = 100 }]
    },
    {
      title   = "Requests a minute"
      metrics = [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "RequestCount"], metric, [merge(local.graph_styles[color], { stat = "Sum" })])]
      stacked = true
    },
    {
      title = "Probe: share of good answers, and latency"
      metrics = concat([
        for probe in [var.probe] : [var.metric_namespace, "ProbeSuccess", "FunctionName", probe.function_name, { label = "good", stat = "Average" }] if probe != null
        ], [
        for statistic in ["p50", "p99"] : [var.metric_namespace, "ProbeLatency", "FunctionName", var.probe.function_name, { label = "${statistic} in ms", stat = statistic, yAxis = "right" }] if var.probe != null
      ])
      maximum = 1
    },
  ]

  quality_widgets = concat(
    [
      for statistic in ["p50", "p90", "p99"] : {
        title   = "Latency ${statistic} in seconds"
        metrics = [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "TargetResponseTime"], metric, [merge(local.graph_styles[color], { stat = statistic })])]
        lines   = [for value in [var.thresholds.latency_p99_in_seconds] : { label = "alarm", value = value } if statistic == "p99"]
      }
    ],
    [
      {
        title = "5xx of the application in percent"
        metrics = concat(
          [for color, style in local.graph_styles : [merge(style, { id = "ratio_${color}", expression = "100 * FILL(errors_${color}, 0) / requests_${color}" })]],
          [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"], metric, [{ id = "errors_${color}", stat = "Sum", visible = false }])],
          [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "RequestCount"], metric, [{ id = "requests_${color}", stat = "Sum", visible = false }])],
        )
        lines = [{ label = "alarm", value = var.thresholds.error_ratio_percent }]
      },
      {
        title = "Errors a minute"
        metrics = concat(
          flatten([
            for code in ["4XX", "5XX"] : [
              for color, metric in local.target_group_metrics : { row = concat(["AWS/ApplicationELB", "HTTPCode_Target_${code}_Count"], metric, [{ label = "${color} ${code}", stat = "Sum" }]) }
            ]
          ])[*].row,
          [["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.load_balancer.arn_suffix, { label = "load balancer 5XX", stat = "Sum" }]],
        )
      },
      {
        title = "Healthy and unhealthy hosts"
        metrics = concat(
          [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "HealthyHostCount"], metric, [merge(local.graph_styles[color], { label = "${color} healthy", stat = "Minimum" })])],
          [for color, metric in local.target_group_metrics : concat(["AWS/ApplicationELB", "UnHealthyHostCount"], metric, [{ label = "${color} unhealthy", stat = "Maximum" }])],
        )
      },
    ],
  )

  capacity_widgets = [
    {
      title   = "CPU of the instances in percent"
      metrics = [for color, name in var.autoscaling_group_names : ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", name, merge(try(local.graph_styles[color], { label = color }), { stat = "Average" })]]
      maximum = 100
      lines   = [{ label = "alarm", value = var.thresholds.autoscaling_cpu_percent }]
    },
    {
      title   = "Database: CPU in percent"
      metrics = [for name, id in local.database_instances : ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", id, { label = name, stat = "Average" }]]
      maximum = 100
      lines   = [{ label = "alarm", value = var.thresholds.database_cpu_percent }]
    },
    {
      title   = "Database: connections"
      metrics = [for name, id in local.database_instances : ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", id, { label = name, stat = "Maximum" }]]
      lines   = [{ label = "alarm", value = var.thresholds.database_connections }]
    },
    {
      title = "Database: latency of reads and writes in seconds"
      metrics = flatten([
        for name, id in local.database_instances : [
          for kind in ["Read", "Write"] : { row = ["AWS/RDS", "${kind}Latency", "DBInstanceIdentifier", id, { label = "${name} ${lower(kind)}s", stat = "Average" }] }
        ]
      ])[*].row
    },
    {
      title = "Database: free memory and free storage in bytes"
      metrics = concat(
        [for name, id in local.database_instances : ["AWS/RDS", "FreeableMemory", "DBInstanceIdentifier", id, { label = "${name} memory", stat = "Minimum" }]],
        [for name, id in local.database_instances : ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", id, { label = "${name} storage", stat = "Minimum", yAxis = "right" }]],
      )
    },
    {
      title   = "Database: lag of the replica in seconds"
      metrics = [for replica in [var.database.replica] : ["AWS/RDS", "ReplicaLag", "DBInstanceIdentifier", replica.instance_id, { label = "lag", stat = "Maximum" }] if replica != null]
      lines   = [{ label = "alarm", value = var.thresholds.replica_lag_in_seconds }]
    },
  ]

  network_widgets = [
    {
      title   = "NAT gateways: bytes to the internet"
      metrics = [for zone, id in var.network.nat_gateway_ids : ["AWS/NATGateway", "BytesOutToDestination", "NatGatewayId", id, { label = zone, stat = "Sum" }]]
    },
    {
      title = "NAT gateways: connections, and connections refused for want of a port"
      metrics = concat(
        [for zone, id in var.network.nat_gateway_ids : ["AWS/NATGateway", "ActiveConnectionCount", "NatGatewayId", id, { label = zone, stat = "Maximum" }]],
        [for zone, id in var.network.nat_gateway_ids : ["AWS/NATGateway", "ErrorPortAllocation", "NatGatewayId", id, { label = "${zone} refused", stat = "Sum", yAxis = "right" }]],
      )
    },
    {
      title = "Web ACL: requests a minute"
      metrics = flatten([
        for web_acl in [var.network.web_acl] : [
          for verdict in ["Allowed", "Blocked"] : { row = ["AWS/WAFV2", "${verdict}Requests", "WebACL", web_acl.metric_name, "Region", var.region, "Rule", "ALL", { label = lower(verdict), stat = "Sum" }] }
        ] if web_acl != null
      ])[*].row
    },
    {
      title = "Functions: calls, errors and failed events"
      metrics = flatten([
        for name, function in var.functions : concat(
          [for metric in ["Invocations", "Errors"] : { row = ["AWS/Lambda", metric, "FunctionName", function.function_name, { label = "${name} ${lower(metric)}", stat = "Sum" }] }],
          [for queue in [function.dead_letter_queue] : { row = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name, { label = "${name} failed events", stat = "Maximum" }] } if queue != null],
        )
      ])[*].row
    },
    {
      title   = "From the logs: application errors, root use, refused calls"
      metrics = [for name, measure in local.log_measures : [var.metric_namespace, measure.metric, { label = replace(name, "_", " "), stat = "Sum" }]]
    },
  ]

  # A widget about something the environment does not have is left out.
  widgets = [
    for widget in concat(local.traffic_widgets, local.quality_widgets, local.capacity_widgets, local.network_widgets) : widget
    if length(widget.metrics) > 0
  ]

  alarm_rows  = ceil((length(local.alarms) + 1) / 4)
  alarm_space = 2 + local.alarm_rows
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({
    periodOverride = "inherit"
    start          = "-PT3H"
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = local.alarm_space
        properties = {
          title = "Alarms, the gate of traffic first"
          alarms = [
            for name in concat(["${var.prefix}-traffic-gate"], values(local.alarm_names)) : "arn:${var.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:${name}"
          ]
        }
      }],
      [
        for place, widget in local.widgets : {
          type   = "metric"
          x      = 8 * (place % 3)
          y      = local.alarm_space + 6 * floor(place / 3)
          width  = 8
          height = 6
          properties = {
            title       = widget.title
            metrics     = widget.metrics
            region      = var.region
            period      = 60
            view        = "timeSeries"
            stacked     = try(widget.stacked, false)
            yAxis       = { left = { for name, value in { min = 0, max = try(widget.maximum, null) } : name => value if value != null } }
            annotations = { horizontal = try(widget.lines, []) }
          }
        }
      ],
    )
  })
}
