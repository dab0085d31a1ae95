"""Groups of the emulator replace their instances, and targets have the health a test chooses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator
from tap.emulator.extensions.autoscaling import create_group
from tap.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.emulator.extensions import Client

pytestmark = [pytest.mark.requirement("APP-3", "TRF-3", "TAP-2"), pytest.mark.timeout(120)]

IMAGE = "ami-12c6146b"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One server for the tests of this file."""
    emulator = Emulator(tmp_path_factory.mktemp("capacity"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def client(emulator: Emulator) -> Client:
    """Clients of the server."""
    endpoint = emulator.status().endpoint
    session: Any = boto3.Session(
        region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


def test_a_refresh_brings_instances_of_the_new_version_and_a_rollback_those_of_the_old_one(
    client: Client,
) -> None:
    name = "refreshed"
    target_group = create_target_group(client, name)
    create_group(client, name, DesiredCapacity=3, TargetGroupARNs=[target_group])
    before = instances(client, name)
    client("ec2").create_launch_template_version(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "m5.large", "UserData": "IyEK"},
    )
    refresh(client, name, "2")
    assert wait_for_refresh(client, name) == "Successful"
    after = instances(client, name)
    assert set(after.values()) == {"2"}
    assert not set(after) & set(before)
    assert health(client, target_group) == dict.fromkeys(after, "healthy")

    refresh(client, name, "1")
    client("autoscaling").rollback_instance_refresh(AutoScalingGroupName=name)
    assert wait_for_refresh(client, name) == "RollbackSuccessful"
    assert set(instances(client, name).values()) == {"2"}


def test_a_cancelled_refresh_leaves_the_other_instances_alone(client: Client) -> None:
    autoscaling = client("autoscaling")
    create_group(client, "cancelled", DesiredCapacity=3)
    before = instances(client, "cancelled")
    autoscaling.start_instance_refresh(AutoScalingGroupName="cancelled")
    autoscaling.cancel_instance_refresh(AutoScalingGroupName="cancelled")
    assert wait_for_refresh(client, "cancelled") == "Cancelled"
    with pytest.raises(autoscaling.exceptions.ActiveInstanceRefreshNotFoundFault):
        autoscaling.cancel_instance_refresh(AutoScalingGroupName="cancelled")
    assert set(before) & set(instances(client, "cancelled"))


def test_targets_have_the_health_that_was_chosen_until_it_is_taken_back(
    emulator: Emulator, client: Client
) -> None:
    group = create_target_group(client, "chosen")
    create_group(client, "chosen", DesiredCapacity=2, TargetGroupARNs=[group])
    first, second = instances(client, "chosen")
    emulator.call("elbv2/health", target_group_arn=group, target_id=first, state="unhealthy")
    assert health(client, group) == {first: "unhealthy", second: "healthy"}
    emulator.call("elbv2/health", target_group_arn=group, state="initial")
    assert health(client, group) == {first: "unhealthy", second: "initial"}
    emulator.call("elbv2/health", target_group_arn=group, target_id=first)
    emulator.call("elbv2/health", target_group_arn=group)
    assert health(client, group) == {first: "healthy", second: "healthy"}


def test_a_state_that_does_not_exist_is_refused(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="no state ill; there are: draining, healthy"):
        emulator.call("elbv2/health", target_group_arn="any", state="ill")


def create_target_group(client: Client, name: str) -> str:
    filters = [{"Name": "is-default", "Values": ["true"]}]
    vpc = client("ec2").describe_vpcs(Filters=filters)["Vpcs"][0]["VpcId"]
    created = client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)
    return str(created["TargetGroups"][0]["TargetGroupArn"])


def instances(client: Client, name: str) -> dict[str, str]:
    groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return {
        each["InstanceId"]: each["LaunchTemplate"]["Version"]
        for each in groups["AutoScalingGroups"][0]["Instances"]
    }


def refresh(client: Client, name: str, version: str) -> None:
    template = {"LaunchTemplateName": name, "Version": version}
    client("autoscaling").start_instance_refresh(
        AutoScalingGroupName=name, DesiredConfiguration={"LaunchTemplate": template}
    )


def wait_for_refresh(client: Client, name: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=name)
        status = str(found["InstanceRefreshes"][0]["Status"])
        if status not in {"Pending", "InProgress", "RollbackInProgress"}:
            return status
        time.sleep(0.2)
    raise AssertionError(f"the refresh is still {status}")


def health(client: Client, target_group: str) -> dict[str, str]:
    found = client("elbv2").describe_target_health(TargetGroupArn=target_group)
    return {
        each["Target"]["Id"]: each["TargetHealth"]["State"]
        for each in found["TargetHealthDescriptions"]
    }
