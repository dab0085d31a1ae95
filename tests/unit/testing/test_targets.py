"""What a run is asked to talk to, what it copies, and what it must destroy."""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from tap.errors import SettingsError
from tap.testing.project import Project
from tap.testing.run import Run
from tap.testing.targets import (
    deployment,
    destroy_applied,
    shared_project,
    stop_emulator,
    target_variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TST-1"), pytest.mark.timeout(60)]


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return the folder of somebody's repository."""
    folder = tmp_path / "theirs"
    for name in ("dev", "prod"):
        (folder / "environments" / name).mkdir(parents=True)
        (folder / "environments" / name / "main.tf").touch()
    (folder / "tap.toml").write_text('project = "shop"\n')
    (folder / "secret.txt").touch()
    (folder / ".hidden").touch()
    return folder


@pytest.fixture
def configure(theirs: Path) -> Iterator[Callable[..., pytest.Config]]:
    """Return a function: options -> what pytest makes of them in that repository."""
    made = []

    def configure(*options: str, folder: Path = theirs) -> pytest.Config:
        words = [f"--rootdir={folder}", "-p", "no:cacheprovider", *options, str(folder)]
        made.append(pytest.Config.fromdictargs({}, words))
        return made[-1]

    yield configure
    for config in made:
        config._ensure_unconfigure()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def copied(project: Project) -> set[str]:
    return {
        str(file.relative_to(project.directory))
        for file in project.directory.rglob("*")
        if file.is_file()
    }


SOURCES = {"tap.toml", "environments/dev/main.tf", "environments/prod/main.tf"}


def test_without_git_all_but_hidden_files_is_copied_once(
    configure: Callable[..., pytest.Config], run: Run, theirs: Path
) -> None:
    first = shared_project(configure(), run)
    (theirs / "later.txt").touch()

    assert first.directory == run.folder / "project"
    assert first.variables == {}
    assert copied(shared_project(configure(), run)) == {*SOURCES, "secret.txt"}


def test_what_git_ignores_or_has_lost_is_not_copied(
    configure: Callable[..., pytest.Config], run: Run, theirs: Path
) -> None:
    (theirs / ".gitignore").write_text("secret.txt\n")
    (theirs / "deleted.txt").touch()
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=theirs, check=True)
    (theirs / "deleted.txt").unlink()
    (theirs / "new.txt").touch()

    found = shared_project(configure(), run)

    assert copied(found) == {*SOURCES, ".gitignore", ".hidden", "new.txt"}


def test_on_a_machine_without_git_it_is_not_asked(
    configure: Callable[..., pytest.Config], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(run.folder / "nowhere"))

    assert copied(shared_project(configure(), run)) == {*SOURCES, "secret.txt"}


def test_what_is_copied_can_be_named(configure: Callable[..., pytest.Config], run: Run) -> None:
    found = shared_project(configure("-o", "tap_files=tap.toml environments/dev"), run)

    assert copied(found) == {"tap.toml", "environments/dev/main.tf"}


def test_without_a_project_there_is_nothing_to_copy(
    configure: Callable[..., pytest.Config], run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()

    with pytest.raises(pytest.UsageError, match=rf"^no tap.toml in {folder} or any folder above"):
        shared_project(configure(folder=folder), run)


def test_credentials_reach_aws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "shop")
    monkeypatch.setenv("LOCALSTACK_HOST", "localstack:4566")
    monkeypatch.setenv("HOME", "/home/jane")

    assert target_variables("local") == {}
    assert target_variables("aws") == {
        "TAP_TARGET": "aws",
        "HOME": "/home/jane",
        "AWS_PROFILE": "shop",
    }
    found = target_variables("localstack")
    assert found["TAP_TARGET"] == "localstack"
    assert found.keys() == {"TAP_TARGET", "AWS_ENDPOINT_URL"}
    assert found["AWS_ENDPOINT_URL"].endswith("localstack:4566")

    monkeypatch.setenv("LOCALSTACK_HOST", "a:b:c")
    with pytest.raises(SettingsError, match="LOCALSTACK_HOST=a:b:c is no host"):
        target_variables("localstack")


def test_the_environment_is_the_one_that_was_asked_for(
    configure: Callable[..., pytest.Config], run: Run, theirs: Path
) -> None:
    found = deployment(configure("--env=prod", "--suffix=x"), Project(theirs), run)

    assert (found.label, found.shared, found.project.directory) == ("prod-x", run, theirs)


def test_the_only_environment_need_not_be_named(
    configure: Callable[..., pytest.Config], run: Run, theirs: Path
) -> None:
    (theirs / "environments" / "prod" / "main.tf").unlink()
    (theirs / "environments" / "prod").rmdir()

    assert deployment(configure(), Project(theirs), run).label == "dev"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give one of these environments by --env: dev, prod"),
        (["--env=test"], "give one of these environments by --env: dev, prod"),
        (
            ["--env=dev", "--target=aws"],
            (
                "on aws tests apply a copy of dev and destroy it in the end: give it a name of its "
                "own, such as --suffix test1"
            ),
        ),
    ],
)
def test_an_environment_that_cannot_be_told_is_a_wrong_use(
    configure: Callable[..., pytest.Config],
    run: Run,
    theirs: Path,
    options: list[str],
    message: str,
) -> None:
    with pytest.raises(pytest.UsageError) as raised:
        deployment(configure(*options), Project(theirs), run)

    assert str(raised.value) == message


def test_a_project_without_environments_says_so(
    configure: Callable[..., pytest.Config], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "tap.toml").write_text('project = "shop"\n')

    with pytest.raises(pytest.UsageError, match=r"by --env: none$"):
        deployment(configure(), Project(tmp_path), run)


@pytest.fixture
def applied(run: Run) -> Run:
    """Return a run that has applied an environment of a project that is damaged since."""
    folder = run.made() / "deployments" / "dev-x"
    folder.mkdir(parents=True)
    (folder / "environment").write_text("dev x")
    (run.folder / "project").mkdir()
    (run.folder / "project" / "tap.toml").write_text("damaged")
    return run


def finished(config: pytest.Config, run: Run) -> tuple[int | pytest.ExitCode, str]:
    """End a session and return how it ended, and what it printed."""
    session, printed = pytest.Session.from_config(config), io.StringIO()
    reporter = pytest.TerminalReporter(config, printed)
    config.pluginmanager.register(reporter, "terminalreporter")
    session.exitstatus = pytest.ExitCode.OK
    destroy_applied(session, run)
    return session.exitstatus, printed.getvalue()


def test_a_run_that_leaves_something_behind_has_failed(
    configure: Callable[..., pytest.Config], applied: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    status, printed = finished(configure("--target=localstack"), applied)

    assert status == pytest.ExitCode.TESTS_FAILED
    assert "dev is left behind:\n$ tap destroy dev --yes --suffix x\n" in printed
    assert "tap.toml: cannot be read" in printed
    assert (applied.folder / "progress").read_text() == "dev: destroying\n"


@pytest.mark.parametrize("options", [[], ["--target=localstack", "--keep-applied"]])
def test_what_ends_with_the_run_or_is_to_be_kept_is_not_destroyed(
    configure: Callable[..., pytest.Config], applied: Run, options: list[str]
) -> None:
    assert finished(configure(*options), applied) == (pytest.ExitCode.OK, "")
    assert not (applied.folder / "progress").exists()


def test_a_run_without_a_project_has_no_emulator_to_stop(run: Run) -> None:
    stop_emulator(run)

    assert not run.folder.exists()
