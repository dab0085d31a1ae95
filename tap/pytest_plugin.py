"""Fixtures and a report for the tests of Terraform modules and environments.

pytest loads it wherever this package is installed; ``docs/guides/testing.md`` says how to use it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.testing import marks, targets
from tap.testing.run import VARIABLE, Run
from tap.warm.commands import reason_against
from tap.warm.providers import WarmProviders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import boto3

    from tap.plan import Plan
    from tap.testing.deployment import Deployment
    from tap.testing.planner import Planner
    from tap.testing.project import Project

# The fixture ``terraform_coverage`` and its option.
pytest_plugins = ["tap.coverage.recording"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group ``tap``."""
    marks.add_options(parser)
    targets.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note which requirements are shown, and to print progress."""
    config.pluginmanager.register(marks.Requirements(config), marks.PLUGIN)
    if not hasattr(config, "workerinput"):
        Run.begin().show_progress(config)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Destroy what this run has applied to anything but an emulator of its own."""
    if not hasattr(session.config, "workerinput"):
        targets.destroy_applied(session, Run.current())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the emulator of this run and remove its folder."""
    if not hasattr(config, "workerinput") and VARIABLE in os.environ:
        targets.stop_emulator(Run.current())
        Run.current().end()


@pytest.fixture(scope="session")
def progress() -> Callable[[str], None]:
    """Return a function that shows one line at once, also from within a worker of xdist."""
    return Run.current().progress


@pytest.fixture(scope="session")
def project(pytestconfig: pytest.Config) -> Project:
    """Return the copy of the project that this run shares, in which ``tap`` is run.

    Copied is what git knows, or the ini ``tap_files``; so the emulator, the plans and the states of
    whoever runs the tests are never touched.
    """
    return targets.shared_project(pytestconfig, Run.current())


@pytest.fixture(scope="session")
def applied(pytestconfig: pytest.Config, project: Project) -> Deployment:
    """Return the environment ``--env``, applied to ``--target``: once in a run, for all workers.

    It is destroyed when the run ends. On AWS it is a copy with a suffix of its own (``--suffix``).
    """
    deployment = targets.deployment(pytestconfig, project, Run.current())
    deployment.require()
    return deployment


@pytest.fixture(scope="session")
def aws(project: Project) -> boto3.Session:
    """Return a boto3 session of the target; its clients talk to the emulator, LocalStack or AWS."""
    return project.target.session()


@pytest.fixture(scope="session")
def tap_planner(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    warm_providers: WarmProviders,
    request: pytest.FixtureRequest,
) -> Planner:
    """Return what plans modules; the fixture ``plan`` is its usual form."""
    return targets.planner(
        pytestconfig,
        folder=tmp_path_factory.mktemp("planned"),
        warm=warm_providers,
        project=lambda: request.getfixturevalue("project"),
    )


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config, tap_planner: Planner) -> Callable[..., Plan]:
    """Return a function: folder of a module or root, and its variables -> its plan.

    The plan is from nothing, and the module is called as ``module.this``::

        def test_the_bucket_is_private(plan):
            planned = plan("modules/bucket", {"name": "shop"}, regions={"replica": "eu-central-1"})

    A module's providers are given: offline, with ``regions`` by alias. A root has its own, which
    talk to ``--target``. Plans are kept in pytest's cache (``--cache-clear`` forgets them).
    """

    def planned(
        folder: str | Path,
        variables: Mapping[str, object] | None = None,
        *,
        regions: Mapping[str, str] | None = None,
    ) -> Plan:
        return tap_planner.plan(pytestconfig.rootpath / folder, variables or {}, regions)

    return planned


@pytest.fixture(scope="session")
def warm_providers() -> Iterator[WarmProviders]:
    """Return warm providers that serve this worker until it ends."""
    with WarmProviders() as providers:
        yield providers


@pytest.fixture(scope="session")
def warm_variables(warm_providers: WarmProviders) -> Callable[..., dict[str, str]]:
    """Return a function that gives warm providers to commands that only read.

    It takes the folder of a root after ``terraform init`` and the variables that Terraform will
    be run with besides those of this process, and returns them with what warm providers need
    added. With ``TAP_WARM=0`` it adds nothing. Give the result to tftest::

        test = tftest.TerraformTest(folder)
        test.init()
        test.env.update(warm_variables(folder))
        plan = test.plan(output=True)

    Raises:
        ProviderMismatchError: The installed provider is not the one that the lock file names.
    """

    def variables(root: str | Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        own = dict(environ or {})
        everything = {**os.environ, **own}
        if reason_against(everything):
            return own
        attached = warm_providers.attach(Path(root), everything)
        return {**own, **attached.variables} if attached else own

    return variables
