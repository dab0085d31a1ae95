"""Plans of single modules, through tftest, without a network.

One folder per module and worker is initialised once and planned many times, by the plugin's
planner.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tftest

from tap.testing.planner import Calling
from tests.conftest import REPOSITORY, comparable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.coverage.recording import TerraformCoverage
    from tap.testing.planner import Planner

REGION = "eu-west-1"
REPLICA_REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@dataclass
class ModulePlanner:
    """Plans one module of ``modules/`` with the given inputs."""

    module: str
    planner: Planner
    regions: dict[str, str]
    warm_variables: Callable[..., dict[str, str]]
    coverage: TerraformCoverage
    record: Path | None = None

    def plan(self, *, refresh: bool = True, **inputs: Any) -> Any:
        """Return tftest's plan: ``.modules['module.this'].resources``, ``.outputs``...

        Args:
            refresh: Whether Terraform asks the provider for what is in a state.
            inputs: The variables of the module.
        """
        if refresh:
            root = self.planner.prepare(self._calling(inputs))
            root.init(None)
            shown = self.planner.plan_json(self._calling(inputs))
            plan = tftest.TerraformPlanOutput(json.loads(shown))
        else:
            plan = self._test(inputs).plan(output=True, refresh=False)
        if self.record is not None:
            text = json.dumps(comparable(plan._raw), indent=1, sort_keys=True)
            asked = json.dumps([inputs, sorted(self.regions.items()), refresh], sort_keys=True)
            digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
            (self.record / f"{self.module}-{digest}.json").write_text(text)
        return tftest.TerraformPlanOutput(self.coverage.plan(plan._raw, self.folder))

    def refused(self, *, refresh: bool = True, **inputs: Any) -> str:
        """Return the errors of a plan that must fail, as one line with single spaces."""
        with pytest.raises(tftest.TerraformTestError) as caught:
            self._test(inputs).plan(refresh=refresh)
        self.coverage.refused(str(caught.value.cmd_error), self.folder)
        return " ".join(str(caught.value.cmd_error).replace("\u2502", " ").split())

    @property
    def folder(self) -> Path:
        """Where the module is called from."""
        return self.planner.root(self._calling({})).directory

    def _calling(self, inputs: dict[str, Any]) -> Calling:
        return Calling(REPOSITORY / "modules" / self.module, inputs, self.regions)

    def _test(self, inputs: dict[str, Any]) -> Any:
        root = self.planner.prepare(self._calling(inputs))
        root.init(None)
        environ = self.warm_variables(root.directory, root.environ)
        return tftest.TerraformTest(str(root.directory), binary=str(root.terraform), env=environ)


@pytest.fixture(scope="session")
def module_planner(
    tap_planner: Planner,
    warm_variables: Callable[..., dict[str, str]],
    terraform_coverage: TerraformCoverage,
    pytestconfig: pytest.Config,
) -> Any:
    """Return a function: module name -> :class:`ModulePlanner`.

    Its ``aliases`` are the further providers the module asks for, by alias, each with its region;
    ``replica=True`` is short for the one of the second region.
    """

    def module(
        name: str, *, replica: bool = False, aliases: dict[str, str] | None = None
    ) -> ModulePlanner:
        further = (aliases or {}) | ({"replica": REPLICA_REGION} if replica else {})
        return ModulePlanner(
            module=name,
            planner=tap_planner,
            regions={"": REGION, **further},
            warm_variables=warm_variables,
            coverage=terraform_coverage,
            record=pytestconfig.getoption("--record-plans", default=None),
        )

    return module


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--record-plans``, by which two runs can be compared."""
    parser.addoption(
        "--record-plans",
        type=Path,
        metavar="FOLDER",
        help="write every plan of a module as JSON into this folder, which exists",
    )
