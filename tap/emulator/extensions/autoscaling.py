"""Auto Scaling: groups with all their settings, spread over their subnets."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from collections import Counter
from typing import Any

from moto.autoscaling.models import (
    ASG_NAME_TAG,
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.elbv2.exceptions import TargetGroupNotFoundError

from tap.emulator.extensions import Client, Extension, Patch, wrap

_IMAGE = "ami-12c6146b"
"""One of the public images that moto knows."""

_SETTINGS = {
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "PlacementGroup": "placement_group",
    "ServiceLinkedRoleARN": "service_linked_role_arn",
    "TerminationPolicies": "termination_policies",
}
_OFF = {"DefaultInstanceWarmup": -1, "MaxInstanceLifetime": 0}
"""What switches a setting off.

Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
"""


def _keep_settings() -> None:
    for name in ("create_auto_scaling_group", "update_auto_scaling_group"):

        @wrap(AutoScalingResponse, name)
        def _(original: Any, self: Any) -> Any:
            answer = original(self)
            asked = self._get_params()
            group = self.autoscaling_backend.autoscaling_groups[asked["AutoScalingGroupName"]]
            for setting, attribute in _SETTINGS.items():
                if setting in asked:
                    value = asked[setting]
                    off = setting in _OFF and int(value) == _OFF[setting]
                    setattr(group, attribute, None if off else value)
            _keep_maintenance_policy(group, asked)
            return answer


def _keep_maintenance_policy(group: Any, asked: dict[str, Any]) -> None:
    if policy := asked.get("InstanceMaintenancePolicy"):
        unset = all(int(value) < 0 for value in policy.values())
        group.instance_maintenance_policy = None if unset else policy


def _loses_settings(client: Client) -> bool:
    name = "tap-probe-settings"
    role = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/Probe"
    policy = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120}
    group = create_group(
        client,
        name,
        DefaultInstanceWarmup=90,
        ServiceLinkedRoleARN=role,
        InstanceMaintenancePolicy=policy,
    )
    return (
        group.get("DefaultInstanceWarmup"),
        group["ServiceLinkedRoleARN"],
        group.get("InstanceMaintenancePolicy"),
    ) != (90, role, policy)


def _spread_instances() -> None:
    @wrap(FakeAutoScalingGroup, "replace_autoscaling_group_instances")
    def _(original: Any, self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        template = self.ec2_launch_template
        if template is None or not self.vpc_zone_identifier:
            original(self, count_needed, propagated_tags)
            return
        version = template.get_version(self.launch_template_version).number
        for subnet in _emptiest_subnets(self, count_needed):
            reservation = self.autoscaling_backend.ec2_backend.run_instances(
                self.image_id,
                1,
                self.user_data,
                self.security_groups,
                instance_type=self.instance_type,
                is_instance_type_default=False,
                launch_template={"LaunchTemplateId": template.id, "Version": version},
                subnet_id=subnet,
                tags={"instance": propagated_tags | self.instance_tags | {ASG_NAME_TAG: self.name}},
            )
            instance = reservation.instances[0]
            instance.autoscaling_group = self
            state = InstanceState(
                instance, protected_from_scale_in=self.new_instances_protected_from_scale_in
            )
            state.template_version = str(version)  # type: ignore[attr-defined]
            self.instance_states.append(state)

    def template_of(state: Any) -> dict[str, str] | None:
        template = state.auto_scaling_group.ec2_launch_template
        if template is None:
            return None
        version = getattr(state, "template_version", str(template.default_version_number))
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": version,
        }

    InstanceState.launch_template = property(template_of)  # type: ignore[assignment,method-assign] # the cure


def _emptiest_subnets(group: Any, count: int) -> list[str]:
    subnets = group.vpc_zone_identifier.split(",")
    used = Counter(state.instance.subnet_id for state in group.instance_states)
    chosen = []
    for _ in range(count):
        subnet = min(subnets, key=lambda each: (used[each], subnets.index(each)))
        used[subnet] += 1
        chosen.append(subnet)
    return chosen


def _crowds_instances(client: Client) -> bool:
    group = create_group(client, "tap-probe-spread", DesiredCapacity=3)
    zones = {instance["AvailabilityZone"] for instance in group["Instances"]}
    return len(zones) != 3  # noqa: PLR2004 - one for each subnet


def _deregister_removed_instances() -> None:
    @wrap(FakeAutoScalingGroup, "set_desired_capacity")
    def _(original: Any, self: Any, new_capacity: int | None) -> None:
        before = _instance_ids(self)
        original(self, new_capacity)
        _deregister(self.autoscaling_backend, self, before - _instance_ids(self))

    @wrap(AutoScalingBackend, "detach_instances")
    def _(original: Any, self: Any, group_name: str, *args: Any, **kwargs: Any) -> Any:
        group = self.autoscaling_groups[group_name]
        before = _instance_ids(group)
        activities = original(self, group_name, *args, **kwargs)
        _deregister(self, group, before - _instance_ids(group))
        return activities

    @wrap(AutoScalingBackend, "notify_terminate_instances")
    def _(original: Any, self: Any, instance_ids: list[str]) -> None:
        owners = [
            group
            for group in self.autoscaling_groups.values()
            if _instance_ids(group) & set(instance_ids)
        ]
        original(self, instance_ids)
        for group in owners:
            self.update_attached_target_groups(group.name)


def _instance_ids(group: Any) -> set[str]:
    return {state.instance.id for state in group.instance_states}


def _deregister(backend: Any, group: Any, instance_ids: set[str]) -> None:
    for arn in group.target_group_arns:
        target_group = backend.elbv2_backend.target_groups.get(arn)
        if target_group is not None:
            gone = [{"Id": each} for each in instance_ids if each in target_group.targets]
            target_group.deregister(gone)


def _keeps_removed_targets(client: Client) -> bool:
    elb = client("elbv2")
    group = elb.create_target_group(
        Name="tap-probe-targets", Protocol="HTTP", Port=80, VpcId=_vpc(client)
    )["TargetGroups"][0]["TargetGroupArn"]
    create_group(client, "tap-probe-targets", DesiredCapacity=3, TargetGroupARNs=[group])
    client("autoscaling").set_desired_capacity(
        AutoScalingGroupName="tap-probe-targets", DesiredCapacity=1
    )
    health = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return len(health) != 1


def _delete_whole_groups() -> None:
    @wrap(AutoScalingBackend, "delete_auto_scaling_group")
    def _(original: Any, self: Any, group_name: str) -> None:
        original(self, group_name)
        for owned in (self.policies, self.lifecycle_hooks, self.scheduled_actions):
            for key, each in list(owned.items()):
                if each.auto_scaling_group_name == group_name:
                    del owned[key]

    @wrap(AutoScalingBackend, "update_attached_target_groups")
    def _(original: Any, self: Any, group_name: str) -> None:
        try:
            original(self, group_name)
        except TargetGroupNotFoundError:
            # It may be destroyed before the group that fills it.
            return


def _leaves_parts_of_groups(client: Client) -> bool:
    autoscaling = client("autoscaling")
    name = "tap-probe-parts"
    create_group(client, name)
    autoscaling.put_lifecycle_hook(
        AutoScalingGroupName=name,
        LifecycleHookName=name,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    return bool(hooks)


def create_group(client: Client, name: str, **settings: Any) -> dict[str, Any]:
    """Create a group of up to six instances over three zones for a probe."""
    ec2, autoscaling = client("ec2"), client("autoscaling")
    data = {"ImageId": _IMAGE, "InstanceType": "t3.micro"}
    ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=6,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        VPCZoneIdentifier=",".join(_subnets(ec2)),
        **settings,
    )
    groups = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    group: dict[str, Any] = groups["AutoScalingGroups"][0]
    return group


def _subnets(ec2: Any) -> list[str]:
    zones = [f"{ec2.meta.region_name}{zone}" for zone in "abc"]
    filters = [
        {"Name": "default-for-az", "Values": ["true"]},
        {"Name": "availability-zone", "Values": zones},
    ]
    return [subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=filters)["Subnets"]]


def _vpc(client: Client) -> str:
    filters = [{"Name": "is-default", "Values": ["true"]}]
    return str(client("ec2").describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"])


EXTENSION = Extension(
    patches=(
        Patch(
            id="autoscaling-settings",
            symptom="warm-up, maintenance policy and service-linked role of an "
            "aws_autoscaling_group show as changed in every plan",
            apply=_keep_settings,
            probe=_loses_settings,
        ),
        Patch(
            id="autoscaling-spread",
            symptom="all instances of a group start in its first subnet, from the default version "
            "of its template",
            apply=_spread_instances,
            probe=_crowds_instances,
        ),
        Patch(
            id="autoscaling-targets",
            symptom="instances that a group removes stay in its target group as healthy targets",
            apply=_deregister_removed_instances,
            probe=_keeps_removed_targets,
        ),
        Patch(
            id="autoscaling-delete",
            symptom="hooks, policies and schedules stay when their group is destroyed",
            apply=_delete_whole_groups,
            probe=_leaves_parts_of_groups,
        ),
    ),
)
