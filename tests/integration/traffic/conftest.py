"""An applied prod whose traffic a test may move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.traffic.applied import good_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment


@pytest.fixture
def applied(named_deployment: Callable[[str], Deployment]) -> Iterator[Deployment]:
    """Return prod, whose blue carries all traffic, before and after the test.

    A test that uses it carries ``xdist_group`` with its name.
    """
    deployment = named_deployment("prod")
    name = deployment.outputs["traffic"]["parameter_name"]
    ssm = deployment.client("ssm")
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    yield deployment
    good_traffic(deployment)
    deployment.project.run("rollback", "prod")
    # Whoever comes later finds the record as Terraform made it.
    ssm.put_parameter(Name=name, Value=before, Overwrite=True)
