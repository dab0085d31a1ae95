"""The environments that are applied: the smallest and the one that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Deployment

APPLIED = ("dev", "prod")


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in APPLIED],
)
def deployment(
    request: pytest.FixtureRequest, named_deployment: Callable[[str], Deployment]
) -> Deployment:
    """Return each applied environment in turn; staging is planned only, to save the time."""
    return named_deployment(request.param)
