"""The environments that are applied: the smallest and the one that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.stage import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment
    from tests.integration.stage import Stage

APPLIED = ("dev", "prod")


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in APPLIED],
)
def deployment(
    request: pytest.FixtureRequest, named_deployment: Callable[[str], Deployment]
) -> Deployment:
    """Return each applied environment in turn; staging is planned only, to save the time."""
    return named_deployment(request.param)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return a project of one's own that a file's tests share."""
    with opened(tmp_path_factory.mktemp("stage") / "project") as stage:
        yield stage
