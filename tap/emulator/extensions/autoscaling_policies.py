"""Auto Scaling: policies, hooks, notifications and metrics of a group."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.extensions.autoscaling import create_group
from tap.emulator.extensions.refusals import REFUSED


def _keep_policies() -> None:
    @wrap(AutoScalingResponse, "put_scaling_policy")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        backend = self.autoscaling_backend
        asked = self._get_params()
        policy = backend.policies.pop(asked["PolicyName"])
        # Groups may have policies of the same name.
        backend.policies[f"{policy.auto_scaling_group_name}/{policy.name}"] = policy
        policy.enabled = asked.get("Enabled", True)
        if policy.policy_type == "StepScaling" and not policy.metric_aggregation_type:
            policy.metric_aggregation_type = "Average"
        if not policy.predictive_scaling_configuration:
            policy.predictive_scaling_configuration = None
        return answer

    @wrap(AutoScalingResponse, "delete_policy")
    def _(_original: Any, self: Any) -> EmptyResult:
        group = self._get_param("AutoScalingGroupName")
        for key, policy in _named(self.autoscaling_backend, self._get_param("PolicyName")):
            if group in {None, policy.auto_scaling_group_name}:
                del self.autoscaling_backend.policies[key]
        return EmptyResult()

    @wrap(AutoScalingBackend, "execute_policy")
    def _(_original: Any, self: Any, name: str) -> None:
        for _, policy in _named(self, name):
            policy.execute()


def _named(backend: Any, name: str) -> list[tuple[str, Any]]:
    return [
        (key, policy)
        for key, policy in backend.policies.items()
        if name in {policy.name, policy.arn}
    ]


def _mixes_up_policies(client: Client) -> bool:
    autoscaling = client("autoscaling")
    names = ["tap-probe-policies-1", "tap-probe-policies-2"]
    for name in names:
        create_group(client, name)
        autoscaling.put_scaling_policy(
            AutoScalingGroupName=name,
            PolicyName="tap-probe",
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
            Enabled=False,
        )
    found = [
        policy.get("Enabled")
        for name in names
        for policy in autoscaling.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    ]
    return found != [False, False]


def _keep_hook_targets() -> None:
    @wrap(AutoScalingResponse, "put_lifecycle_hook")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        asked = self._get_params()
        group, name = asked["AutoScalingGroupName"], asked["LifecycleHookName"]
        hook: Any = self.autoscaling_backend.lifecycle_hooks[f"{group}_{name}"]
        hook.role_arn = asked.get("RoleARN")
        hook.notification_target_arn = asked.get("NotificationTargetARN")
        hook.notification_metadata = asked.get("NotificationMetadata")
        return answer


def _invents_hook_targets(client: Client) -> bool:
    autoscaling = client("autoscaling")
    name = "tap-probe-hook"
    create_group(client, name)
    autoscaling.put_lifecycle_hook(
        AutoScalingGroupName=name,
        LifecycleHookName=name,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    return "NotificationTargetARN" in hooks[0]


def _notify() -> None:
    def put_notification_configuration(self: AutoScalingResponse) -> EmptyResult:
        wanted = _notifications(self)
        wanted[self._get_param("TopicARN")] = self._get_param("NotificationTypes", [])
        return EmptyResult()

    def delete_notification_configuration(self: AutoScalingResponse) -> EmptyResult:
        _notifications(self).pop(self._get_param("TopicARN"), None)
        return EmptyResult()

    def describe_notification_configurations(self: AutoScalingResponse) -> ActionResult:
        names = self._get_param("AutoScalingGroupNames", [])
        groups = self.autoscaling_backend.describe_auto_scaling_groups(names)
        found = [
            {"AutoScalingGroupName": group.name, "TopicARN": topic, "NotificationType": each}
            for group in groups
            for topic, types in getattr(group, "notifications", {}).items()
            for each in types
        ]
        return ActionResult({"NotificationConfigurations": found})

    for operation in (
        put_notification_configuration,
        delete_notification_configuration,
        describe_notification_configurations,
    ):
        setattr(AutoScalingResponse, operation.__name__, operation)


def _notifications(response: Any) -> dict[str, list[str]]:
    name = response._get_param("AutoScalingGroupName")  # noqa: SLF001 - moto has no other way
    group = response.autoscaling_backend.autoscaling_groups[name]
    if not hasattr(group, "notifications"):
        group.notifications = {}
    notifications: dict[str, list[str]] = group.notifications
    return notifications


def _cannot_notify(client: Client) -> bool:
    autoscaling = client("autoscaling")
    name = "tap-probe-notify"
    create_group(client, name)
    try:
        autoscaling.put_notification_configuration(
            AutoScalingGroupName=name,
            TopicARN="arn:aws:sns:eu-west-1:123456789012:probe",
            NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
        )
        found = autoscaling.describe_notification_configurations(AutoScalingGroupNames=[name])
    except REFUSED:
        return True
    return len(found["NotificationConfigurations"]) != 1


def _collect_metrics() -> None:
    @wrap(FakeAutoScalingGroup, "enable_metrics_collection")
    def _(_original: Any, self: Any, metrics: list[str] | None) -> None:
        self.metrics = sorted({*self.metrics, *(metrics or [])})

    def disable_metrics_collection(self: AutoScalingResponse) -> EmptyResult:
        name = self._get_param("AutoScalingGroupName")
        group = self.autoscaling_backend.autoscaling_groups[name]
        unwanted = self._get_param("Metrics", []) or list(group.metrics)
        group.metrics = [metric for metric in group.metrics if metric not in unwanted]
        return EmptyResult()

    AutoScalingResponse.disable_metrics_collection = disable_metrics_collection  # type: ignore[attr-defined] # the cure


def _cannot_stop_collecting(client: Client) -> bool:
    autoscaling = client("autoscaling")
    name = "tap-probe-metrics"
    create_group(client, name)
    for metric in ("GroupMinSize", "GroupMaxSize"):
        autoscaling.enable_metrics_collection(
            AutoScalingGroupName=name, Granularity="1Minute", Metrics=[metric]
        )
    try:
        autoscaling.disable_metrics_collection(AutoScalingGroupName=name, Metrics=["GroupMinSize"])
    except REFUSED:
        return True
    groups = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    enabled = groups["AutoScalingGroups"][0]["EnabledMetrics"]
    return [each["Metric"] for each in enabled] != ["GroupMaxSize"]


EXTENSION = Extension(
    patches=(
        Patch(
            id="autoscaling-policies",
            symptom="enabled = false of an aws_autoscaling_policy shows in every plan, and two "
            "groups cannot have policies of the same name",
            apply=_keep_policies,
            probe=_mixes_up_policies,
        ),
        Patch(
            id="autoscaling-hooks",
            symptom="an aws_autoscaling_lifecycle_hook shows a queue to be removed in every plan",
            apply=_keep_hook_targets,
            probe=_invents_hook_targets,
        ),
        Patch(
            id="autoscaling-notifications",
            symptom="aws_autoscaling_notification cannot be created",
            apply=_notify,
            probe=_cannot_notify,
        ),
        Patch(
            id="autoscaling-metrics",
            symptom="enabled_metrics of an aws_autoscaling_group cannot be reduced",
            apply=_collect_metrics,
            probe=_cannot_stop_collecting,
        ),
    ),
)
