"""What a run is asked to talk to, and what it leaves there: nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.aws import localstack_endpoint
from tap.process import run as run_program
from tap.settings import FILE_NAME, TARGETS, find_file, load_settings
from tap.testing.deployment import Deployment, applied_in
from tap.testing.planner import Planner
from tap.testing.project import Project, copy_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.run import Run
    from tap.warm.providers import WarmProviders

_FILES = "tap_files"
_LOCK_FILE = "tap_lock_file"
_OWN = "project"


def add_options(parser: pytest.Parser) -> None:
    """Add what chooses target and environment."""
    group = parser.getgroup("tap", "tap: tests of Terraform")
    group.addoption(
        "--target",
        choices=TARGETS,
        default="local",
        help="what environments are applied to: an embedded emulator of this run (default), a "
        "LocalStack that runs (LOCALSTACK_HOST or AWS_ENDPOINT_URL), or AWS",
    )
    group.addoption("--env", metavar="ENV", help="the environment of the fixture applied")
    group.addoption(
        "--suffix",
        default="",
        help="name suffix of a copy of the environment; must be given on aws",
    )
    group.addoption(
        "--keep-applied",
        action="store_true",
        help="leave what was applied to LocalStack or AWS when the run ends",
    )
    words = "files and folders that commands of tests need; by default what git knows"
    parser.addini(_FILES, words, type="args", default=[])
    words = "the .terraform.lock.hcl for plans of modules that have none"
    parser.addini(_LOCK_FILE, words, type="string", default="")


def planner(
    config: pytest.Config, *, folder: Path, warm: WarmProviders, project: Callable[[], Project]
) -> Planner:
    """Return what plans modules and roots for a worker."""
    lock_file, cache = config.getini(_LOCK_FILE), getattr(config, "cache", None)

    def target_environ() -> dict[str, str]:
        found = project()
        return found.target.environ(found.environ())

    made = Planner(
        folder=folder,
        kept=Path(cache.mkdir("tap-plans")) if cache else None,
        lock_file=config.rootpath / lock_file if lock_file else None,
        warm=warm,
        target_environ=target_environ,
    )
    made.forget_old()
    return made


def shared_project(config: pytest.Config, run: Run) -> Project:
    """Return the copy of the project for a run; the first one who asks makes it."""
    file = find_file(config.rootpath)
    if file is None:
        raise pytest.UsageError(f"no {FILE_NAME} in {config.rootpath} or any folder above it")
    directory = run.made() / _OWN
    with run.alone(_OWN):
        if not directory.exists():
            names = config.getini(_FILES) or _known_files(file.parent)
            copy_project(file.parent, directory, names)
    return Project(directory, target_variables(config.getoption("--target")))


def target_variables(target: str) -> dict[str, str]:
    """Return what commands need to be told to talk to a target.

    Raises:
        SettingsError: ``LOCALSTACK_HOST`` is no host and port.
    """
    if target == "localstack":
        return {"TAP_TARGET": target, "AWS_ENDPOINT_URL": localstack_endpoint(os.environ)}
    if target == "aws":
        credentials = {key: os.environ[key] for key in os.environ if key.startswith("AWS_")}
        return {"TAP_TARGET": target, "HOME": str(Path.home()), **credentials}
    return {}


def deployment(config: pytest.Config, project: Project, run: Run) -> Deployment:
    """Return the environment that a run was asked for."""
    target, suffix = config.getoption("--target"), config.getoption("--suffix")
    environments = list(load_settings(project.directory, project.variables).environments)
    name = config.getoption("--env") or (environments[0] if len(environments) == 1 else None)
    if name not in environments:
        found = ", ".join(environments) or "none"
        raise pytest.UsageError(f"give one of these environments by --env: {found}")
    if target == "aws" and not suffix:
        raise pytest.UsageError(
            f"on aws tests apply a copy of {name} and destroy it in the end: give it a name of its "
            "own, such as --suffix test1"
        )
    return Deployment(name=name, project=project, shared=run, suffix=suffix)


def destroy_applied(session: pytest.Session, run: Run) -> None:
    """Destroy what outlives the run; a run that cannot has failed."""
    target = session.config.getoption("--target")
    if target == "local" or session.config.getoption("--keep-applied"):
        # Its emulator ends with the run.
        return
    project = Project(run.folder / _OWN, target_variables(target))
    for name, suffix in applied_in(run):
        words = ["destroy", name, "--yes", *(["--suffix", suffix] if suffix else [])]
        run.progress(f"{name}: destroying")
        ended = project.run(*words, expected=None)
        if ended.returncode != 0:
            reporter = session.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_line(f"{name} is left behind:\n{ended.text}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def stop_emulator(run: Run) -> None:
    """Stop the emulator of a run, if it has started one."""
    project = Project(run.folder / _OWN)
    if (project.directory / FILE_NAME).exists():
        project.run("emulator", "stop")


def _known_files(root: Path) -> list[str]:
    """Return what git knows of a folder and does not ignore; without git all but dot files."""
    try:
        listed = run_program(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            env=os.environ,
            cwd=root,
        )
    except OSError:
        listed = None
    if listed is not None and listed.returncode == 0:
        return [name for name in listed.stdout.split("\0") if name and (root / name).exists()]
    return [path.name for path in root.iterdir() if not path.name.startswith(".")]
