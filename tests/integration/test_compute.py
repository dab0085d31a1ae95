"""The instances of every environment as boto3 sees them: templates, groups, policies."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
TYPES = {
    "dev": {"blue": "t3.micro", "green": "t3.micro"},
    "prod": {"blue": "t3.micro", "green": "m5.large"},
}
SIZES = {
    "dev": {"blue": (1, 1, 2), "green": (1, 1, 2)},
    "prod": {"blue": (3, 3, 6), "green": (3, 3, 12)},
}
COST_CENTERS = {"dev": "payments-development", "prod": "payments-production"}


def template(deployment: Deployment, color: str) -> dict[str, Any]:
    """Return the data of a color's launch template in the version instances start from."""
    identifier = deployment.outputs["compute"]["launch_template_ids"][color]
    answer = deployment.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=identifier, Versions=["$Default"]
    )
    (version,) = answer["LaunchTemplateVersions"]
    data: dict[str, Any] = version["LaunchTemplateData"]
    return data


def group(deployment: Deployment, color: str) -> dict[str, Any]:
    """Return a color's Auto Scaling group."""
    name = deployment.outputs["compute"]["autoscaling_group_names"][color]
    answer = deployment.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[name]
    )
    found: dict[str, Any] = answer["AutoScalingGroups"][0]
    return found


