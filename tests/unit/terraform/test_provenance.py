"""What a plan was made of, compared with what there is when it is applied."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tap.errors import StalePlanError, TerraformError
from tap.git import WorkTree
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.manifest import Circumstances
from tap.terraform.provenance import Recorder, check_plan
from tap.terraform.saved import private_plan, publish_plan, taken_plan

if TYPE_CHECKING:
    from pathlib import Path

    from tap.terraform.manifest import Manifest
    from tests.unit.conftest import World

pytestmark = pytest.mark.requirement("TAP-1", "TAP-7")

TREE = WorkTree(commit="0123456789abcdef0123456789abcdef01234567", changes=("main.tf",))


@pytest.fixture
def here(world: World, tmp_path: Path) -> Circumstances:
    """An environment with one file, and no state in the emulator."""
    root = tmp_path / "environments" / "dev"
    root.mkdir(parents=True)
    (root / "main.tf").touch()
    (tmp_path / "tap.toml").write_text('project = "shop"\nplan_max_age = "2h"\n')
    return Circumstances(
        backend=Backend(
            settings=load_settings(tmp_path, {}), target=world.target, account_id="123456789012"
        ),
        label="dev",
        state_key=f"provenance/{tmp_path.name}",
        terraform_version="1.11.4",
        environ={"TF_VAR_color": "blue"},
    )


def root(here: Circumstances) -> Path:
    return here.project / "environments" / "dev"


def plan_file(here: Circumstances) -> Path:
    return here.project / ".tap" / "dev.tfplan"


def saved(here: Circumstances, *, destroy: bool = False) -> Manifest:
    """Save what stands for a plan of Terraform: an archive with a state in it."""
    public = plan_file(here)
    public.parent.mkdir(exist_ok=True)
    recorder = Recorder.start(here, root=root(here), folders=[root(here)], plan=public)
    with private_plan(public) as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("tfstate", json.dumps({"serial": 0, "lineage": ""}))
        manifest = recorder.finish(file, variables=["color"], destroy=destroy, tree=TREE)
        publish_plan(file, public, manifest)
    return manifest


def checked(here: Circumstances, *, later: timedelta = timedelta()) -> Manifest:
    with taken_plan(plan_file(here)) as taken:
        return check_plan(
            taken,
            here,
            root=root(here),
            now=datetime.now(UTC) + later,
            command="tap plan dev",
        )


def refused(here: Circumstances, *, later: timedelta = timedelta()) -> StalePlanError:
    with pytest.raises(StalePlanError) as caught:
        checked(here, later=later)
    assert plan_file(here).exists()
    return caught.value


def test_a_plan_that_fits_tells_what_it_was_made_of(here: Circumstances) -> None:
    manifest = saved(here)

    assert checked(here) == manifest
    assert (manifest.commit, manifest.dirty) == (TREE.commit, True)
    assert manifest.created.tzinfo is not None


def test_a_plan_of_another_account_is_refused(here: Circumstances) -> None:
    saved(here)

    error = refused(replace(here, backend=replace(here.backend, account_id="444444444444")))

    assert error.message == (
        "the saved plan was made for account 123456789012, and this is account 444444444444"
    )
    assert error.hint == "plan again: tap plan dev"


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (timedelta(hours=3), "the saved plan is 3 h old, and plan_max_age is 2 h"),
        (timedelta(days=9), "the saved plan is 9 days old, and plan_max_age is 2 h"),
        (-timedelta(minutes=6), "UTC, which is yet to come: a clock is wrong"),
    ],
)
def test_a_plan_has_an_age(here: Circumstances, later: timedelta, message: str) -> None:
    saved(here)

    assert message in refused(here, later=later).message


@pytest.mark.parametrize("later", [timedelta(minutes=119), -timedelta(minutes=4)])
def test_a_plan_is_young_enough_although_clocks_differ(
    here: Circumstances, later: timedelta
) -> None:
    saved(here)

    assert checked(here, later=later).environment == "dev"


def test_many_changed_inputs_are_counted(here: Circumstances) -> None:
    saved(here)
    for number in range(12):
        (root(here) / f"more{number:02}.tf").touch()

    message = refused(here).message

    assert "environments/dev/more09.tf (new) and 2 more" in message
    assert "more10" not in message


@pytest.mark.parametrize(
    ("environ", "change"),
    [
        ({}, "TF_VAR_color (gone)"),
        ({"TF_VAR_color": "green"}, "TF_VAR_color (changed)"),
        (
            {"TF_VAR_color": "blue", "TF_CLI_ARGS_apply": "-parallelism=1"},
            "TF_CLI_ARGS_apply (new)",
        ),
        ({"TF_VAR_color": "blue", "TF_WORKSPACE": "other"}, "TF_WORKSPACE (new)"),
    ],
)
def test_what_the_environment_says_now_is_compared(
    here: Circumstances, environ: dict[str, str], change: str
) -> None:
    saved(here)

    error = refused(replace(here, environ=environ))

    assert error.message == f"the saved plan is stale: its inputs changed: {change}"


def test_a_variable_that_the_root_does_not_have_changes_nothing(here: Circumstances) -> None:
    saved(here)

    assert (
        checked(replace(here, environ={**here.environ, "TF_VAR_other": "x"})).environment == "dev"
    )


def test_a_lock_file_that_changes_or_goes_is_named(here: Circumstances) -> None:
    lock_file = root(here) / ".terraform.lock.hcl"
    lock_file.write_text("one")
    saved(here)

    lock_file.write_text("two")
    changed = refused(here).message
    lock_file.unlink()
    gone = refused(here).message

    assert changed.endswith("inputs changed: environments/dev/.terraform.lock.hcl (changed)")
    assert gone.endswith("inputs changed: environments/dev/.terraform.lock.hcl (gone)")


def test_a_state_that_was_written_since_is_told_from_the_one_before(
    here: Circumstances, world: World
) -> None:
    saved(here)
    world.target.client("s3").put_object(
        Bucket=here.backend.bucket,
        Key=here.state_key,
        Body=b'{"serial": 5, "lineage": "70023f80-609e-56a3-dc39-ed8a85f7a957"}',
    )

    assert refused(here).message == (
        "the saved plan is stale: the state moved on: it was made on no state, "
        "and now there is serial 5 of state 70023f80"
    )


def test_a_plan_to_destroy_is_planned_again_as_one(here: Circumstances) -> None:
    saved(here, destroy=True)

    assert refused(here, later=timedelta(days=2)).hint == "plan again: tap plan dev --destroy"


def test_what_a_plan_makes_itself_is_no_change_while_it_is_made(here: Circumstances) -> None:
    recorder = Recorder.start(
        here, root=root(here), folders=[root(here)], plan=here.project / "dev.tfplan"
    )
    (root(here) / "made.zip").touch()
    with zipfile.ZipFile(here.project / "dev.tfplan", "w") as archive:
        archive.writestr("tfstate", "{}")

    manifest = recorder.finish(here.project / "dev.tfplan", variables=[], destroy=False, tree=TREE)

    assert "environments/dev/made.zip" in manifest.files


def test_an_edit_while_it_is_planned_makes_no_manifest(here: Circumstances) -> None:
    recorder = Recorder.start(
        here, root=root(here), folders=[root(here)], plan=here.project / "dev.tfplan"
    )
    (root(here) / "main.tf").unlink()

    with pytest.raises(TerraformError) as caught:
        recorder.finish(here.project / "dev.tfplan", variables=[], destroy=False, tree=TREE)

    assert caught.value.message == (
        "files changed while they were planned: environments/dev/main.tf (gone)"
    )
