"""Changes by hand of an applied environment, one at a time: proofs of what is live name each."""

from __future__ import annotations

import re
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from tap.errors import PolicyError
from tap.proofs.access.from_live import read_facts
from tap.proofs.intents import Flow, Intents
from tap.proofs.network.facts import Facts as NetworkFacts
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.verdict import prove
from tap.reports.proofs import broken_lines
from tests.integration.intents import intents_of
from tests.integration.live_mutations import MUTATIONS, LiveMutation
from tests.integration.test_network import read_live

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.proofs.access.facts import Facts
    from tests.conftest import Deployment

pytestmark = [pytest.mark.requirement("TST-2"), pytest.mark.timeout(1200)]

# Both are of one composition, so each change is made in one of them.
CHANGED = ("dev", "prod")

# Main region, and where roles and buckets are asked for; the others hold nothing that is changed.
REGIONS = ("eu-west-1",)


def told(deployment: Deployment, kind: str) -> list[str]:
    """Return what does not hold, of the network or of access, as it is now."""
    intents = intents_of(deployment)
    if kind == "network":
        lines = tuple(line for line in intents.lines if isinstance(line.asked, Flow))
        network = Network(read_live(deployment))
        access: Facts | PolicyError = PolicyError("not asked here", "")
    else:
        lines = tuple(line for line in intents.lines if not isinstance(line.asked, Flow))
        network = Network(NetworkFacts())
        stack = deployment.outputs["stack"]
        access = read_facts(
            deployment.client, account=stack["account_id"], prefix=stack["prefix"], regions=REGIONS
        )
    asked = Intents(lines=lines, names=intents.names)
    return broken_lines(prove("it", asked, tiers=Tiers(network), access=access))


@pytest.mark.parametrize(
    ("name", "mutation"),
    [
        pytest.param(name, each, id=each.name, marks=pytest.mark.xdist_group(name))
        for each, name in zip(MUTATIONS, cycle(CHANGED))
    ],
)
def test_a_change_by_hand_is_named(
    named_deployment: Callable[[str], Deployment], name: str, mutation: LiveMutation
) -> None:
    deployment = named_deployment(name)
    with mutation.change(deployment):
        lines = told(deployment, mutation.kind)

    assert any(re.search(mutation.named, line) for line in lines), "\n".join(lines)


@pytest.mark.parametrize("kind", ["network", "access"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in CHANGED]
)
def test_without_a_change_everything_holds(
    named_deployment: Callable[[str], Deployment], name: str, kind: str
) -> None:
    assert told(named_deployment(name), kind) == []


def test_there_are_at_least_thirty_changes_each_with_a_name_of_its_own() -> None:
    assert len({each.name for each in MUTATIONS}) == len(MUTATIONS) >= 30
