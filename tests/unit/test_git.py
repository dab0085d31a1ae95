"""What git says about a work tree, asked of the real git."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tap.git import WorkTree, look_at_work_tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1", "TAP-5")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    who = {
        f"GIT_{role}_{what}": "ada"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    home = {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": "/"}
    return {"PATH": os.environ["PATH"], **home, **who}


@pytest.fixture
def tree(tmp_path: Path, environ: dict[str, str]) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "main.tf").write_text("# planned\n")
    (folder / ".gitignore").write_text("*.tfplan\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Plan it"]):
        subprocess.run(["git", *words], cwd=folder, env=environ, check=True)
    return folder


def test_a_clean_tree_is_its_commit(tree: Path, environ: dict[str, str]) -> None:
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    found = look_at_work_tree(tree, environ)

    assert found == WorkTree(commit=head.stdout.strip(), changes=())
    assert found.dirty is False


def test_changed_new_and_removed_files_are_named_and_ignored_ones_are_not(
    tree: Path, environ: dict[str, str]
) -> None:
    (tree / "main.tf").write_text("# edited\n")
    (tree / "a file").touch()
    (tree / "dev.tfplan").touch()
    (tree / ".gitignore").rename(tree / "ignored")
    (tree / ".gitignore").write_text("*.tfplan\n")

    found = look_at_work_tree(tree, environ)

    assert set(found.changes or ()) == {"main.tf", "a file", "ignored"}
    assert found.dirty is True


def test_only_the_project_counts_in_a_larger_repository(
    tree: Path, environ: dict[str, str]
) -> None:
    (tree / "project").mkdir()
    (tree / "main.tf").write_text("# edited\n")

    assert look_at_work_tree(tree / "project", environ).dirty is False
    (tree / "project" / "new.tf").touch()
    assert look_at_work_tree(tree / "project", environ).changes == ("project/new.tf",)


def test_a_repository_without_a_commit_is_dirty_and_has_none(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "main.tf").touch()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=environ, check=True)

    assert look_at_work_tree(tmp_path, environ) == WorkTree(commit=None, changes=("main.tf",))


def test_without_a_repository_git_says_why_it_cannot_tell(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    found = look_at_work_tree(tmp_path, environ)

    assert (found.commit, found.changes, found.dirty) == (None, None, None)
    assert found.problem.startswith("fatal: not a git repository")


def test_without_git_nothing_can_be_told(tmp_path: Path) -> None:
    found = look_at_work_tree(tmp_path, {"PATH": str(tmp_path)})

    assert found == WorkTree(
        commit=None, changes=None, problem="git cannot be run: No such file or directory"
    )
