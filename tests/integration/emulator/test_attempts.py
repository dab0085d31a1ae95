"""A call that an SDK sends again because it lost the answer is carried out once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tap.aws import Target
from tap.emulator.control import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-2", "TAP-6")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("emulator")
    emulator = Emulator(folder)
    yield Target(name="local", endpoint=emulator.start().endpoint, region="eu-west-1")
    emulator.stop()


def ec2_with_invocation(target: Target, invocation: str) -> Any:
    """Return a client all of whose calls are attempts of one call."""
    # Not the one that the target keeps for everybody.
    client = target.session().client("ec2")

    def mark(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = invocation

    client.meta.events.register("before-send.ec2", mark)
    return client


def make_subnet(client: Any, vpc: str, block: str) -> str:
    return str(client.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"])


def test_a_second_attempt_gets_the_answer_of_the_first(target: Target) -> None:
    ec2 = target.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    again = ec2_with_invocation(target, "one-call")
    ids = {make_subnet(again, vpc, "10.1.1.0/24") for _ in range(3)}
    assert len(ids) == 1
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    assert [item["SubnetId"] for item in ec2.describe_subnets(Filters=here)["Subnets"]] == [*ids]


def test_attempts_at_the_same_time_get_the_same_answer(target: Target) -> None:
    vpc = target.client("ec2").create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    ids: list[str] = []
    client = ec2_with_invocation(target, "at-once")
    threads = [
        threading.Thread(target=lambda: ids.append(make_subnet(client, vpc, "10.2.1.0/24")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_another_call_and_a_failed_one_are_carried_out(target: Target) -> None:
    ec2 = target.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    taken = make_subnet(ec2, vpc, "10.3.1.0/24")
    with pytest.raises(ClientError, match="conflicts"):
        make_subnet(ec2, vpc, "10.3.1.0/24")
    failing = ec2_with_invocation(target, "failing")
    with pytest.raises(ClientError, match="conflicts"):
        make_subnet(failing, vpc, "10.3.1.0/24")
    ec2.delete_subnet(SubnetId=taken)
    assert make_subnet(failing, vpc, "10.3.1.0/24") != taken
