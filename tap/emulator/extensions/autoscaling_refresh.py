"""Auto Scaling: instance refreshes, which replace one instance a second.

Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from tap.emulator.extensions import Client, Extension, Patch
from tap.emulator.extensions.autoscaling import create_group
from tap.emulator.extensions.refusals import REFUSED

_ACTIVE = ("Pending", "InProgress", "RollbackInProgress")
_lock = threading.RLock()


class RefreshRunsError(AutoscalingClientError):
    """A group has one active refresh at most."""

    code = "InstanceRefreshInProgress"
    message = "An Instance Refresh is already in progress and blocks the execution of this one."


class NoRefreshRunsError(AutoscalingClientError):
    """There is nothing to cancel or to roll back."""

    code = "ActiveInstanceRefreshNotFound"
    message = "No in progress or pending Instance Refresh found for the Auto Scaling group."


class IrreversibleError(AutoscalingClientError):
    """There is no earlier configuration to go back to."""

    code = "IrreversibleInstanceRefresh"
    message = "The desired configuration is missing, or it names no numbered version."


@dataclass
class _Refresh:
    """One refresh; its attributes are those of the API's answer."""

    auto_scaling_group_name: str
    strategy: str
    preferences: dict[str, Any]
    desired_configuration: dict[str, Any] | None
    previous_version: str | None
    todo: list[str]
    total: int
    status: str = "Pending"
    status_reason: str | None = None
    percentage_complete: int = 0
    end_time: datetime | None = None
    start_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    instance_refresh_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def instances_to_update(self) -> int:
        return len(self.todo)


def _offer_refreshes() -> None:
    def start_instance_refresh(self: AutoScalingResponse) -> ActionResult:
        asked = self._get_params()
        with _lock:
            group = _group(self)
            if _active(group) is not None:
                raise RefreshRunsError
            refresh = _begin(group, asked)
        return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})

    def describe_instance_refreshes(self: AutoScalingResponse) -> ActionResult:
        wanted = self._get_param("InstanceRefreshIds", [])
        found = [
            refresh
            for refresh in reversed(_refreshes(_group(self)))
            if not wanted or refresh.instance_refresh_id in wanted
        ]
        limit = self._get_int_param("MaxRecords", 50)
        return ActionResult({"InstanceRefreshes": found[:limit]})

    def cancel_instance_refresh(self: AutoScalingResponse) -> ActionResult:
        with _lock:
            refresh = _running(self)
            _end(refresh, "Cancelled", "Cancelled by the user.")
        return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})

    def rollback_instance_refresh(self: AutoScalingResponse) -> ActionResult:
        with _lock:
            refresh = _running(self)
            if not refresh.desired_configuration or refresh.previous_version is None:
                raise IrreversibleError
            group = _group(self)
            _set_version(group, refresh.previous_version)
            refresh.status = "RollbackInProgress"
            refresh.todo = _outdated(group)
            refresh.total = len(refresh.todo)
        return ActionResult({"InstanceRefreshId": refresh.instance_refresh_id})

    for operation in (
        start_instance_refresh,
        describe_instance_refreshes,
        cancel_instance_refresh,
        rollback_instance_refresh,
    ):
        setattr(AutoScalingResponse, operation.__name__, operation)


def _begin(group: Any, asked: dict[str, Any]) -> _Refresh:
    preferences = asked.get("Preferences") or {}
    desired = asked.get("DesiredConfiguration") or None
    before = getattr(group, "launch_template_version", None)
    if template := (desired or {}).get("LaunchTemplate"):
        _set_version(group, template.get("Version", "$Default"))
    skip = str(preferences.get("SkipMatching", False)).lower() == "true"
    todo = _outdated(group) if skip else [state.instance.id for state in group.instance_states]
    refresh = _Refresh(
        auto_scaling_group_name=group.name,
        strategy=asked.get("Strategy", "Rolling"),
        preferences=preferences,
        desired_configuration=desired,
        previous_version=before,
        todo=todo,
        total=len(todo),
    )
    _refreshes(group).append(refresh)
    return refresh


