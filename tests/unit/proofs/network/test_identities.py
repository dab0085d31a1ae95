"""Which resources an attribute names that a plan knows only in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.network.identities import Identities, Named
from tap.proofs.sources import Sources
from tests.unit.proofs.network.test_builders import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap.plan import Plan

pytestmark = pytest.mark.requirement("TST-2", "NET-3", "TAP-3")

SUBNETS: dict[str, dict[str, Any]] = {
    "aws_subnet.a": {"cidr_block": "10.0.0.0/24"},
    "aws_subnet.b": {"cidr_block": "10.0.1.0/24"},
}
MAPPED = {"subnet_mapping": [{"subnet_id": "-> aws_subnet.a"}]}
ANYWHERE = Named(known=False)


def balancer(**attributes: Any) -> Plan:
    return plan_of({**SUBNETS, "aws_lb.edge": {"name": "edge", **attributes}})


def written(plan: Plan) -> dict[str, Any]:
    """Return the expressions of the load balancer."""
    blocks = {each.address: each for each in plan.configuration.root_module.resources}
    return blocks["aws_lb.edge"].expressions


def named(plan: Plan, *path: str | int, sources: Sources | None = None) -> Named:
    known = Identities(plan, sources)
    [item] = known.of("aws_lb")
    return known.names(item, *path)


def test_a_single_block_names_what_it_refers_to() -> None:
    assert named(balancer(**MAPPED), "subnet_mapping", 0, "subnet_id") == Named(("aws_subnet.a",))


def test_of_several_blocks_a_plan_does_not_tell_which_is_which() -> None:
    plan = balancer(**MAPPED)
    written(plan)["subnet_mapping"] *= 2

    assert named(plan, "subnet_mapping", 0, "subnet_id") == ANYWHERE


def test_what_a_block_of_a_loop_names_is_not_told() -> None:
    plan = balancer(**MAPPED, access_logs="-> var.logs")
    del written(plan)["subnet_mapping"], written(plan)["access_logs"]

    assert named(plan, "subnet_mapping", 0, "subnet_id") == ANYWHERE
    # Where there is no block AWS chooses what is not known.
    assert named(plan, "access_logs", 0, "bucket") == Named()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('[aws_subnet.a.id, "subnet-1"]', Named(("aws_subnet.a", "subnet-1"))),
        ('[aws_subnet.a.id, null, "subnet-1"]', Named(("aws_subnet.a", "subnet-1"))),
        ('["x-${aws_subnet.a.id}", aws_subnet.b.id]', ANYWHERE),
        ("[aws_subnet.a.id, 7]", ANYWHERE),
        ("[aws_subnet.a.id, aws_subnet.gone.id]", ANYWHERE),
    ],
)
def test_a_value_out_of_the_sources_names_resources_and_ids(
    tmp_path: Path, value: str, found: Named
) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_subnet" "a" {}\nresource "aws_subnet" "b" {}\n'
        f'resource "aws_lb" "edge" {{\n  subnets = {value}\n}}\n'
    )
    plan = balancer(subnets="-> aws_subnet.a aws_subnet.b")

    assert named(plan, "subnets", sources=Sources(root=tmp_path)) == found
