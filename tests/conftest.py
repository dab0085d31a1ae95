"""What every test may use: a copy of the project with an emulator of its own.

The tests that run real commands do so in a copy, so that they never touch the emulator, the
plans and the states of the person who runs them. One copy serves a whole run, also when
several workers share the work.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from tap.aws import Target
from tap.emulator.control import Emulator
from tap.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
TAP = Path(sys.executable).parent / "tap"

ENVIRONMENTS = ("dev", "staging", "prod")

# Of a provider that plans without asking anybody.
OFFLINE_PROVIDER: dict[str, Any] = {
    "access_key": "offline",
    "secret_key": "offline",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}

_COPIED = (
    *("backend", "environments", "modules", "tap.toml"),
    *("Makefile", "pyproject.toml", "requirements"),
)
_LONGEST_FIRST = ["prod", "dev", "staging"]

_RUN_FOLDER = "TAP_TEST_RUN_FOLDER"
_FOREIGN_VARIABLES = ("AWS_", "TAP_", "TF_", "LOCALSTACK_")


@dataclass(frozen=True)
class Ended:
    """How a ``tap`` command ended."""

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it printed, for messages."""
        return f"$ {' '.join(self.args)}\n{self.stdout}{self.stderr}exit {self.returncode}"


@dataclass(frozen=True)
class Project:
    """A copy of this project in which real commands are run."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the variables of a person who has set nothing of their own."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(_FOREIGN_VARIABLES)
        }
        fixed = {"HOME": str(self.directory / "home"), "NO_COLOR": "1"}
        return {**kept, **fixed, **self.variables, **extra}

    def start(self, *args: str, **extra: str) -> subprocess.Popen[str]:
        """Start ``tap`` and return at once."""
        return subprocess.Popen(
            [TAP, *args],
            cwd=self.directory,
            env=self.environ(**extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str, expected: int | None = 0, **extra: str) -> Ended:
        """Run ``tap`` to its end and check the exit code.

        Args:
            args: The words after ``tap``.
            expected: The exit code that must come; None accepts any.
            extra: Variables to set.
        """
        with self.start(*args, **extra) as process:
            stdout, stderr = process.communicate()
        ended = Ended(("tap", *args), process.returncode, stdout, stderr)
        if expected is not None:
            assert ended.returncode == expected, ended.text
        return ended

    def shell(self, command: str, *, expected: int | None = 0) -> Ended:
        """Run a command as the documents have it, to its end, and check the exit code.

        Args:
            command: Such as ``make plan ENV=dev`` or ``.venv/bin/tap status dev``.
            expected: The exit code that must come; None accepts any.
        """
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        ended = Ended((command,), done.returncode, done.stdout, done.stderr)
        if expected is not None:
            assert ended.returncode == expected, ended.text
        return ended


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def project() -> Project:
    """Return the copy of the project that this whole run shares."""
    directory = Path(os.environ[_RUN_FOLDER]) / "project"
    with alone(directory.with_suffix(".lock")):
        if not directory.exists():
            copy_project(directory)
    return Project(directory)


@pytest.fixture
def own_project(project: Project, tmp_path: Path) -> Project:
    """Return a copy of one's own, to be edited, on the shared emulator and its states.

    Its commands need ``--target localstack`` and a ``--suffix`` that nobody else uses.
    """
    project.run("init", "dev")
    directory = tmp_path / "project"
    copy_project(directory)
    emulator = Emulator(project.directory / ".tap" / "emulator")
    return Project(directory, {"AWS_ENDPOINT_URL": str(emulator.status().endpoint)})


def copy_project(directory: Path) -> None:
    """Copy what a plan and make read into a new folder, with ``tap`` where make installs it."""
    fresh = directory.with_suffix(".new")
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, fresh / name, ignore=shutil.ignore_patterns(".terraform"))
        else:
            shutil.copy(source, fresh / name)
    (fresh / "home").mkdir()
    (fresh / ".venv" / "bin").mkdir(parents=True)
    (fresh / ".venv" / "bin" / "tap").symlink_to(TAP)
    (fresh / ".venv" / "run").touch()
    fresh.rename(directory)


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


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep other workers out."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@dataclass
class Deployment:
    """One environment in the shared project, planned once and applied once.

    Attributes:
        name: The environment.
        project: Where it is planned and applied.
        progress: Shows a line at once.
        failure: Why it could not be applied; empty until then.
    """

    name: str
    project: Project
    progress: Callable[[str], None]
    failure: str = ""

    @cached_property
    def plan(self) -> Plan:
        """The plan from nothing, by ``make plan``."""
        self.progress(f"{self.name}: planning")
        self.planned = self.project.shell(f"make plan ENV={self.name}")
        return self.show(self.name)

    def plan_file(self, label: str) -> Path:
        """Return where ``tap plan`` saves the plan of a copy of the environment."""
        return self.project.directory / ".tap" / "local" / "plans" / f"{label}.tfplan"

    def show(self, label: str) -> Plan:
        """Return a saved plan, read by Terraform itself."""
        return Plan.decode(self.show_json(label))

    def show_json(self, label: str) -> bytes:
        """Return a saved plan in JSON."""
        work = self.project.directory / ".tap"
        shown = subprocess.run(
            ["terraform", "show", "-json", self.plan_file(label)],
            cwd=self.project.directory / "environments" / self.name,
            env=self.project.environ(
                CHECKPOINT_DISABLE="1",
                TF_CLI_CONFIG_FILE=str(work / "terraformrc"),
                TF_DATA_DIR=str(work / "local" / "data" / label),
            ),
            capture_output=True,
            check=True,
        )
        return shown.stdout

    @cached_property
    def apply(self) -> Ended:
        """The first apply, of the saved plan, by ``make apply``; tried once.

        The plan right after it is kept as ``again``.
        """
        if self.failure:
            pytest.fail(f"{self.name} could not be applied: {self.failure}")
        assert self.plan.resource_changes
        self.progress(f"{self.name}: applying")
        ended = self.project.shell(f"make apply ENV={self.name}", expected=None)
        if ended.returncode != 0:
            self.failure = ended.stderr.partition("Error: ")[2]
            pytest.fail(ended.text)
        assert not self.plan_file(self.name).exists(), "an applied plan is kept"
        self.progress(f"{self.name}: applied")
        self.again = self.project.run("plan", self.name)
        return ended

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the applied environment, by ``tap output``."""
        assert self.apply.returncode == 0
        ended = self.project.run("output", self.name, "--output", "json")
        return cast("dict[str, Any]", json.loads(ended.stdout))

    @property
    def emulator(self) -> Emulator:
        """The emulator that the project's commands use."""
        return Emulator(self.project.directory / ".tap" / "emulator")

    def client(self, service: str, region: str = "eu-west-1") -> Any:
        """Return a boto3 client of the emulator."""
        assert self.apply.returncode == 0
        endpoint = self.emulator.status().endpoint
        return Target(name="local", endpoint=endpoint, region=region).client(service)


