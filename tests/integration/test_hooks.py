"""The hooks of pre-commit on a fresh clone of what lies here; no other repository is fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

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
TOKEN = "ghp_" + "1xQ4vB8nM2kL6jH0gF3dS7aP9oI5uYtREwZc"
_CONFIG = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS: dict[str, str] = {
    hook["id"]: hook["name"] for repository in _CONFIG["repos"] for hook in repository["hooks"]
}
# On everything they take minutes, and `make lint` runs them on everything.
SLOW = ("terraform-validate", "mypy")
# What is left for them of each folder.
KEPT = (
    "environments/dev/.terraform.lock.hcl",
    "modules/lambda",
    "tap/__init__.py",
    "tap/errors.py",
)
UNKNOWN = '\noutput "wrong" {\n  description = "Wrong."\n  value       = local.no_such\n}\n'
WORKFLOW = """\
on: pull_request_target
jobs:
  wrong:
    runs-on: ubuntu-24.04
    steps:
      - run: echo ${{ github.event.pull_request.title }}
"""
FAULTS = [
    ("terraform-fmt", "modules/vpc/outputs.tf", 'output   "wrong" {}\n', "outputs.tf"),
    (
        "tap-check",
        "modules/lambda/iam.tf",
        '\nresource "aws_db_instance" "wrong" {\n  password = "correct-horse"\n}\n',
        "PWD-03",
    ),
    (
        "lock-files",
        "environments/extra/backend.tf",
        'terraform {\n  backend "s3" {}\n}\n',
        "environments/extra: has no .terraform.lock.hcl",
    ),
    ("ruff-check", "tap/errors.py", "import json\n", "F401"),
    ("ruff-format", "tap/errors.py", "x = ( 1 )\n", "1 file would be reformatted"),
    (
        "generated-documents",
        "modules/vpc/variables.tf",
        '\nvariable "wrong" {\n  type = string\n}\n',
        "stale: modules/vpc/README.md",
    ),
    ("atlantis", "atlantis.yaml", "  - name: wrong\n", "atlantis.yaml"),
    ("workflow-schema", ".github/workflows/wrong.yml", "on: push\njobs: 1\n", "wrong.yml"),
    ("workflow-security", ".github/workflows/wrong.yml", WORKFLOW, "template-injection"),
    ("shell", "wrong.sh", "#!/bin/sh\nrm -r $1\n", "SC2086"),
    ("secrets", "wrong.yml", f"key: {ACCESS_KEY}\nsecret: {SECRET_KEY}\n", "AWS-ACCESS-TOKEN"),
    ("secrets", "wrong.tf", f'token = "{TOKEN}"\n', "GITHUB-PAT"),
    ("yaml", "wrong.yml", "a: [1\n", "wrong.yml"),
    ("toml", "wrong.toml", "a = \n", "wrong.toml"),
    ("large-files", "wrong.txt", 500_001 * "x", "larger than 500 kB: wrong.txt"),
    ("trailing-whitespace", "wrong.md", "a \n", "wrong.md:1"),
    ("end-of-file", "wrong.md", "a", "wrong.md"),
    ("merge-conflict", "wrong.md", 7 * "<" + " HEAD\n", "wrong.md:1"),
    ("private-key", "wrong.pem", "-----BEGIN EC " + "PRIVATE KEY-----\n", "wrong.pem:1"),
]


@dataclass(frozen=True)
class Clone:
    """A clone of this repository, of which every file is committed."""

    directory: Path
    home: Path

    def run(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the clone as a person who has set nothing of their own."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(
                ("AWS_", "GIT_", "LOCALSTACK_", "PRE_COMMIT", "SKIP", "TAP_", "TF_")
            )
        }
        variables = {"HOME": str(self.home), "PYTHONPATH": str(self.directory), **more, **GIT}
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
    clone.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    here = (f"--git-dir={origin}", f"--work-tree={REPOSITORY}")
    clone.git(*here, "add", "--all", ".")
    clone.git(*here, "commit", "--quiet", "--message", "What lies here")
    clone.git("clone", "--quiet", str(origin), ".")
    (clone.directory / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        (clone.directory / ".venv" / part.name).symlink_to(part)
    return clone


@pytest.fixture
def faulty(clone: Clone) -> Iterator[Clone]:
    """Return the same clone, which is as it was afterwards."""
    yield clone
    clone.git("reset", "--quiet", "--hard", "origin/main")
    clone.git("clean", "--quiet", "--force", "-d")


def hooks(clone: Clone, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run hooks of pre-commit."""
    return clone.run(PRE_COMMIT, "run", "--color=never", *args, **more)


