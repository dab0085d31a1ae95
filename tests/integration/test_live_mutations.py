"""Changes by hand of an applied environment, one at a time: proofs of what is live name each."""

from __future__ import annotations

import re
from functools import cache
from itertools import cycle
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
    from collections.abc import Callable, Iterable
    from typing import Any

    from tap.proofs.access.facts import Facts
    from tap.testing.deployment import Deployment

    Told = Callable[[str, str], list[str]]

pytestmark = [pytest.mark.requirement("TST-2"), pytest.mark.timeout(1200)]

# Both are of one composition, so each change is made in one of them.
CHANGED = ("dev", "prod")


def in_turn(mutations: Iterable[LiveMutation]) -> list[Any]:
    """Return each change with the environment that it is made in."""
    return [
        pytest.param(name, each, id=each.name, marks=pytest.mark.xdist_group(name))
        for each, name in zip(mutations, cycle(CHANGED), strict=False)
    ]


@pytest.fixture(scope="module")
def told(named_deployment: Callable[[str], Deployment]) -> Told:
    """Return a function: environment and kind of proof -> what does not hold, as it is now.

    Each boto3 client is made once; that takes longer than all that it is asked.
    """
    client = cache(lambda name: cache(named_deployment(name).client))
    return lambda name, kind: _told(named_deployment(name), kind, client(name))


def _told(deployment: Deployment, kind: str, client: Callable[..., Any]) -> list[str]:
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
            client,
            account=stack["account_id"],
            prefix=stack["prefix"],
            regions=[*filter(None, (stack["region"], stack["replica_region"]))],
        )
    asked = Intents(lines=lines, names=intents.names)
    return broken_lines(prove("it", asked, tiers=Tiers(network), access=access))


@pytest.mark.parametrize(("name", "mutation"), in_turn([*MUTATIONS, *GRANTS]))
def test_a_change_by_hand_is_named(
    named_deployment: Callable[[str], Deployment], told: Told, name: str, mutation: LiveMutation
) -> None:
    with mutation.change(named_deployment(name)):
        lines = told(name, mutation.kind)

    assert any(re.search(mutation.named, line) for line in lines), "\n".join(lines)


@pytest.mark.parametrize(("name", "mutation"), in_turn(SURVIVORS))
def test_a_change_that_lets_nobody_through_by_itself_is_not_named(
    named_deployment: Callable[[str], Deployment], told: Told, name: str, mutation: LiveMutation
) -> None:
    with mutation.change(named_deployment(name)):
        lines = told(name, mutation.kind)

    # What is named by now is no survivor any more: move it to the others.
    assert lines == []


@pytest.mark.parametrize("kind", ["network", "access"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in CHANGED]
)
def test_without_a_change_everything_holds(told: Told, name: str, kind: str) -> None:
    assert told(name, kind) == []


def test_there_are_at_least_thirty_changes_each_with_a_name_of_its_own() -> None:
    names = [each.name for each in (*MUTATIONS, *GRANTS, *SURVIVORS)]
    assert len(set(names)) == len(names) >= 30
