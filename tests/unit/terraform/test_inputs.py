"""Which files and variables count as inputs of a plan, and what happened to them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tap.terraform.inputs import differences, digest_files, digest_variables

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-1")

FILES = (
    "environments/dev/main.tf",
    "environments/dev/more.tf.json",
    "environments/dev/terraform.tfvars",
    "modules/page/main.tf",
    "modules/page/templates/page.html",
    "modules/page/functions/probe/handler.py",
    "modules/page/templates/tests/kept.txt",
)
OTHERS = (
    "environments/dev/.terraform.lock.hcl",
    "environments/dev/.terraform/modules/modules.json",
    "environments/dev/errored.tfstate",
    "environments/dev/old.tfplan",
    "environments/dev/plan",
    "environments/dev/plan.manifest.json",
    "environments/dev/plan.41",
    "environments/dev/plan.41.42",
    "environments/dev/plan.41.manifest.json",
    "modules/page/tests/page.tftest.hcl",
    "modules/page/functions/__pycache__/handler.pyc",
    "modules/unused/main.tf",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (*FILES, *OTHERS):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


def digests(
    project: Path, *, salt: str = "s", plan: str = "plan", **environ: str
) -> dict[str, str]:
    return digest_files(
        [project / "environments" / "dev", project / "modules" / "page"],
        project=project,
        plan=project / "environments" / "dev" / plan,
        salt=salt,
        environ=environ,
    )


def test_everything_a_module_may_read_is_an_input_and_what_terraform_writes_is_not(
    project: Path,
) -> None:
    assert tuple(sorted(digests(project))) == tuple(sorted(FILES))


def test_a_digest_is_the_one_that_sha256sum_prints(project: Path) -> None:
    name = "modules/page/templates/page.html"
    assert digests(project)[name] == hashlib.sha256(name.encode()).hexdigest()


def test_a_plan_hides_no_other_file_that_begins_like_it(project: Path) -> None:
    assert "environments/dev/main.tf" in digests(project, plan="main")
    assert "environments/dev/plan" in digests(project, plan="main")


@pytest.mark.requirement("TST-5")
@pytest.mark.parametrize("variable", ["PLANFILE", "SHOWFILE", "POLICYCHECKFILE"])
def test_what_atlantis_writes_between_plan_and_apply_is_no_input(
    project: Path, variable: str
) -> None:
    file = project / "environments" / "dev" / "written.json"
    before = digests(project)
    file.write_text("{}")

    assert digests(project, **{variable: str(file)}) == before
    assert differences(before, digests(project)) == ["environments/dev/written.json (new)"]


@pytest.mark.requirement("TAP-6")
def test_a_file_of_variables_cannot_be_guessed_from_its_digest(project: Path) -> None:
    name = "environments/dev/terraform.tfvars"
    first, second = digests(project, salt="a")[name], digests(project, salt="b")[name]

    assert first != second
    assert hashlib.sha256(name.encode()).hexdigest() not in {first, second}
    assert digests(project, salt="a")[name] == first


def test_links_are_followed_once(project: Path) -> None:
    page = project / "modules" / "page"
    (page / "circle").symlink_to(page)
    (page / "shared").symlink_to(project / "modules" / "unused")
    (page / "gone").symlink_to(project / "nowhere")

    found = set(digests(project)) - set(FILES)

    assert found == {"modules/page/shared/main.tf"}


@pytest.mark.requirement("TAP-6")
def test_variables_are_known_by_name_only() -> None:
    environ = {
        "TF_VAR_password": "correct horse",
        "TF_VAR_of_nobody": "x",
        "TF_CLI_ARGS_plan": "-var password=battery",
        "HOME": "/root",
    }

    found = digest_variables(["password", "zone"], environ, salt="s")

    assert list(found) == ["TF_CLI_ARGS_plan", "TF_VAR_password", "TF_VAR_zone"]
    assert found["TF_VAR_zone"] is None
    assert "horse" not in repr(found)
    assert (
        found["TF_VAR_password"]
        != digest_variables(["password"], environ, salt="t")["TF_VAR_password"]
    )


def test_differences_say_what_happened_to_each_name() -> None:
    before = {"a": "1", "b": "1", "c": "1", "d": None, "e": None}
    after = {"a": "1", "b": "2", "d": "1", "f": None}

    assert differences(before, after) == ["b (changed)", "c (gone)", "d (new)"]