def outcomes(text: str) -> dict[str, str]:
    """Return how each hook ended, by its name."""
    return dict(re.findall(r"^(\S.*?)\.{3,}(?:\(.*\))?(\w+)$", text, re.MULTILINE))


@pytest.mark.requirement("TST-6")
@pytest.mark.timeout(900)
def test_every_hook_passes_on_a_fresh_clone(clone: Clone) -> None:
    done = hooks(clone, "--all-files", SKIP=",".join(SLOW))
    assert done.returncode == 0, done.stdout
    ended = outcomes(done.stdout)
    assert len(ended) == len(HOOKS)
    assert {name for name, outcome in ended.items() if outcome != "Passed"} == {
        HOOKS[hook] for hook in SLOW
    }
    assert "Initializing environment" not in done.stdout
    assert clone.git("status", "--porcelain") == ""


@pytest.mark.requirement("TST-6")
@pytest.mark.parametrize(
    ("hook", "file", "text", "told"), FAULTS, ids=[f"{hook}:{file}" for hook, file, *_ in FAULTS]
)
def test_a_fault_is_found_by_its_hook(
    faulty: Clone, hook: str, file: str, text: str, told: str
) -> None:
    path = faulty.directory / file
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + text, encoding="utf-8")
    faulty.git("add", "--all")

    done = hooks(faulty, hook, "--files", file)

    assert done.returncode == 1, done.stdout
    assert outcomes(done.stdout) == {HOOKS[hook]: "Failed"}
    assert told in done.stdout


@pytest.mark.requirement("TST-6")
def test_the_slow_hooks_pass_and_find_a_fault_in_what_is_small(faulty: Clone) -> None:
    folders = ("backend", "benchmarks", "environments", "modules", "tap", "tests")
    faulty.git("rm", "-r", "--quiet", "--", *folders, *(f":(exclude){kept}" for kept in KEPT))
    (faulty.directory / "tap.toml").write_text('project = "payments"\n')
    (faulty.directory / "benchmarks").mkdir()
    (faulty.directory / "benchmarks" / "first.py").touch()
    for hook, file, text, told in (
        (
            "terraform-validate",
            "modules/lambda/main.tf",
            UNKNOWN,
            'name "no_such" has not been declared',
        ),
        ("mypy", "tests/first.py", 'COUNT: int = "one"\n', "Incompatible types in assignment"),
    ):
        path = faulty.directory / file
        path.parent.mkdir(exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before, encoding="utf-8")
        faulty.git("add", file)
        good = hooks(faulty, hook, "--files", file, PYTHONPATH=str(REPOSITORY))
        assert good.returncode == 0, good.stdout
        path.write_text(before + text, encoding="utf-8")
        bad = hooks(faulty, hook, "--files", file, PYTHONPATH=str(REPOSITORY))
        assert outcomes(bad.stdout) == {HOOKS[hook]: "Failed"}
        assert told in bad.stdout


@pytest.mark.requirement("TST-6")
def test_an_installed_hook_stops_a_commit_with_a_secret(faulty: Clone) -> None:
    installed = faulty.run(PRE_COMMIT, "install")
    assert installed.returncode == 0, installed.stdout
    file = faulty.directory / "notes.txt"
    file.write_text(f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    faulty.git("add", "notes.txt")

    refused = faulty.run("git", "commit", "--message", "Note")

    assert refused.returncode == 1
    assert outcomes(refused.stdout)[HOOKS["secrets"]] == "Failed"
    assert SECRET_KEY not in refused.stdout
    file.write_text("Nothing to hide.\n")
    faulty.git("add", "notes.txt")
    assert "1 file changed" in faulty.git("commit", "--message", "Note")
