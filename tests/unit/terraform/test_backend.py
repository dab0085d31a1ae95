"""The state storage of an account: its names, its arguments, and how it comes to be."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.aws import Target
from tap.errors import LockedError, TapError, TerraformError
from tap.hcl import load_module
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.operations import recorded
from tap.terraform.root import Reporter, Root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.terraform.events import Event
    from tap.terraform.installation import Terraform
    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("STA-1"), pytest.mark.timeout(120)]

ACCOUNT_ID = "123456789012"
KEY = "backend/terraform.tfstate"

# A state storage whose bucket is there already, so that it takes no provider.
MAIN = """\
variable "project" {
  type = string
}

variable "region" {
  type = string
}

resource "terraform_data" "this" {
  input = "${var.project} in ${var.region}"
}
"""
BACKEND = 'terraform {\n  backend "s3" {\n    encrypt = true\n  }\n}\n'


def _settings_file(folder: Path, state: str = "") -> None:
    (folder / "tap.toml").write_text(f'project = "{folder.name}"\n{state}', encoding="utf-8")


def _backend(folder: Path, target: Target) -> Backend:
    return Backend(settings=load_settings(folder, {}), target=target, account_id=ACCOUNT_ID)


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Iterator[Path]:
    """A project whose state bucket is there and empty."""
    folder = tmp_path / "store"
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / "main.tf").write_text(MAIN, encoding="utf-8")
    (folder / "backend" / "backend.tf").write_text(BACKEND, encoding="utf-8")
    (folder / "backend" / ".terraform.lock.hcl").touch()
    _settings_file(folder)
    backend = _backend(folder, world.target)
    client = world.target.client("s3")
    client.create_bucket(
        Bucket=backend.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    tables = world.target.client("dynamodb")
    tables.create_table(
        TableName=backend.table,
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield folder
    for item in client.list_objects_v2(Bucket=backend.bucket).get("Contents", []):
        client.delete_object(Bucket=backend.bucket, Key=item["Key"])
    client.delete_bucket(Bucket=backend.bucket)
    tables.delete_table(TableName=backend.table)


@pytest.fixture
def root(folder: Path, world: World, terraform: Terraform, environ: dict[str, str]) -> Root:
    return Root(
        directory=folder / "environments" / "dev",
        data_directory=folder / "data",
        terraform=terraform.path,
        environ=world.target.environ(environ),
    )


def _state(world: World, backend: Backend) -> Any:
    answer = world.target.client("s3").get_object(Bucket=backend.bucket, Key=KEY)
    return json.loads(answer["Body"].read())


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arguments_name_bucket_table_and_key_of_the_account(
    tmp_path: Path, region: str, partition: str
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    _settings_file(folder, f'[state]\nregion = "{region}"\n')
    backend = _backend(folder, Target(name="aws", endpoint=None, region=region))

    assert backend.configuration("dev/terraform.tfstate") == {
        "bucket": "shop-terraform-state-123456789012",
        "dynamodb_table": "shop-terraform-locks",
        "key": "dev/terraform.tfstate",
        "kms_key_id": (f"arn:{partition}:kms:{region}:123456789012:alias/shop-terraform-state"),
        "region": region,
        "use_lockfile": "true",
    }


@pytest.mark.requirement("STA-2")
@pytest.mark.parametrize(
    ("locking", "table", "lockfile"),
    [('"s3"', "", "true"), ('"dynamodb"', "shop-terraform-locks", "false")],
)
def test_either_way_of_locking_may_be_the_only_one(
    tmp_path: Path, locking: str, table: str, lockfile: str
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    _settings_file(folder, f"[state]\nlocking = [{locking}]\n")

    arguments = _backend(
        folder, Target(name="aws", endpoint=None, region="eu-west-1")
    ).configuration("key")

    assert (arguments["dynamodb_table"], arguments["use_lockfile"]) == (table, lockfile)


@pytest.mark.requirement("TAP-2")
def test_an_emulator_is_addressed_by_path_and_asked_for_no_account(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    _settings_file(folder)
    aws = _backend(folder, Target(name="aws", endpoint=None, region="eu-west-1"))
    local = _backend(folder, Target(name="local", endpoint="http://x", region="eu-west-1"))

    assert dict(local.configuration("key").items() - aws.configuration("key").items()) == {
        "skip_credentials_validation": "true",
        "skip_requesting_account_id": "true",
        "use_path_style": "true",
    }


def test_state_storage_is_made_and_its_own_state_moves_there(
    folder: Path, root: Root, world: World
) -> None:
    backend = _backend(folder, world.target)
    before = sorted((folder / "backend").iterdir())
    assert not backend.ready()

    assert backend.bootstrap(root)

    assert backend.ready()
    resources = _state(world, backend)["resources"]
    assert [item["instances"][0]["attributes"]["output"] for item in resources] == [
        {"value": "store in eu-west-1", "type": "string"}
    ]
    # No state and no plan stays on the machine, and the repository is as it was.
    assert sorted((folder / "backend").iterdir()) == before
    work = folder / ".tap" / "local" / "backend" / ACCOUNT_ID
    assert not [file for file in work.rglob("*tfplan*") if file.is_file()]
    assert not list(work.glob("terraform.tfstate*"))


def test_what_is_there_is_not_made_again(folder: Path, root: Root, world: World) -> None:
    backend = _backend(folder, world.target)
    backend.bootstrap(root)
    first = _state(world, backend)

    assert not backend.bootstrap(root)
    assert _state(world, backend) == first


def test_of_two_at_once_one_makes_it_and_the_other_waits(
    folder: Path, root: Root, world: World
) -> None:
    backend = _backend(folder, world.target)

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: backend.bootstrap(root), range(2)))

    assert sorted(made) == [False, True]
    assert _state(world, backend)["serial"] == 1


@pytest.mark.requirement("TAP-6")
def test_a_bootstrap_that_was_cut_off_goes_on_with_what_it_had_made(
    folder: Path, root: Root, world: World
) -> None:
    backend = _backend(folder, world.target)

    class CutOffError(Exception):
        pass

    def cut_off(event: Event) -> None:
        if event.changes is not None and event.changes.operation == "apply":
            raise CutOffError

    with pytest.raises(CutOffError):
        backend.bootstrap(replace(root, reporter=Reporter(event=cut_off)))
    work = folder / ".tap" / "local" / "backend" / ACCOUNT_ID
    made = json.loads((work / "terraform.tfstate").read_text())

    assert backend.bootstrap(root)

    found = _state(world, backend)
    assert [item["instances"][0]["attributes"]["id"] for item in found["resources"]] == [
        item["instances"][0]["attributes"]["id"] for item in made["resources"]
    ]


@pytest.mark.requirement("TAP-6", "TAP-7")
def test_a_bootstrap_that_goes_on_without_its_tap_is_not_disturbed(
    folder: Path, root: Root, world: World
) -> None:
    backend = _backend(folder, world.target)
    data = folder / ".tap" / "local" / "backend" / ACCOUNT_ID / "data"

    with recorded(data / "operations", "apply") as recording:
        recording.started(4711)
        with pytest.raises(LockedError, match=r"a Terraform whose tap was killed \(process 4711\)"):
            backend.bootstrap(root)
        assert data.exists()
        recording.ended(0, done=True)

    assert backend.bootstrap(root)


@pytest.mark.requirement("STA-3")
@pytest.mark.parametrize(
    ("target", "names"),
    [
        (Target(name="aws", endpoint=None, region="eu-west-1"), ["own"]),
        (Target(name="local", endpoint="http://x", region="eu-west-1"), ["open", "other", "own"]),
    ],
)
def test_the_environments_of_the_account_get_policies(
    tmp_path: Path, target: Target, names: list[str]
) -> None:
    folder = tmp_path / "shop"
    for name in ("open", "other", "own"):
        (folder / "environments" / name).mkdir(parents=True)
    _settings_file(
        folder,
        f'[environments.own]\naccount_id = "{ACCOUNT_ID}"\n'
        '[environments.other]\naccount_id = "333333333333"\n',
    )

    assert _backend(folder, target).environment_names == names


@pytest.mark.requirement("TAP-2")
def test_what_a_bootstrap_left_of_an_emulator_that_has_gone_is_dropped(
    folder: Path, root: Root, world: World
) -> None:
    backend = _backend(folder, world.target)
    work = folder / ".tap" / "local" / "backend" / ACCOUNT_ID
    work.mkdir(parents=True)
    (work / "endpoint").write_text("http://127.0.0.1:1", encoding="utf-8")
    (work / "terraform.tfstate").write_text("{broken", encoding="utf-8")

    assert backend.bootstrap(root)
    assert backend.ready()


@pytest.mark.requirement("TAP-7")
def test_a_state_storage_that_cannot_be_made_is_told_with_the_reason(
    folder: Path, root: Root, world: World
) -> None:
    main = folder / "backend" / "main.tf"
    main.write_text(MAIN.replace("var.region", "var.zone"), encoding="utf-8")
    backend = _backend(folder, world.target)

    with pytest.raises(TerraformError, match="Reference to undeclared input variable"):
        backend.bootstrap(root)

    main.write_text(MAIN, encoding="utf-8")
    assert backend.bootstrap(root)


@pytest.mark.requirement("TAP-7")
def test_a_project_without_the_root_is_told_so(world: World, tmp_path: Path, root: Root) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    _settings_file(folder)

    with pytest.raises(TapError) as caught:
        _backend(folder, world.target).bootstrap(root)

    assert caught.value.message == f"{folder}/backend holds no Terraform root"
    assert not (folder / ".tap").exists()


def test_terraform_never_destroys_where_states_lie() -> None:
    module = load_module(Path(__file__).parents[3] / "backend")
    kept = {
        address
        for address, resource in module.resources.items()
        if resource.lifecycle is not None
        and resource.lifecycle.attributes["prevent_destroy"].value is True
    }
    assert kept == {"aws_s3_bucket.logs", "aws_s3_bucket.state", "aws_dynamodb_table.locks"}
