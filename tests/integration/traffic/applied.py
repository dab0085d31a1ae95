"""What tests of traffic need of an applied environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.aws import Target
from tap.terraform.root import Output
from tap.traffic.places import Places, find_places

if TYPE_CHECKING:
    from tests.conftest import Deployment


def places_of(deployment: Deployment) -> Places:
    """Return where the traffic of an environment is steered."""
    outputs = {name: Output(value=value) for name, value in deployment.outputs.items()}
    return find_places(outputs, deployment.name)


def target_of(deployment: Deployment) -> Target:
    """Return the emulator of an environment as tap sees it, with the environment applied."""
    assert deployment.outputs
    endpoint = deployment.emulator.status().endpoint
    return Target(name="local", endpoint=endpoint, region="eu-west-1")