@pytest.fixture(scope="session")
def named_deployment(project: Project, progress: Any) -> Callable[[str], Deployment]:
    """Return a function: environment -> its deployment.

    A test that uses it carries ``xdist_group`` with the environment's name, so that all tests
    of an environment run in the worker that has applied it.
    """
    deployments: dict[str, Deployment] = {}
    return lambda name: deployments.setdefault(name, Deployment(name, project, progress))


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ENVIRONMENTS],
)
def deployment(
    request: pytest.FixtureRequest, named_deployment: Callable[[str], Deployment]
) -> Deployment:
    """Return each environment in turn."""
    return named_deployment(request.param)


@pytest.fixture(scope="session")
def progress() -> Any:
    """Return a function that shows one line at once, also from within a worker."""
    file = Path(os.environ[_RUN_FOLDER]) / "progress"
    started = time.monotonic()

    def show(text: str) -> None:
        with file.open("a") as stream:
            stream.write(f"[{time.monotonic() - started:4.0f} s] {text}\n")

    return show


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run before any worker starts."""
    if hasattr(config, "workerinput"):
        return
    folder = Path(tempfile.mkdtemp(prefix="tap-tests-"))
    os.environ[_RUN_FOLDER] = str(folder)
    # Not the answers of the provider that the person who runs this keeps.
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "progress").touch()
    threading.Thread(target=_show_progress, args=(config, folder / "progress"), daemon=True).start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the emulator of this run and remove its folder."""
    if hasattr(config, "workerinput") or _RUN_FOLDER not in os.environ:
        return
    folder = Path(os.environ.pop(_RUN_FOLDER))
    if (folder / "project" / "tap.toml").exists():
        Project(folder / "project").run("emulator", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep a file's tests in one worker, so that what they share is made once."""
    if item.get_closest_marker("xdist_group") is None:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and end with the tests that end something."""

    def rank(item: pytest.Item) -> tuple[int, bool]:
        groups = {mark.args[0] for mark in item.iter_markers("xdist_group")}
        place = min(
            (_LONGEST_FIRST.index(name) for name in groups & set(_LONGEST_FIRST)), default=9
        )
        return place, item.get_closest_marker("last") is not None

    items.sort(key=rank)


def _show_progress(config: pytest.Config, file: Path) -> None:
    with file.open() as stream:
        while file.exists():
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None and (text := stream.read()):
                reporter.ensure_newline()
                reporter.write(text)
            time.sleep(0.2)
