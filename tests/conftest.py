"""What every test may use: a copy of the project with an emulator of its own.

The tests that run real commands do so in a copy, so that they never touch the emulator, the
plans and the states of the person who runs them. One copy serves a whole run, also when
several workers share the work.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tap.emulator.control import Emulator
from tap.terraform.installation import find_terraform, terraform_environ
from tap.terraform.root import Root
from tap.testing.deployment import Deployment
from tap.testing.project import TAP, Project, copy_project
from tap.testing.run import Run
from tap.testing.targets import target_variables
from tests.integration.localstack import suite as localstack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.warm.providers import WarmProviders

REPOSITORY = Path(__file__).resolve().parents[1]

ENVIRONMENTS = ("dev", "staging", "prod")

_COPIED = (
    *("backend", "environments", "modules", "tap.toml"),
    *("Makefile", "pyproject.toml", "requirements"),
)
# prod and the restored database wait most of the time. All environments need one state storage,
# which prod makes, so dev comes when somebody is done with what keeps a processor busy meanwhile. A
# worker with one test has a second group waiting: the two in between.
_LONGEST_FIRST = [
    *("prod", "test_localstack", "test_restore", "test_same_answers"),
    *("mutations", "staging", "dev"),
]

# A shell lets what it runs in the background ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes depends on what else the machine does.
settings.register_profile("tap", deadline=None)
settings.load_profile("tap")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def project(pytestconfig: pytest.Config) -> Project:
    """Return the copy of the project that this whole run shares, with what make needs."""
    directory = Run.current().made() / "project"
    found = Project(directory, target_variables(pytestconfig.getoption("--target")))
    with Run.current().alone("project"):
        if not directory.exists():
            copy_repository(directory)
            if pytestconfig.getoption("--target") == "localstack":
                localstack.store_states(found.target)
    if pytestconfig.getoption("--target") == "localstack":
        found.variables.update(localstack.locking(found.target))
    return found


@pytest.fixture(scope="session")
def warm_root(warm_providers: WarmProviders) -> Callable[[Path], Root]:
    """Return a function: folder with a root and its lock file -> Terraform in it, after init."""

    def initialized(folder: Path) -> Root:
        environ = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
        root = Root(
            directory=folder,
            data_directory=folder / ".terraform",
            terraform=find_terraform(os.environ).path,
            environ=terraform_environ(environ, folder=folder),
            warm=warm_providers,
        )
        root.init(None)
        return root

    return initialized


@pytest.fixture(scope="session")
def make_own_project(project: Project) -> Callable[[Path], Project]:
    """Return a function: folder to make -> a copy there, on the shared emulator and its states.

    Its commands need ``--target localstack`` and a ``--suffix`` that nobody else uses.
    """

    def make(directory: Path) -> Project:
        project.run("init", "dev")
        copy_repository(directory)
        emulator = Emulator(project.directory / ".tap" / "emulator")
        return Project(directory, {"AWS_ENDPOINT_URL": str(emulator.status().endpoint)})

    return make


@pytest.fixture
def own_project(make_own_project: Callable[[Path], Project], tmp_path: Path) -> Project:
    """Return a copy of one's own, to be edited; see ``make_own_project``."""
    return make_own_project(tmp_path / "project")


def copy_repository(directory: Path) -> None:
    """Copy what a plan and make read into a new folder, with ``tap`` where make installs it."""
    copy_project(REPOSITORY, directory, _COPIED)
    (directory / ".venv" / "bin").mkdir(parents=True)
    (directory / ".venv" / "bin" / "tap").symlink_to(TAP)
    (directory / ".venv" / "run").touch()


def comparable(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan in JSON without what differs from one run of Terraform to the next.

    Those are the time, what moves with the time on its own, and the order of modules and of
    relevant attributes.
    """
    relevant = plan.get("relevant_attributes", [])
    return {
        **{key: _ordered(value) for key, value in plan.items() if key != "timestamp"},
        "relevant_attributes": sorted(map(json.dumps, relevant)),
    }


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    ordered = {
        key: _ordered(item) for key, item in value.items() if key != "latest_restorable_time"
    }
    if "child_modules" in ordered:
        ordered["child_modules"].sort(key=lambda module: module["address"])
    return ordered


@pytest.fixture(scope="session")
def named_deployment(project: Project, pytestconfig: pytest.Config) -> Callable[[str], Deployment]:
    """Return a function: environment -> its deployment, by ``make plan`` and ``make apply``.

    A test that uses it carries ``xdist_group`` with the environment's name: any worker could, but
    would only wait for the one that applies it.
    """
    deployments: dict[str, Deployment] = {}

    def named(name: str) -> Deployment:
        if name not in deployments:
            partial = pytestconfig.getoption("--target") == "localstack"
            kind = localstack.LocalStackDeployment if partial else Deployment
            # As users have it, where it does not take longest.
            plainly = "TAP_WARM_APPLY=0 " if name == "dev" else ""
            deployments[name] = kind(
                name=name,
                project=project,
                shared=Run.current(),
                plan_command=f"make plan ENV={name}",
                apply_command=f"{plainly}make apply ENV={name}",
            )
        return deployments[name]

    return named


@pytest.fixture(autouse=True)
def _needed(request: pytest.FixtureRequest) -> None:
    """Skip what asks LocalStack for something that it could not be given."""
    if request.config.getoption("--target") == "localstack":
        named = request.getfixturevalue("named_deployment")
        localstack.require_needed(request, named(request.config.getoption("--env") or "dev"))


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ENVIRONMENTS],
)
def deployment(
    request: pytest.FixtureRequest, named_deployment: Callable[[str], Deployment]
) -> Deployment:
    """Return each environment in turn."""
    return named_deployment(request.param)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep away from AWS, and from the answers of the provider that the person keeps."""
    if config.getoption("--target") == "aws":
        raise pytest.UsageError("this suite changes and destroys what it applies: not on aws")
    if not hasattr(config, "workerinput"):
        os.environ["XDG_CACHE_HOME"] = str(Run.current().folder / "cache")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a file's tests in one worker, so that what they share is made once."""
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and end groups with the tests that end something.

    Last of all come the unit tests: short groups, so that all workers end at about the same time.
    """
    units = REPOSITORY / "tests" / "unit"

    def rank(item: pytest.Item) -> tuple[int, bool, bool]:
        groups = {mark.args[0] for mark in item.iter_markers("xdist_group")}
        place = min(
            (_LONGEST_FIRST.index(name) for name in groups & set(_LONGEST_FIRST)),
            default=len(_LONGEST_FIRST),
        )
        ends = item.get_closest_marker("last") is not None
        return place, item.path.is_relative_to(units), ends

    items.sort(key=rank)
    if config.getoption("--target") != "local":
        wanted = config.getoption("--env") or "dev"
        for item in items:
            if reason := localstack.reason_against(item, wanted):
                item.add_marker(pytest.mark.skip(reason=reason))
