"""An environment whose traffic tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.traffic.stage import build_stage, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import World
    from tests.unit.traffic.stage import Stage


@pytest.fixture(scope="session")
def built(world: World) -> Stage:
    """Return the environment, made once."""
    return build_stage(world)


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    """Return the environment with blue carrying all traffic, and put it back afterwards."""
    rules = (built.places.traffic_rule, built.places.preview_rule)
    before = {arn: built.actions(arn) for arn in rules}
    yield built
    for arn, actions in before.items():
        built.act(arn, *actions)
    built.client("ssm").put_parameter(
        Name=built.places.parameter, Type="String", Value=record(), Overwrite=True
    )
