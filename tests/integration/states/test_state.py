"""States: backed up before they change, listed, compared, restored, recovered, never printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap.errors import TapError
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.backups import KEPT, States
from tests.integration.states.conftest import ACCOUNT_ID, BUCKET, TABLE

if TYPE_CHECKING:
    from tests.integration.states.conftest import Vault

pytestmark = [pytest.mark.requirement("STA-2"), pytest.mark.timeout(120)]

TAP = Path(sys.executable).parent / "tap"
SECRET = "correct-horse-battery"


def _states(vault: Vault, name: str) -> States:
    directory = vault.project.directory / ".tap" / "local" / "state-backups" / name
    return States(
        backend=Backend(
            settings=load_settings(vault.project.directory, {}),
            target=vault.target,
            account_id=ACCOUNT_ID,
        ),
        key=f"{name}/terraform.tfstate",
        directory=directory,
        unsaved=directory / "unsaved",
        root=vault.project.directory / "environments" / name,
    )


def _written(file: Path) -> float:
    return file.stat().st_mtime


def _put_state(vault: Vault, name: str, serial: int, lineage: str = "own") -> None:
    body = json.dumps({"version": 4, "serial": serial, "lineage": lineage})
    key = f"{name}/terraform.tfstate"
    vault.target.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())


def _everything(vault: Vault, name: str) -> Any:
    """Return what the storage holds of an environment, to be compared."""
    client = vault.target.client("s3")
    objects = client.list_object_versions(Bucket=BUCKET, Prefix=f"{name}/")
    items = vault.target.client("dynamodb").scan(TableName=TABLE)["Items"]
    return (
        [
            (each["Key"], each["VersionId"])
            for each in objects["Versions"]
            if "lock" not in each["Key"]
        ],
        sorted(str(item) for item in items if f"/{name}/" in item["LockID"]["S"]),
    )


@pytest.mark.requirement("TAP-6", "TAP-7")
def test_a_state_is_backed_up_listed_compared_and_restored(vault: Vault, name: str) -> None:
    folder = vault.environment(name)
    vault.applied(name)
    vault.applied(name, TF_VAR_content=SECRET)
    first, second = vault.state(name)["serial"] - 1, vault.state(name)["serial"]
    said = []

    listed = json.loads(vault.project.run("state", "list", name, "--output", "json").stdout)
    assert [(each["name"] == "now", each["from"], each["serial"]) for each in listed] == [
        (True, "current", second),
        (False, "backup", first),
        (False, "version", first),
    ]
    assert {each["lineage"] for each in listed} == {vault.state(name)["lineage"]}
    assert {each["objects"] for each in listed} == {3}
    backup, version = listed[1]["name"], listed[2]["name"]
    file = _states(vault, name).directory / f"{backup}.tfstate"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700

    said.append(vault.project.run("state", "list", name).stdout)
    said.append(vault.project.run("state", "diff", name, version[:9]).stdout)
    assert said[-1] == (
        "~ terraform_data.first  (input, output)\n"
        "~ terraform_data.gate  (id, triggers_replace)\n"
        "~ terraform_data.last  (input, output)\n"
    )
    before = _everything(vault, name)
    dry = vault.project.run("state", "restore", name, backup, "--dry-run", TF_VAR_content=SECRET)
    assert _everything(vault, name) == before
    assert "Plan: 1 to add, 2 to change, 1 to destroy.\n" in dry.stdout
    assert "this would be the plan after the restore; nothing was changed\n" in dry.stderr
    assert sorted(each.name for each in folder.iterdir()) == ["main.tf", "open", "reached"]

    done = vault.project.run("state", "restore", name, backup)
    after = vault.state(name)
    assert after["serial"] > second
    assert after["resources"] == json.loads(file.read_text())["resources"]
    assert f"restored {backup} as serial {after['serial']}\n" in done.stderr
    # What was replaced can be had back.
    newest = max(_states(vault, name).directory.glob("*.tfstate"), key=_written)
    assert json.loads(newest.read_text())["serial"] == second
    destroyed = vault.project.run("destroy", name)
    assert "Plan: 0 to add, 0 to change, 3 to destroy.\n" in destroyed.stdout
    newest = max(_states(vault, name).directory.glob("*.tfstate"), key=_written)
    assert json.loads(newest.read_text()) == after
    said += [dry.stdout, dry.stderr, done.stdout, done.stderr]
    assert SECRET not in "".join(said)


@pytest.mark.requirement("TAP-7")
def test_a_state_is_restored_only_over_its_own_lineage_and_without_a_lock(
    vault: Vault, name: str
) -> None:
    vault.environment(name)
    vault.applied(name)
    states = _states(vault, name)
    states.directory.mkdir(parents=True, exist_ok=True)
    foreign = {**vault.state(name), "lineage": "somebody-else"}
    (states.directory / "foreign.tfstate").write_text(json.dumps(foreign))
    (states.directory / "broken.tfstate").write_text("{broken")
    states.back_up()
    before = _everything(vault, name)

    other = vault.project.run("state", "restore", name, "foreign", expected=1)
    broken = vault.project.run("state", "restore", name, "broken", expected=1)
    unknown = vault.project.run("state", "restore", name, "nothing", expected=1)
    lock = json.dumps({"ID": "4711", "Who": "jane@elsewhere"})
    vault.put_lock(name, lock, "s3")
    own = vault.project.run("state", "restore", name, "1-", expected=6)

    lineage = vault.state(name)["lineage"]
    assert f"foreign has lineage somebody-else, but the current state has {lineage}" in other.stderr
    assert "Error: broken is no Terraform state\n" in broken.stderr
    assert "Error: no stored state is 'nothing'\nNext: take a name from: tap state list" in (
        unknown.stderr
    )
    assert f"Error: the state of {name} is locked\n" in own.stderr
    assert f"if it is gone: tap lock release {name} --id 4711\n" in own.stderr
    assert _everything(vault, name) == before


@pytest.mark.requirement("TAP-7")
def test_an_apply_that_cannot_back_up_the_state_changes_nothing(vault: Vault, name: str) -> None:
    vault.environment(name)
    vault.applied(name)
    before = vault.state(name)
    directory = _states(vault, name).directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.touch()

    refused = vault.project.run("apply", name, expected=1, TF_VAR_content="two")
    assert f"cannot be backed up to {directory}: File exists; nothing was changed" in refused.stderr
    assert vault.state(name) == before

    directory.unlink()
    full = subprocess.run(
        # No file may become larger than 512 bytes, as on a disk that is full.
        ["sh", "-c", f"ulimit -f 1; exec {TAP} state backup {name}"],
        cwd=vault.project.directory,
        env=vault.project.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1, full.stderr
    assert "nothing was changed\nNext: check permissions and free space\n" in full.stderr
    assert [each for each in directory.iterdir() if each.is_file()] == []


def test_only_the_newest_backups_are_kept(vault: Vault, name: str) -> None:
    states = _states(vault, name)
    states.directory.mkdir(parents=True)
    for serial in range(1, KEPT + 1):
        older = states.directory / f"{serial}-20260101T000000Z.tfstate"
        older.write_text(str(serial))
        os.utime(older, (serial, serial))
    _put_state(vault, name, KEPT + 1)

    made = states.back_up()
    assert made is not None
    # The same state again makes no second copy.
    assert states.back_up() == made

    kept = [int(each.name.partition("-")[0]) for each in states.directory.glob("*.tfstate")]
    assert sorted(kept) == list(range(2, KEPT + 2))


def test_an_environment_without_a_state_has_nothing_to_back_up(vault: Vault, name: str) -> None:
    vault.environment(name)

    done = vault.project.run("state", "backup", name)
    assert (done.stdout, f"{name} has no state yet; nothing to back up\n" in done.stderr) == (
        "",
        True,
    )
    assert vault.project.run("state", "list", name, "--output", "json").stdout == "[]\n"


@pytest.mark.requirement("TAP-6")
def test_a_digest_that_is_not_of_the_state_is_corrected(vault: Vault, name: str) -> None:
    vault.environment(name)
    vault.applied(name)
    # As after a Terraform that was killed between the two writes.
    entry = {"LockID": {"S": f"{BUCKET}/{name}/terraform.tfstate-md5"}, "Digest": {"S": "0" * 32}}
    vault.target.client("dynamodb").put_item(TableName=TABLE, Item=entry)

    listed = vault.project.run("state", "list", name)
    assert f"so Terraform refuses this one: tap state recover {name}\n" in listed.stderr
    recovered = vault.project.run("state", "recover", name)
    assert "corrected the digest of the state in the lock table\n" in recovered.stderr
    assert vault.plan_is_empty(name)
    assert "there is nothing to recover\n" in vault.project.run("state", "recover", name).stderr


@pytest.mark.requirement("TAP-6", "TAP-7")
@pytest.mark.parametrize(
    ("serial", "lineage", "reason"),
    [
        (9, "foreign", "has lineage foreign, but the current state has own"),
        (7, "own", "has serial 7, but the current state has 8: it was changed after the failure"),
    ],
)
def test_a_kept_state_that_does_not_fit_is_not_pushed(
    vault: Vault, name: str, serial: int, lineage: str, reason: str
) -> None:
    vault.environment(name)
    _put_state(vault, name, 8)
    states = _states(vault, name)
    states.unsaved.mkdir(parents=True)
    kept = states.unsaved / "20260101T000000.000000Z.tfstate"
    kept.write_text(json.dumps({"version": 4, "serial": serial, "lineage": lineage}))

    refused = vault.project.run("state", "recover", name, expected=1)

    assert f"Error: {kept} {reason}" in refused.stderr
    assert kept.exists()
    assert vault.state(name)["serial"] == 8


def test_a_state_by_the_beginning_of_its_name_must_be_the_only_one(vault: Vault, name: str) -> None:
    states = _states(vault, name)
    states.directory.mkdir(parents=True)
    for each in ("5-a", "5-b"):
        (states.directory / f"{each}.tfstate").write_text("{}")

    with pytest.raises(TapError, match="2 stored states begin with '5'"):
        states.find("5")
    assert states.find("5-a").name == "5-a"
