"""Every example in a module's README can be planned as it stands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.terraform.installation import find_terraform, terraform_environ
from tap.testing.planner import OFFLINE_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parents[2]
READMES = sorted(REPOSITORY.glob("modules/*/README.md"))


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize(
    "readme",
    [pytest.param(file, marks=pytest.mark.xdist_group(str(file))) for file in READMES],
    ids=lambda file: file.parent.name,
)
def test_the_examples_of_a_readme_can_be_planned(
    readme: Path, tmp_path: Path, warm_variables: Callable[..., dict[str, str]]
) -> None:
    blocks = re.findall(r"^```hcl\n(.*?)^```", readme.read_text(), re.DOTALL | re.MULTILINE)
    examples = [block for block in blocks if re.search(r'^module "', block, re.MULTILINE)]
    assert examples
    for number, example in enumerate(examples):
        text = re.sub(r'^module "(\w+)"', rf'module "\1_{number}"', example, flags=re.MULTILINE)
        text = text.replace('"../../modules/', f'"{REPOSITORY}/modules/')
        (tmp_path / f"example{number}.tf").write_text(text)
    providers = [
        {"region": "eu-west-1", **OFFLINE_PROVIDER},
        {"alias": "replica", "region": "eu-central-1", **OFFLINE_PROVIDER},
        {"alias": "us_east_1", "region": "us-east-1", **OFFLINE_PROVIDER},
    ]
    required = {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}
    root = {"terraform": {"required_providers": required}, "provider": {"aws": providers}}
    (tmp_path / "main.tf.json").write_text(json.dumps(root))
    shutil.copy(REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl", tmp_path)
    environ = terraform_environ(os.environ, folder=tmp_path)
    terraform = find_terraform(os.environ).path
    for arguments in (["init"], ["plan", "-lock=false"]):
        done = subprocess.run(
            [terraform, *arguments, "-input=false", "-no-color"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        environ = warm_variables(tmp_path, environ)
    assert re.search(r"Plan: [1-9]\d* to add, 0 to change, 0 to destroy\.", done.stdout)


@pytest.mark.requirement("DOC-1")
def test_the_generated_documents_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/generate_docs.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
