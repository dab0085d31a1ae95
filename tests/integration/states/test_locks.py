"""Locks: who holds one, whether it may be released, and what two at once do to each other."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap.errors import LockedError
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.locks import read_locks, release
from tests.integration.states.conftest import ACCOUNT_ID, BUCKET, TABLE, child_of, ended

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.states.conftest import Vault

pytestmark = [pytest.mark.requirement("STA-2", "TAP-7"), pytest.mark.timeout(300)]

ONE, OTHER = "11111111-aaaa-bbbb-cccc-000000000001", "22222222-aaaa-bbbb-cccc-000000000002"

# Every resource that is ever made writes its id down.
COUNTED = """\
terraform {
  required_version = "~> 1.11"

  backend "s3" {
    encrypt = true
  }
}

variable "name_suffix" {
  type = string
}

variable "target" {
  type = string
}

variable "names" {
  type = set(string)
}

resource "terraform_data" "counted" {
  for_each = var.names

  provisioner "local-exec" {
    command = "echo ${self.id} >> made"
  }
}
"""


def _lock(lock_id: str, who: str, age: timedelta = timedelta(hours=2, minutes=5)) -> str:
    """Return the content of a lock as Terraform writes it."""
    created = datetime.now(UTC) - age
    return json.dumps(
        {
            "ID": lock_id,
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": who,
            "Version": "1.11.4",
            "Created": f"{created:%Y-%m-%dT%H:%M:%S}.123456789Z",
            "Path": f"{BUCKET}/x/terraform.tfstate",
        }
    )


def _shown(vault: Vault, name: str) -> list[dict[str, Any]]:
    document = json.loads(vault.project.run("lock", "show", name, "--output", "json").stdout)
    assert document["locked"] == bool(document["locks"])
    return list(document["locks"])


def test_a_lock_that_is_in_use_is_explained_and_not_released(vault: Vault, name: str) -> None:
    vault.environment(name)
    with vault.applying(name) as process:
        terraform = child_of(process.pid)
        refused = vault.project.run("plan", name, expected=6)
        lock_id = vault.lock_id(name)
        locks = _shown(vault, name)
        wrong = vault.project.run("lock", "release", name, "--id", ONE, expected=6)
        right = vault.project.run("lock", "release", name, "--id", lock_id, expected=6)
        assert set(vault.lock_contents(name)) == {"s3", "dynamodb"}
        vault.open_gate(name)
        done = ended(process)

    assert done.returncode == 0, done.text
    assert [(each["kind"], each["place"]) for each in locks] == [
        ("lock file", f"s3://{BUCKET}/{name}/terraform.tfstate.tflock"),
        ("lock table", f"{BUCKET}/{name}/terraform.tfstate in table {TABLE}"),
    ]
    for each in locks:
        assert each["id"] == lock_id
        assert (each["operation"], each["terraform_version"]) == ("apply", "1.11.4")
        assert each["who"].endswith(f"@{socket.gethostname()}")
        assert 0 <= each["held_seconds"] < 60
        assert (each["process"]["life"], each["process"]["pid"]) == ("alive", terraform)
    assert f"apply by {locks[0]['who']} since 20" in refused.stderr
    assert f"  lock id     {lock_id}\n" in refused.stderr
    assert f"process     alive: tap (process {process.pid}) runs it here, started" in refused.stderr
    assert f"has the id {lock_id}, not {ONE}; nothing was released" in wrong.stderr
    assert f"is in use: tap (process {process.pid}) runs it here" in right.stderr
    assert vault.resources(name) == {"first", "gate", "last"}
    assert vault.project.run("lock", "show", name).stdout == f"{name} is not locked\n"
    nobody = vault.project.run("lock", "release", name, "--id", lock_id, expected=1)
    assert f"Error: nobody holds the lock of {name}; nothing to release\n" in nobody.stderr


@pytest.mark.parametrize("places", [("s3", "dynamodb"), ("s3",), ("dynamodb",)], ids="+".join)
def test_a_lock_left_by_another_machine_is_released_where_it_is(
    vault: Vault, name: str, places: tuple[str, ...]
) -> None:
    vault.environment(name)
    vault.put_lock(name, _lock(ONE, "jane@elsewhere"), *places)

    refused = vault.project.run("plan", name, expected=6)
    shown = vault.project.run("lock", "show", name).stdout
    here = socket.gethostname()
    assert f"process     unknown: it runs on elsewhere; this is {here}\n" in refused.stderr
    assert shown.startswith(f"{name} is locked: apply by jane@elsewhere since 20")
    assert "held for 2 h 5 min by jane@elsewhere with Terraform 1.11.4\n" in shown
    assert ("lock file " in shown, "lock table" in shown) == ("s3" in places, "dynamodb" in places)
    assert f"if it is gone: tap lock release {name} --id {ONE}" in refused.stderr

    vault.project.run("lock", "release", name, "--id", ONE)
    assert vault.lock_contents(name) == {}
    vault.project.run("plan", name)


def test_two_locks_with_different_ids_are_released_one_by_one(vault: Vault, name: str) -> None:
    vault.environment(name)
    vault.put_lock(name, _lock(ONE, "jane@elsewhere"), "s3")
    vault.put_lock(name, _lock(OTHER, f"jane@{socket.gethostname()}"), "dynamodb")

    assert [(each["kind"], each["id"]) for each in _shown(vault, name)] == [
        ("lock file", ONE),
        ("lock table", OTHER),
    ]
    wrong = vault.project.run("lock", "release", name, "--id", "x", expected=6)
    assert f"has the id {ONE} and {OTHER}, not x" in wrong.stderr
    vault.project.run("lock", "release", name, "--id", OTHER)
    assert set(vault.lock_contents(name)) == {"s3"}
    vault.project.run("lock", "release", name, "--id", ONE)
    assert vault.lock_contents(name) == {}


def test_a_lock_of_this_machine_that_tap_did_not_take_is_not_called_dead(
    vault: Vault, name: str
) -> None:
    vault.environment(name)
    vault.put_lock(name, _lock(ONE, f"jane@{socket.gethostname()}"), "s3", "dynamodb")

    (holder, _) = [each["process"] for each in _shown(vault, name)]

    assert holder["life"] == "unknown"
    assert holder["reason"] == "it was not started by tap from this folder"


@pytest.mark.parametrize(("place", "content"), [("s3", "{broken"), ("dynamodb", "[]")])
def test_a_lock_with_broken_content_is_named_and_released(
    vault: Vault, name: str, place: str, content: str
) -> None:
    vault.environment(name)
    vault.put_lock(name, content, place)

    refused = vault.project.run("plan", name, expected=6)
    (lock,) = _shown(vault, name)

    assert lock["broken"]
    assert lock["id"].startswith("broken-")
    assert f"Error: the state of {name} is locked\n" in refused.stderr
    assert "process     unknown: the content of the lock is broken\n" in refused.stderr
    vault.project.run("lock", "release", name, "--id", lock["id"])
    assert vault.lock_contents(name) == {}
    vault.project.run("plan", name)


def test_a_lock_that_somebody_else_takes_in_the_meantime_is_not_released(
    vault: Vault, name: str
) -> None:
    backend = _backend(vault)
    key = f"{name}/terraform.tfstate"
    vault.put_lock(name, _lock(ONE, "jane@elsewhere"), "dynamodb")
    (seen,) = read_locks(backend, key)
    vault.put_lock(name, _lock(OTHER, "joe@elsewhere"), "dynamodb")

    with pytest.raises(LockedError, match="has changed in this moment; nothing was done to it"):
        release(backend, key, seen)

    assert [lock.id for lock in read_locks(backend, key)] == [OTHER]


def test_a_storage_that_is_not_there_holds_no_locks(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "tap.toml").write_text('project = "nobody"\n')

    assert read_locks(_backend(vault, tmp_path), "dev/terraform.tfstate") == []


@pytest.mark.requirement("TAP-6")
def test_of_two_applies_at_the_same_instant_none_loses_a_resource(vault: Vault, name: str) -> None:
    folder = vault.environment(name, COUNTED)
    vault.project.run("init", name)
    codes = []
    for number in range(10):
        names = json.dumps([f"r{each}" for each in range(number + 1)])
        with (
            vault.project.start("apply", name, TF_VAR_names=names) as first,
            vault.project.start("apply", name, TF_VAR_names=names) as second,
        ):
            both = [ended(first), ended(second)]
        codes.append(sorted(each.returncode for each in both))
        for each in both:
            assert each.returncode in {0, 5, 6}, each.text
    # Where both were refused nobody had the lock for long, so one more goes through.
    vault.project.run("apply", name, TF_VAR_names=names)

    (resource,) = vault.state(name)["resources"]
    kept = {each["index_key"]: each["attributes"]["id"] for each in resource["instances"]}
    assert set(kept) == {f"r{each}" for each in range(10)}
    made = (folder / "made").read_text().split()
    assert sorted(made) == sorted(kept.values()), codes
    assert vault.lock_contents(name) == {}
    assert any(pair != [0, 0] for pair in codes), "they never met"


def _backend(vault: Vault, folder: Path | None = None) -> Backend:
    settings = load_settings(folder or vault.project.directory, {})
    return Backend(settings=settings, target=vault.target, account_id=ACCOUNT_ID)
