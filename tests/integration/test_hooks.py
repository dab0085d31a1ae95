"""The hooks of pre-commit, on a fresh clone of what lies here and without fetching any repository."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PRE_COMMIT = ".venv/bin/pre-commit"
# Nobody, whose git reads no settings of this machine; no repository can be fetched.
GIT = {
    "GIT_ALLOW_PROTOCOL": "file",
    "GIT_AUTHOR_EMAIL": "nobody@example.com",
    "GIT_AUTHOR_NAME": "Nobody",
    "GIT_COMMITTER_EMAIL": "nobody@example.com",
    "GIT_COMMITTER_NAME": "Nobody",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
# Of an account that does not exist, and put together here so that no hook finds them in this file.
ACCESS_KEY = "AKIA" + "Z7VRSQ5TJN2XMPLE"
SECRET_KEY = "qT7vK2mNcR9xLwZb4sYd" + "HfGjP1eUaXoViM3k5B8D"


@dataclass(frozen=True)
class Clone:
    """A clone of this repository, of which every file is committed."""

    directory: Path
    home: Path

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone as a person who has set nothing of their own."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("AWS_", "GIT_", "LOCALSTACK_", "PRE_COMMIT", "SKIP", "TAP_", "TF_"))
        }
        variables = {"HOME": str(self.home), "PYTHONPATH": str(self.directory), **GIT}
        return subprocess.run(
            args,
            cwd=self.directory,
            env={**kept, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )

    def git(self, *args: str) -> str:
        """Run git, which must succeed."""
        done = self.run("git", *args)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a clone whose .venv is the one that runs this test."""
    folder = tmp_path_factory.mktemp("hooks")
    clone = Clone(folder / "clone", folder / "home")
    clone.home.mkdir()
    clone.directory.mkdir()
    origin = folder / "origin.git"
    # What lies here, committed or not, and without a word to the git of this checkout.
    clone.git("init", "--quiet", "--bare", str(origin))
    here = (f"--git-dir={origin}", f"--work-tree={REPOSITORY}")
    clone.git(*here, "add", "--all", ".")
    clone.git(*here, "commit", "--quiet", "--message", "What lies here")
    clone.git("clone", "--quiet", str(origin), ".")
    (clone.directory / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        (clone.directory / ".venv" / part.name).symlink_to(part)
    return clone


@pytest.mark.requirement("TST-6")
def test_every_hook_passes_on_a_fresh_clone(clone: Clone) -> None:
    done = clone.run(PRE_COMMIT, "run", "--all-files", "--verbose", "--color=never")
    assert done.returncode == 0, done.stdout
    assert "Initializing environment" not in done.stdout
    assert "Skipped" not in done.stdout
    assert clone.git("status", "--porcelain") == ""
