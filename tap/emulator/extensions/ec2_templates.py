"""EC2: launch templates, and instances that are what their template says."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import convert_tag_spec, parse_user_data

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.extensions.refusals import REFUSED

_IMAGE = "ami-12c6146b"
"""One of the public images that moto knows."""


def _keep_tags_out_of_data() -> None:
    @wrap(LaunchTemplates, "create_launch_template")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        template = self.ec2_backend.get_launch_template(
            answer.result["LaunchTemplate"]["LaunchTemplateId"]
        )
        data = template.versions[0].data
        asked = self._get_param("LaunchTemplateData.TagSpecifications", [])
        types = {each["ResourceType"] for each in asked} - {"launch-template"}
        own = [s for s in data.get("TagSpecifications", []) if s["ResourceType"] in types]
        data.pop("TagSpecifications", None)
        if own:
            data["TagSpecifications"] = own
        return answer


def _leaks_tags_into_data(client: Client) -> bool:
    ec2 = client("ec2")
    template = _create_template(ec2, "tap-probe-tags", {"ImageId": _IMAGE})
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=template)
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return "TagSpecifications" in data


def _take_user_data_of_versions() -> None:
    @wrap(LaunchTemplates, "create_launch_template_version")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        # moto does so for the first version only, and relies on it for all.
        data = answer.result["LaunchTemplateVersion"]["LaunchTemplateData"]
        data["UserData"] = parse_user_data(self._get_param("LaunchTemplateData.UserData"))
        return answer


def _cannot_start_later_versions(client: Client) -> bool:
    ec2, autoscaling = client("ec2"), client("autoscaling")
    name = "tap-probe-versions"
    template = _create_template(ec2, name, {"ImageId": _IMAGE})
    data = {"ImageId": _IMAGE, "UserData": "IyEvYmluL3NoCg=="}
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    try:
        autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=1,
            MaxSize=1,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "2"},
            AvailabilityZones=[f"{ec2.meta.region_name}a"],
        )
    except REFUSED:
        return True
    return False


def _start_instances_as_templates_say() -> None:
    @wrap(EC2Backend, "run_instances")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = kwargs.get("launch_template")
        if not wanted:
            return original(self, *args, **kwargs)
        data = self._get_template_from_args(wanted).data
        reservation = original(self, *args, **(kwargs | _settings(data, kwargs)))
        profile = data.get("IamInstanceProfile") or {}
        named = kwargs.get("iam_instance_profile_name") or kwargs.get("iam_instance_profile_arn")
        for instance in reservation.instances if profile and not named else ():
            self.associate_iam_instance_profile(
                instance_id=instance.id,
                iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )
        return reservation


def _settings(data: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a template that moto would not look at; what is asked for wins."""
    interfaces = data.get("NetworkInterfaces") or [{}]
    found: dict[str, Any] = {
        "metadata_options": data.get("MetadataOptions"),
        "ebs_optimized": data.get("EbsOptimized"),
        "security_group_ids": data.get("SecurityGroupIds") or interfaces[0].get("Groups"),
        "associate_public_ip": interfaces[0].get("AssociatePublicIpAddress"),
        "block_device_mappings": data.get("BlockDeviceMappings"),
        "disable_api_termination": data.get("DisableApiTermination"),
    }
    settings = {key: value for key, value in found.items() if value and not asked.get(key)}
    if (data.get("Monitoring") or {}).get("Enabled"):
        settings["monitoring_state"] = "enabled"
    volume_tags = convert_tag_spec(data.get("TagSpecifications", [])).get("volume")
    if volume_tags:
        tags = asked.get("tags") or {}
        settings["tags"] = tags | {"volume": volume_tags | tags.get("volume", {})}
    return settings


def _starts_other_instances(client: Client) -> bool:
    ec2, iam = client("ec2"), client("iam")
    iam.create_instance_profile(InstanceProfileName="tap-probe-template")
    data = {
        "ImageId": _IMAGE,
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "Monitoring": {"Enabled": True},
        "IamInstanceProfile": {"Name": "tap-probe-template"},
    }
    template = _create_template(ec2, "tap-probe-instances", data)
    instance = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateId": template}, MinCount=1, MaxCount=1
    )["Instances"][0]["InstanceId"]
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return bool(
        found["MetadataOptions"]["HttpTokens"] != "required"
        or found["Monitoring"]["State"] != "enabled"
        or "IamInstanceProfile" not in found
    )


def _create_template(ec2: Any, name: str, data: dict[str, Any]) -> str:
    tags = {"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}
    template = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData=data, TagSpecifications=[tags]
    )
    return str(template["LaunchTemplate"]["LaunchTemplateId"])


EXTENSION = Extension(
    patches=(
        Patch(
            id="ec2-template-tags",
            symptom="the tags of an aws_launch_template show as tag_specifications to be removed "
            "in every plan",
            apply=_keep_tags_out_of_data,
            probe=_leaks_tags_into_data,
        ),
        Patch(
            id="ec2-template-user-data",
            symptom="a group cannot start instances of any but the first version of a template "
            "with user data",
            apply=_take_user_data_of_versions,
            probe=_cannot_start_later_versions,
        ),
        Patch(
            id="ec2-template-settings",
            symptom="instances of a launch template have neither its metadata options nor its "
            "security groups, profile, volumes and monitoring",
            apply=_start_instances_as_templates_say,
            probe=_starts_other_instances,
        ),
    ),
)
