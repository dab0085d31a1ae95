"""What the tests of live traffic share."""

from __future__ import annotations

import pytest

from tests.integration.live import haproxy


@pytest.fixture(scope="session")
def binary() -> str:
    """Return the path of HAProxy."""
    found = haproxy.find()
    if found is None:
        pytest.skip("HAProxy has no wheel for this platform and is not on the PATH")
    return found
