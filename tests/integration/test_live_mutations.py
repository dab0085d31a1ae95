"""Changes by hand of an applied environment, one at a time: proofs of what is live name each."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tap.errors import PolicyError
from tap.proofs.access.from_live import read_facts
from tap.proofs.intents import Flow, Intents
from tap.proofs.network.facts import Facts as NetworkFacts
from tap.proofs.network.from_live import read_facts as read_network
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.verdict import prove
from tap.reports.proofs import broken_lines
from tests.integration.intents import intents_of
from tests.integration.live_grants import GRANTS, SURVIVORS
from tests.integration.live_mutations import MUTATIONS, LiveMutation

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tap.proofs.access.facts import Facts
    from tests.conftest import Deployment

pytestmark = [
    pytest.mark.requirement("TST-2"),
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("dev"),
]

# Main region, and where roles and buckets are asked for; the others hold nothing that is changed.
REGIONS = ("eu-west-1",)


@pytest.fixture(scope="module")
def dev(named_deployment: Callable[[str], Deployment]) -> Deployment:
    """Return the environment that is changed; its network is that of the others."""
    return named_deployment("dev")


@pytest.fixture(scope="module")
def client(dev: Deployment) -> Callable[..., Any]:
    """Return a function that makes each boto3 client once; that takes longer than what it asks."""
    return cache(dev.client)


def told(deployment: Deployment, kind: str, client: Callable[..., Any]) -> list[str]:
    """Return what does not hold, of the network or of access, as it is now."""
    intents = intents_of(deployment)
    if kind == "network":
        lines = tuple(line for line in intents.lines if isinstance(line.asked, Flow))
        network = Network(read_network(client, vpcs=[deployment.outputs["vpc"]["vpc_id"]]))
        access: Facts | PolicyError = PolicyError("not asked here", "")
    else:
        lines = tuple(line for line in intents.lines if not isinstance(line.asked, Flow))
        network = Network(NetworkFacts())
        stack = deployment.outputs["stack"]
        access = read_facts(
            client, account=stack["account_id"], prefix=stack["prefix"], regions=REGIONS
        )
    asked = Intents(lines=lines, names=intents.names)
    return broken_lines(prove("it", asked, tiers=Tiers(network), access=access))


@pytest.mark.parametrize("mutation", [*MUTATIONS, *GRANTS], ids=lambda each: each.name)
def test_a_change_by_hand_is_named(
    dev: Deployment, client: Callable[..., Any], mutation: LiveMutation
) -> None:
    with mutation.change(dev):
        lines = told(dev, mutation.kind, client)

    assert any(re.search(mutation.named, line) for line in lines), "\n".join(lines)


@pytest.mark.parametrize("mutation", SURVIVORS, ids=lambda each: each.name)
def test_a_change_that_lets_nobody_through_by_itself_is_not_named(
    dev: Deployment, client: Callable[..., Any], mutation: LiveMutation
) -> None:
    with mutation.change(dev):
        lines = told(dev, mutation.kind, client)

    # What is named by now is no survivor any more: move it to the others.
    assert lines == []


@pytest.mark.parametrize("kind", ["network", "access"])
def test_without_a_change_everything_holds(
    dev: Deployment, client: Callable[..., Any], kind: str
) -> None:
    assert told(dev, kind, client) == []


def test_there_are_at_least_thirty_changes_each_with_a_name_of_its_own() -> None:
    names = [each.name for each in (*MUTATIONS, *GRANTS, *SURVIVORS)]
    assert len(set(names)) == len(names) >= 30
