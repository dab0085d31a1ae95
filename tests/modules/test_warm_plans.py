"""Plans of modules through warm providers, and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import comparable
from tests.modules.test_s3_replication import PRODUCTION as STORAGE
from tests.modules.test_vpc import PROD as NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.requirement("TAP-1", "TST-1")
@pytest.mark.parametrize(
    ("module", "inputs"),
    [("s3-replication", STORAGE), ("vpc", NETWORK)],
    ids=["two regions", "many resources"],
)
def test_the_plan_of_a_module_is_the_same_with_and_without_warm_providers(
    module: str,
    inputs: dict[str, Any],
    module_planner: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planner = module_planner(module, replica=module == "s3-replication")
    warm = comparable(planner.plan(**inputs)._raw)
    monkeypatch.setenv("TAP_WARM", "0")
    assert comparable(planner.plan(**inputs)._raw) == warm
    assert len(warm["resource_changes"]) > 20