def _set_version(group: Any, version: str) -> None:
    group.launch_template_version = version
    group.provided_launch_template_version = version


def _outdated(group: Any) -> list[str]:
    template = group.ec2_launch_template
    if template is None:
        return []
    wanted = str(template.get_version(group.launch_template_version).number)
    return [
        state.instance.id
        for state in group.instance_states
        if (state.launch_template or {}).get("Version") != wanted
    ]


def _group(response: Any) -> Any:
    name = response._get_param("AutoScalingGroupName")  # noqa: SLF001 - moto has no other way
    group = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - {name}")
    return group


def _refreshes(group: Any) -> list[_Refresh]:
    if not hasattr(group, "refreshes"):
        group.refreshes = []
    refreshes: list[_Refresh] = group.refreshes
    return refreshes


def _active(group: Any) -> _Refresh | None:
    return next((each for each in _refreshes(group) if each.status in _ACTIVE), None)


def _running(response: Any) -> _Refresh:
    refresh = _active(_group(response))
    if refresh is None:
        raise NoRefreshRunsError
    return refresh


def _end(refresh: _Refresh, status: str, reason: str | None = None) -> None:
    refresh.status, refresh.status_reason = status, reason
    refresh.end_time = datetime.now(UTC)


def _tick() -> None:
    backends: list[Any] = [each for _, _, each in autoscaling_backends.iter_backends()]
    for backend in backends:
        for group in list(backend.autoscaling_groups.values()):
            with _lock:
                refresh = _active(group)
                if refresh is not None:
                    _advance(backend, group, refresh)


def _advance(backend: Any, group: Any, refresh: _Refresh) -> None:
    if refresh.status == "Pending":
        refresh.status = "InProgress"
    there = {state.instance.id for state in group.instance_states}
    refresh.todo = [instance for instance in refresh.todo if instance in there]
    if refresh.todo:
        try:
            _replace(backend, group, refresh.todo[0])
        except Exception as error:
            _end(refresh, "Failed", f"An instance could not be replaced: {error}")
            raise
        del refresh.todo[0]
    if refresh.total:
        refresh.percentage_complete = 100 - 100 * len(refresh.todo) // refresh.total
    if not refresh.todo:
        refresh.percentage_complete = 100
        rolled_back = refresh.status == "RollbackInProgress"
        _end(refresh, "RollbackSuccessful" if rolled_back else "Successful")


def _replace(backend: Any, group: Any, instance: str) -> None:
    """Start the new instance before the old one ends: it must not find a smaller group."""
    group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
    backend.update_attached_target_groups(group.name)
    group.instance_states = [each for each in group.instance_states if each.instance.id != instance]
    for arn in group.target_group_arns:
        target_group = backend.elbv2_backend.target_groups.get(arn)
        if target_group is not None and instance in target_group.targets:
            target_group.deregister([{"Id": instance}])
    backend.ec2_backend.terminate_instances([instance])


def _cannot_refresh(client: Client) -> bool:
    autoscaling = client("autoscaling")
    name = "tap-probe-refresh"
    create_group(client, name, DesiredCapacity=2)
    try:
        started = autoscaling.start_instance_refresh(AutoScalingGroupName=name)
        found = autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)
        autoscaling.start_instance_refresh(AutoScalingGroupName=name)
    except autoscaling.exceptions.InstanceRefreshInProgressFault:
        ids = [refresh["InstanceRefreshId"] for refresh in found["InstanceRefreshes"]]
        return ids != [started["InstanceRefreshId"]]
    except REFUSED:
        return True
    return True


EXTENSION = Extension(
    patches=(
        Patch(
            id="autoscaling-refresh",
            symptom="a changed aws_autoscaling_group with an instance_refresh block fails to apply",
            apply=_offer_refreshes,
            probe=_cannot_refresh,
        ),
    ),
    tick=_tick,
)