def instances(deployment: Deployment, color: str) -> list[dict[str, Any]]:
    """Return the running instances of a color."""
    name = deployment.outputs["compute"]["autoscaling_group_names"][color]
    reservations = deployment.client("ec2").describe_instances(
        Filters=[
            {"Name": "tag:aws:autoscaling:groupName", "Values": [name]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
    )["Reservations"]
    return [instance for each in reservations for instance in each["Instances"]]


def environment(user_data: str) -> dict[str, str]:
    """Return the variables that the user data hands to the application."""
    lines = user_data.partition("<<'END_OF_ENVIRONMENT'\n")[2].partition("END_OF_ENVIRONMENT")[0]
    return dict(re.findall(r'^(\w+)="(.*)"$', lines, re.MULTILINE))


@pytest.mark.requirement("APP-3", "STK-2")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_a_launch_template_demands_tokens_and_encrypts_the_root_volume(
    deployment: Deployment, color: str
) -> None:
    data, security = template(deployment, color), deployment.outputs["security"]
    assert data["InstanceType"] == TYPES[deployment.name][color]
    assert data["ImageId"].startswith("ami-")
    assert data["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
    }
    (volume,) = data["BlockDeviceMappings"]
    assert volume["DeviceName"] == "/dev/xvda"
    assert volume["Ebs"] == {
        "Encrypted": True,
        "DeleteOnTermination": True,
        "KmsKeyId": security["kms_key_arns"]["data"],
        "VolumeSize": 20,
        "VolumeType": "gp3",
    }
    (interface,) = data["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False
    assert interface["Groups"] == [security["security_group_ids"]["application"]]
    assert data["IamInstanceProfile"] == {"Arn": security["instance_profile_arn"]}
    assert data["Monitoring"] == {"Enabled": True}
    tagged = {
        each["ResourceType"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for each in data["TagSpecifications"]
    }
    assert set(tagged) == {"instance", "network-interface", "volume"}
    for tags in tagged.values():
        assert tags == {
            "Color": color,
            "CostCenter": COST_CENTERS[deployment.name],
            "Environment": deployment.name,
            "ManagedBy": "terraform",
            "Name": f"payments-{deployment.name}-{color}",
            "Owner": "platform",
            "Project": "payments",
        }


@pytest.mark.requirement("APP-3", "RDS-2")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_user_data_starts_the_application_on_its_port_and_holds_no_secret(
    deployment: Deployment, color: str
) -> None:
    outputs = deployment.outputs
    text = base64.b64decode(template(deployment, color)["UserData"]).decode()
    assert text.startswith("#!/bin/bash\n")
    assert environment(text) == {
        "AWS_REGION": "eu-west-1",
        "BUCKET": outputs["storage"]["bucket_name"],
        "BUCKET_PREFIX": "application/",
        "COLOR": color,
        "DATABASE_HOST": outputs["database"]["address"],
        "DATABASE_NAME": "payments",
        "DATABASE_PORT": "3306",
        "DATABASE_USER": "application",
        "HEALTH_PATH": "/health",
        "METRIC_NAMESPACE": f"payments-{deployment.name}",
        "PORT": "8080",
    }
    assert "systemctl enable --now application.service" in text
    secret = deployment.client("secretsmanager").get_secret_value(
        SecretId=outputs["database"]["secret_arn"]
    )
    password = json.loads(secret["SecretString"])["password"]
    assert len(password) >= 16
    assert password not in text
    assert "password" not in text.lower()
    assert not re.search(r"AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY", text)


@pytest.mark.requirement("APP-3", "MON-4")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_the_agent_writes_to_log_groups_and_a_namespace_that_exist(
    deployment: Deployment, color: str
) -> None:
    compute = deployment.outputs["compute"]
    text = base64.b64decode(template(deployment, color)["UserData"]).decode()
    body = text.partition("<<'END_OF_AGENT'\n")[2].partition("END_OF_AGENT")[0]
    agent = json.loads(body)
    files = agent["logs"]["logs_collected"]["files"]["collect_list"]
    names = {each["log_group_name"] for each in files}
    assert names == set(compute["application_log_group_names"].values())
    assert {each["log_stream_name"] for each in files} == {f"{color}/{{instance_id}}"}
    metrics = agent["metrics"]
    assert metrics["namespace"] == f"payments-{deployment.name}"
    for each in metrics["metrics_collected"].values():
        named = each["append_dimensions"]["AutoScalingGroupName"]
        assert named == compute["autoscaling_group_names"][color]


@pytest.mark.requirement("APP-3", "STK-2", "TRF-5")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_a_group_of_each_color_spans_three_zones_and_trusts_the_load_balancer(
    deployment: Deployment, color: str
) -> None:
    compute, found = deployment.outputs["compute"], group(deployment, color)
    assert found["AutoScalingGroupARN"] == compute["autoscaling_group_arns"][color]
    sizes = (found["MinSize"], found["DesiredCapacity"], found["MaxSize"])
    assert sizes == SIZES[deployment.name][color]
    assert sorted(found["AvailabilityZones"]) == ZONES
    subnets = deployment.outputs["vpc"]["subnet_ids"]["private"]
    assert set(found["VPCZoneIdentifier"].split(",")) == set(subnets.values())
    assert found["HealthCheckType"] == "ELB"
    assert found["HealthCheckGracePeriod"] == 300
    assert found["DefaultInstanceWarmup"] == 120
    assert found["TargetGroupARNs"] == [compute["target_group_arns"][color]]
    assert found["LaunchTemplate"]["LaunchTemplateId"] == compute["launch_template_ids"][color]
    assert re.fullmatch(r"\d+", found["LaunchTemplate"]["Version"])
    assert found["TerminationPolicies"] == ["OldestLaunchTemplate", "Default"]
    role = f"AWSServiceRoleForAutoScaling_payments-{deployment.name}"
    assert found["ServiceLinkedRoleARN"].endswith(f"/{role}")
    metrics = {metric["Metric"] for metric in found["EnabledMetrics"]}
    assert {"GroupInServiceInstances", "GroupDesiredCapacity"} <= metrics
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"] if tag["PropagateAtLaunch"]}
    assert tags["Environment"] == deployment.name
    assert tags["Color"] == color


@pytest.mark.requirement("APP-3", "NET-1")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_instances_run_spread_over_private_subnets_as_their_template_says(
    deployment: Deployment, color: str
) -> None:
    running, security = instances(deployment, color), deployment.outputs["security"]
    desired = SIZES[deployment.name][color][1]
    assert len(running) == desired
    assert len({each["Placement"]["AvailabilityZone"] for each in running}) == min(desired, 3)
    subnets = deployment.outputs["vpc"]["subnet_ids"]["private"]
    for each in running:
        assert each["InstanceType"] == TYPES[deployment.name][color]
        assert each["SubnetId"] == subnets[each["Placement"]["AvailabilityZone"]]
        assert "PublicIpAddress" not in each
        assert each["MetadataOptions"]["HttpTokens"] == "required"
        assert each["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        assert each["IamInstanceProfile"]["Arn"] == security["instance_profile_arn"]
        groups = [one["GroupId"] for one in each["SecurityGroups"]]
        assert groups == [security["security_group_ids"]["application"]]
        tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        assert (tags["Environment"], tags["Color"]) == (deployment.name, color)


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_a_group_follows_cpu_and_requests(deployment: Deployment, color: str) -> None:
    compute = deployment.outputs["compute"]
    name = compute["autoscaling_group_names"][color]
    policies = deployment.client("autoscaling").describe_policies(AutoScalingGroupName=name)
    tracked = {
        policy["PolicyName"]: policy["TargetTrackingConfiguration"]
        for policy in policies["ScalingPolicies"]
    }
    assert {policy["PolicyType"] for policy in policies["ScalingPolicies"]} == {
        "TargetTrackingScaling"
    }
    assert set(tracked) == {f"{name}-cpu", f"{name}-requests"}
    cpu, requests = tracked[f"{name}-cpu"], tracked[f"{name}-requests"]
    assert cpu["TargetValue"] == 60
    assert cpu["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ASGAverageCPUUtilization"
    }
    assert requests["TargetValue"] == 1000
    balancer = deployment.outputs["load_balancer"]["arn_suffix"]
    assert requests["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": f"{balancer}/{compute['target_group_arn_suffixes'][color]}",
    }


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_the_volumes_of_instances_are_encrypted_with_the_data_key(
    deployment: Deployment, color: str
) -> None:
    ids = [
        mapping["Ebs"]["VolumeId"]
        for each in instances(deployment, color)
        for mapping in each["BlockDeviceMappings"]
    ]
    assert len(ids) == SIZES[deployment.name][color][1]
    volumes = deployment.client("ec2").describe_volumes(VolumeIds=ids)["Volumes"]
    key = deployment.outputs["security"]["kms_key_arns"]["data"]
    assert {(each["Encrypted"], each["KmsKeyId"]) for each in volumes} == {(True, key)}
    assert {(each["VolumeType"], each["Size"]) for each in volumes} == {("gp3", 20)}


@pytest.mark.requirement("APP-3")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_a_new_template_version_replaces_instances_without_a_loss_of_capacity(
    deployment: Deployment, color: str
) -> None:
    assert deployment.outputs["compute"]["autoscaling_group_names"][color]
    # The provider keeps these for the refresh it starts; AWS has no call that returns them.
    state = deployment.client("s3").get_object(
        Bucket=f"payments-terraform-state-{deployment.account_id}",
        Key=f"{deployment.name}/terraform.tfstate",
    )
    groups = {
        instance["index_key"]: instance["attributes"]
        for resource in json.loads(state["Body"].read())["resources"]
        if resource["type"] == "aws_autoscaling_group"
        for instance in resource["instances"]
    }
    (refresh,) = groups[color]["instance_refresh"]
    assert refresh["strategy"] == "Rolling"
    (preferences,) = refresh["preferences"]
    assert preferences["min_healthy_percentage"] == 100
    assert preferences["max_healthy_percentage"] == 150
    assert preferences["auto_rollback"] is True
    assert preferences["skip_matching"] is True
