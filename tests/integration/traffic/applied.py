"""What tests of traffic need of an applied environment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap.aws import Target
from tap.terraform.root import Output
from tap.traffic.emulation import Emulation
from tap.traffic.places import Places, find_places
from tap.traffic.rehearsal import Scenario
from tap.traffic.switch import read_weights, wanted

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment


def places_of(deployment: Deployment) -> Places:
    """Return where the traffic of an environment is steered."""
    outputs = {name: Output(value=value) for name, value in deployment.outputs.items()}
    return find_places(outputs, deployment.name)


def target_of(deployment: Deployment) -> Target:
    """Return the emulator of an environment as tap sees it, with the environment applied."""
    assert deployment.outputs
    endpoint = deployment.emulator.status().endpoint
    return Target(name="local", endpoint=endpoint, region="eu-west-1")


def good_traffic(deployment: Deployment) -> None:
    """Make the last minutes look as if all had been well."""
    emulation = Emulation(
        emulator=deployment.emulator,
        target=target_of(deployment),
        places=places_of(deployment),
        scenario=Scenario(),
    )
    emulation.choose_health({})
    emulation.rewrite(datetime.now(UTC), 15)


def green(deployment: Deployment) -> int:
    """Return green's share as the rules have it, both of them."""
    live = read_weights(target_of(deployment), places_of(deployment))
    assert live.shares is not None
    assert live == wanted(live.shares, "listener")
    return live.shares.green


def record(deployment: Deployment) -> dict[str, Any]:
    """Return the traffic record."""
    name = deployment.outputs["traffic"]["parameter_name"]
    found = deployment.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return dict(json.loads(found))
