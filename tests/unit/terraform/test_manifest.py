"""Manifests of plans: written, read back, and refused when they are not what was written."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap.aws import Target
from tap.errors import PlanError, StalePlanError, TapError
from tap.settings import load_settings
from tap.terraform.backend import Backend
from tap.terraform.manifest import (
    Circumstances,
    Manifest,
    StateVersion,
    age_text,
    decode_manifest,
    planned_state,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import World

pytestmark = pytest.mark.requirement("TAP-1", "TAP-7")

MANIFEST = Manifest(
    created=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    environment="prod",
    target="aws",
    endpoint="aws",
    account_id="333333333333",
    destroy=False,
    terraform="1.11.4",
    commit="0123456789abcdef0123456789abcdef01234567",
    dirty=False,
    state=StateVersion(lineage="70023f80-609e-56a3-dc39-ed8a85f7a957", serial=4),
    folders=("environments/prod",),
    files={"environments/prod/main.tf": "aa"},
    lock_file=None,
    salt="00",
    variables={"TF_VAR_target": "bb", "TF_VAR_deletion_protection": None},
    plan="cc",
)


def refused(text: bytes) -> str:
    with pytest.raises(StalePlanError) as caught:
        decode_manifest(text, "prod.tfplan.manifest.json")
    assert caught.value.exit_code == 5
    return caught.value.message


def edited(**values: Any) -> bytes:
    return json.dumps({**json.loads(MANIFEST.encode()), **values}).encode()


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    again = decode_manifest(MANIFEST.encode(), "prod.tfplan.manifest.json")

    assert msgspec.structs.replace(again, checksum="") == MANIFEST
    assert len(again.checksum) == 64


def test_a_manifest_is_json_for_other_tools() -> None:
    document = json.loads(MANIFEST.encode())

    assert document["format"] == 1
    assert document["created"] == "2026-11-22T12:00:00Z"
    assert document["state"] == {"lineage": "70023f80-609e-56a3-dc39-ed8a85f7a957", "serial": 4}


@pytest.mark.parametrize(
    "values",
    [
        {"created": "2026-11-23T12:00:00Z"},
        {"account_id": "444444444444"},
        {"plan": "dd"},
        {"files": {}},
        {"checksum": ""},
    ],
    ids=lambda values: next(iter(values)),
)
def test_an_edited_manifest_is_refused(values: dict[str, Any]) -> None:
    assert refused(edited(**values)) == (
        "prod.tfplan.manifest.json was edited after the plan was made"
    )


def test_another_layout_of_the_same_manifest_is_the_same() -> None:
    assert decode_manifest(edited(), "m").plan == "cc"


def test_another_format_is_refused_whatever_it_holds() -> None:
    assert refused(b'{"format": 2, "news": []}') == (
        "prod.tfplan.manifest.json has format 2; this tap knows format 1"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Input data was truncated"),
        (MANIFEST.encode()[:200], "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "Object missing required field `format`"),
        (b'{"format": 1}', "Object missing required field `created`"),
        (b'{"format": "1"}', "Expected `int`, got `str` - at `$.format`"),
        (b"\xff\xfe", "JSON is malformed: invalid character (byte 0)"),
        (b"[" * 100_000, ""),
        (edited(created="yesterday"), "Invalid RFC3339 encoded datetime - at `$.created`"),
        (edited(created="2026-11-22T12:00:00"), "with a timezone component - at `$.created`"),
        (edited(target="gcp"), "Invalid enum value 'gcp' - at `$.target`"),
        (edited(more=1), "Object contains unknown field `more`"),
    ],
    ids=range(12),
)
def test_a_broken_manifest_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    message = refused(text)

    assert message.startswith("prod.tfplan.manifest.json cannot be read: ")
    assert reason in message


def test_a_plan_file_tells_the_state_it_starts_from(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "plan", "w") as archive:
        archive.writestr("tfstate", '{"version": 4, "serial": 7, "lineage": "ab-cd"}')

    assert planned_state(tmp_path / "plan") == StateVersion(lineage="ab-cd", serial=7)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_plan_is_called_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan").write_bytes(content)

    with pytest.raises(PlanError, match=r"^plan is no plan file: "):
        planned_state(tmp_path / "plan")


def test_an_archive_without_a_state_is_no_plan(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "plan", "w") as archive:
        archive.writestr("other", "")

    with pytest.raises(PlanError, match=r"^plan is no plan file: "):
        planned_state(tmp_path / "plan")


def circumstances(world: World, key: str) -> Circumstances:
    backend = Backend(
        settings=load_settings(world.tap.project, {}),
        target=world.target,
        account_id="123456789012",
    )
    return Circumstances(
        backend=backend, label="x", state_key=key, terraform_version="1.11.4", environ={}
    )


def test_the_stored_state_is_read_from_the_bucket(world: World) -> None:
    here = circumstances(world, "manifest/terraform.tfstate")
    body = b'{"version": 4, "serial": 3, "lineage": "ab-cd", "resources": []}'

    before = here.stored_state()
    world.target.client("s3").put_object(Bucket=here.backend.bucket, Key=here.state_key, Body=body)

    assert before == StateVersion()
    assert here.stored_state() == StateVersion(lineage="ab-cd", serial=3)


@pytest.mark.parametrize("body", [b"", b"{ this is no state", b'{"serial": "x"}'])
def test_a_stored_object_that_is_no_state_is_named(world: World, body: bytes) -> None:
    here = circumstances(world, "broken/terraform.tfstate")
    world.target.client("s3").put_object(Bucket=here.backend.bucket, Key=here.state_key, Body=body)

    with pytest.raises(TapError) as caught:
        here.stored_state()

    assert caught.value.message == (
        "s3://shop-terraform-state-123456789012/broken/terraform.tfstate is no Terraform state"
    )


def test_a_missing_bucket_holds_no_state(world: World) -> None:
    here = circumstances(world, "any")

    found = replace(here, backend=replace(here.backend, account_id="999999999999"))

    assert found.stored_state() == StateVersion()


def test_an_endpoint_is_aws_or_an_emulator(world: World) -> None:
    here = circumstances(world, "any")
    aws = Target(name="aws", endpoint=None, region="eu-west-1")

    assert here.endpoint == "emulator"
    assert replace(here, backend=replace(here.backend, target=aws)).endpoint == "aws"


def test_a_state_is_called_by_serial_and_the_start_of_its_lineage() -> None:
    assert str(MANIFEST.state) == "serial 4 of state 70023f80"
    assert str(StateVersion()) == "no state"


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=119), "119 s"),
        (timedelta(seconds=120), "2 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=26, minutes=59), "26 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_an_age_is_told_in_one_unit(age: timedelta, text: str) -> None:
    assert age_text(age) == text
