"""An applied environment whose traffic a test may move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.traffic.applied import good_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment


@pytest.fixture
def applied(
    request: pytest.FixtureRequest, named_deployment: Callable[[str], Deployment]
) -> Iterator[Deployment]:
    """Return the environment that the file's ``NAME`` says; blue carries all traffic.

    So it does after the test. A test that uses it carries ``xdist_group`` with that name.
    """
    deployment = named_deployment(request.module.NAME)
    name = deployment.outputs["traffic"]["parameter_name"]
    ssm = deployment.client("ssm")
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    yield deployment
    good_traffic(deployment)
    deployment.project.run("rollback", deployment.name)
    # Whoever comes later finds the record as Terraform made it.
    ssm.put_parameter(Name=name, Value=before, Overwrite=True)
