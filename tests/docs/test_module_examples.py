"""Every example in a module's README can be planned as it stands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.plan import summarize
from tap.testing.planner import OFFLINE_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.terraform.root import Root

REPOSITORY = Path(__file__).parents[2]
READMES = sorted(REPOSITORY.glob("modules/*/README.md"))


@pytest.mark.requirement("DOC-1")
@pytest.mark.parametrize(
    "readme",
    [pytest.param(file, marks=pytest.mark.xdist_group(str(file))) for file in READMES],
    ids=lambda file: file.parent.name,
)
def test_the_examples_of_a_readme_can_be_planned(
    readme: Path, tmp_path: Path, warm_root: Callable[[Path], Root]
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
    caller = warm_root(tmp_path)
    caller.plan(tmp_path / "plan")
    counts = summarize(caller.show(tmp_path / "plan").plan).total
    assert counts.add > 0
    assert (counts.change, counts.destroy) == (0, 0)


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
