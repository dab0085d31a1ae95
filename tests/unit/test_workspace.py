"""An environment on a target: found, checked, initialized, described."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tap.emulator.control import Emulator
from tap.errors import SettingsError, TapError
from tap.settings import load_settings
from tap.terraform.root import Reporter
from tap.workspace import Request, find_target, open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("TAP-1", "TAP-2"), pytest.mark.timeout(120)]


def _request(project: Path, name: str, notices: list[str] | None = None) -> Request:
    settings = load_settings(project, {})
    told = notices if notices is not None else []
    return Request(
        settings=settings,
        environment=settings.environment(name),
        target="local",
        environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
        reporter=Reporter(notice=told.append),
    )


@pytest.mark.requirement("STK-6")
def test_a_copy_of_an_environment_has_files_of_its_own(project: Path) -> None:
    first = _request(project, "prod")
    copy = replace(first, suffix="pr42")

    assert (first.label, copy.label) == ("prod", "prod-pr42")
    assert first.plan_file == project / ".tap" / "local" / "plans" / "prod.tfplan"
    assert copy.plan_file == project / ".tap" / "local" / "plans" / "prod-pr42.tfplan"
    assert replace(first, target="aws").plan_file == (
        project / ".tap" / "aws" / "plans" / "prod.tfplan"
    )


def test_the_emulator_is_started_once_and_said_so(project: Path) -> None:
    settings = load_settings(project, {})
    notices: list[str] = []

    try:
        first = find_target("local", settings, os.environ, notices.append)
        second = find_target("local", settings, os.environ, notices.append)
    finally:
        Emulator(settings.work_directory / "emulator").stop()

    assert first == second
    assert (first.name, first.region) == ("local", "eu-west-1")
    assert notices == [f"started the embedded emulator at {first.endpoint}"]


@pytest.mark.requirement("TST-3")
def test_localstack_is_whatever_already_runs(project: Path) -> None:
    settings = load_settings(project, {})

    target = find_target("localstack", settings, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})

    assert (target.name, target.endpoint) == ("localstack", "http://127.0.0.1:9")


def test_aws_has_no_endpoint(project: Path) -> None:
    target = find_target("aws", load_settings(project, {}), {"AWS_PROFILE": "mine"})

    assert (target.name, target.endpoint, target.region) == ("aws", None, "eu-west-1")


@pytest.mark.requirement("TAP-7")
def test_aws_is_refused_while_a_variable_points_elsewhere(project: Path) -> None:
    environ = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": "http://x"}

    with pytest.raises(TapError) as caught:
        find_target("aws", load_settings(project, {}), environ)

    assert caught.value.message == (
        "target aws is meant, but AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 points at something else"
    )


def test_a_workspace_is_ready_for_terraform_and_says_what_it_talks_to(world: World) -> None:
    world.environment("ready")
    notices: list[str] = []
    request = _request(world.tap.project, "ready", notices)

    workspace = open_workspace(request)
    again = open_workspace(request)

    assert notices.count("initialized environments/ready") == 1
    assert workspace.description == again.description
    assert workspace.root.parallelism == 50
    assert workspace.description == (
        f"ready on the embedded emulator at {world.target.endpoint}, account 123456789012"
    )
    assert workspace.root.data_directory == (
        world.tap.project / ".tap" / "local" / "data" / "ready"
    )
    assert not (request.environment.directory / ".terraform").exists()
    assert workspace.root.plan(request.plan_file)


@pytest.mark.requirement("STK-6", "STA-2")
def test_a_copy_keeps_its_state_beside_the_first_one(world: World) -> None:
    world.environment("copied")
    request = replace(_request(world.tap.project, "copied"), suffix="pr1")

    workspace = open_workspace(request)
    workspace.root.plan(request.plan_file)
    workspace.root.apply(request.plan_file)

    assert workspace.root.output()["content"].value == "from localpr1"
    assert open_workspace(replace(request, suffix="")).root.output() == {}
    listed = world.target.client("s3").list_objects_v2(
        Bucket="shop-terraform-state-123456789012", Prefix="copied"
    )
    assert [item["Key"] for item in listed["Contents"]] == ["copied-pr1/terraform.tfstate"]


def test_how_much_is_done_at_once_is_for_the_user_to_say(world: World) -> None:
    world.environment("few")
    request = _request(world.tap.project, "few")
    few = {**request.environ, "TF_CLI_ARGS_apply": "-parallelism=2"}

    assert open_workspace(replace(request, environ=few)).root.parallelism is None


def test_two_targets_share_no_initialization(world: World) -> None:
    world.environment("both")
    local = _request(world.tap.project, "both")
    assert world.target.endpoint is not None
    localstack = replace(
        local,
        target="localstack",
        environ={**local.environ, "AWS_ENDPOINT_URL": world.target.endpoint},
    )

    first, second = open_workspace(local), open_workspace(localstack)

    assert second.root.parallelism is None

    assert first.root.data_directory != second.root.data_directory
    assert second.description == (
        f"both on LocalStack at {world.target.endpoint}, account 123456789012"
    )
    assert second.root.environ["TF_VAR_target"] == "localstack"


@pytest.mark.requirement("TAP-7")
def test_a_suffix_that_fits_no_name_is_refused_first(project: Path) -> None:
    with pytest.raises(SettingsError, match="unusable name suffix 'PR-42'"):
        open_workspace(replace(_request(project, "dev"), suffix="PR-42"))

    assert not (project / ".tap").exists()


@pytest.mark.requirement("TAP-7")
def test_no_emulator_is_started_where_terraform_is_missing(project: Path) -> None:
    request = replace(_request(project, "dev"), environ={"PATH": "/gone"})

    with pytest.raises(SettingsError, match="Terraform not found"):
        open_workspace(request)

    assert not (project / ".tap").exists()


@pytest.mark.requirement("STA-1", "TAP-7")
def test_a_project_without_the_root_of_its_state_storage_is_told_so(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "environments" / "dev").mkdir(parents=True)
    (tmp_path / "tap.toml").write_text('project = "other"\n', encoding="utf-8")
    assert world.target.endpoint is not None
    request = replace(
        _request(tmp_path, "dev"),
        target="localstack",
        environ={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": world.target.endpoint},
    )

    with pytest.raises(TapError) as caught:
        open_workspace(request)

    assert caught.value.message == f"{tmp_path}/backend holds no Terraform root"


@pytest.mark.requirement("STA-1", "TAP-7")
def test_on_aws_state_storage_is_made_only_when_asked_for(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The user's own configuration file is the one way left to point target aws elsewhere.
    config = tmp_path / "config"
    config.write_text(f"[default]\nendpoint_url = {world.target.endpoint}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "user")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "user")
    (tmp_path / "environments" / "dev").mkdir(parents=True)
    (tmp_path / "tap.toml").write_text(
        'project = "other"\n[environments.dev]\naccount_id = "123456789012"\n', encoding="utf-8"
    )

    with pytest.raises(TapError) as caught:
        open_workspace(replace(_request(tmp_path, "dev"), target="aws"))

    assert caught.value.message == (
        "account 123456789012 has no state bucket other-terraform-state-123456789012"
    )
    assert caught.value.hint == "create it once: tap init dev --target aws --bootstrap"
